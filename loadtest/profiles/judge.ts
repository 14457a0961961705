/**
 * From a response to a verdict: the same in every runner.
 */
import { listedSeries } from './series.ts';
import type { Expected } from './truth.ts';
import { differences, parseJson } from './truth.ts';
import type { Visit } from './visit.ts';

export interface VisitResponse {
  /** 0 when there was none. */
  readonly status: number;
  /** Names in any case. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/**
 * right: the answer that the request must get. asked: an honest lookup is asked for a proof of work, which the page
 * does by itself and a runner does not. failed: none, an overload, a limit, a fault; the visitor would
 * try again. wrong: an answer that says something untrue, or that a proxy could keep and give to another person.
 */
export interface Verdict {
  readonly outcome: 'right' | 'failed' | 'wrong' | 'asked';
  /** Places and statuses, never a value. */
  readonly reasons: readonly string[];
}

/**
 * Where an answer lies with regard to the release: before it only "not released" is right, after it only the
 * truth; around it both are.
 */
export type Moment = 'before' | 'around' | 'after';

/**
 * How far the clocks of the runner and of Postgres may be apart, and how long the news may take: what is sent
 * or received within this time of T counts as around it.
 */
export const CLOCK_TOLERANCE_MS = 1_000;

/** The moment of a visit, in milliseconds since 1970; a release undefined is long past. */
export function momentOf(sentAtMs: number, receivedAtMs: number, releaseAtMs: number | undefined): Moment {
  if (releaseAtMs === undefined || sentAtMs > releaseAtMs + CLOCK_TOLERANCE_MS) return 'after';
  return receivedAtMs < releaseAtMs - CLOCK_TOLERANCE_MS ? 'before' : 'around';
}

/** Judges the response to a visit. */
export function judge(
  visit: Visit,
  seriesId: string,
  response: VisitResponse,
  moment: Moment = 'after',
): Verdict {
  const { status } = response;
  if (status === 0) return { outcome: 'failed', reasons: ['no response'] };
  if (visit.kind === 'page') return judgePage(response);
  if (visit.kind === 'series') return judgeSeries(response, seriesId, moment);
  const cacheable = mayBeKept(response) ? ['Cache-Control is not no-store, private'] : [];
  if (status >= 500) return { outcome: 'failed', reasons: [`status ${status}`] };
  const verdict = judgePersonal(visit, seriesId, response, moment);
  return cacheable.length === 0 ? verdict : { outcome: 'wrong', reasons: [...verdict.reasons, ...cacheable] };
}

function judgePersonal(visit: Visit, seriesId: string, response: VisitResponse, moment: Moment): Verdict {
  const { status } = response;
  if (moment !== 'after' && status === 403)
    return problemType(response.body) === 'urn:fangbang:problem:not-released'
      ? right
      : { outcome: 'failed', reasons: ['a 403 that says something else'] };
  // A result, or a word on whether a candidate exists, is out before its time.
  if (moment === 'before')
    return {
      outcome: status === 200 || status === 404 ? 'wrong' : 'failed',
      reasons: [`status ${status} before the release`],
    };
  return visit.expected === undefined
    ? judgeGuess(response)
    : judgeLookup(response, seriesId, visit.expected);
}

function judgeLookup(response: VisitResponse, seriesId: string, expected: Expected): Verdict {
  const { status, body } = response;
  if (status === 200) {
    const reasons = differences(parseJson(body), seriesId, expected);
    return { outcome: reasons.length === 0 ? 'right' : 'wrong', reasons };
  }
  // "No such candidate", said to one who exists.
  if (status === 404) return { outcome: 'wrong', reasons: ['status 404'] };
  if (status === 429 && problemType(body) === 'urn:fangbang:problem:proof-of-work-required')
    return { outcome: 'asked', reasons: ['a proof of work is asked for'] };
  return { outcome: 'failed', reasons: [`status ${status}`] };
}

/** A wrong pair is refused (404), or no longer told anything (429); a result would be somebody else's. */
function judgeGuess(response: VisitResponse): Verdict {
  const { status, body } = response;
  const type = problemType(body);
  if (status === 404 && type === 'urn:fangbang:problem:candidate-not-found') return right;
  if (status === 429 && type?.startsWith('urn:fangbang:problem:') === true) return right;
  return { outcome: status === 200 ? 'wrong' : 'failed', reasons: [`status ${status} for a wrong guess`] };
}

const right: Verdict = { outcome: 'right', reasons: [] };

function judgePage(response: VisitResponse): Verdict {
  if (response.status !== 200) return { outcome: 'failed', reasons: [`status ${response.status}`] };
  const isWhole =
    header(response, 'content-type').startsWith('text/html') && response.body.includes('</html>');
  return isWhole ? right : { outcome: 'failed', reasons: ['the page is not whole'] };
}

function judgeSeries(response: VisitResponse, seriesId: string, moment: Moment): Verdict {
  if (response.status !== 200) return { outcome: 'failed', reasons: [`status ${response.status}`] };
  const state = listedSeries(parseJson(response.body)).find((series) => series['id'] === seriesId)?.['state'];
  const isRight = (state === 'open' && moment !== 'before') || (state === 'scheduled' && moment !== 'after');
  const expected = moment === 'before' ? 'scheduled' : 'open';
  return isRight ? right : { outcome: 'wrong', reasons: [`the series is not listed as ${expected}`] };
}

function problemType(body: string): string | undefined {
  const problem = parseJson(body);
  const type =
    typeof problem === 'object' && problem !== null && 'type' in problem ? problem.type : undefined;
  return typeof type === 'string' ? type : undefined;
}

function mayBeKept(response: VisitResponse): boolean {
  const directives = header(response, 'cache-control')
    .toLowerCase()
    .split(/\s*,\s*/);
  return !directives.includes('no-store') || !directives.includes('private');
}

function header(response: VisitResponse, name: string): string {
  for (const [key, value] of Object.entries(response.headers)) {
    if (key.toLowerCase() === name) return String(value);
  }
  return '';
}
