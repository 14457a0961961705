/**
 * @module A constant load on running services whose every answer is compared with the truth, for tests and
 * drills that break something meanwhile.
 */
import { Agent, request } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import type { SeriesDefinition } from '../../service/results/definition.ts';
import { expectedMarks, fieldsOf, type TestCandidate } from './batch.ts';

/**
 * right: the marks of the candidate, or 404 for a stranger. later: an honest 503 or 429, which says when. wrong:
 * anything else, above all another's marks or 404 for a candidate. broken: no answer at all.
 */
export type Judgement = 'right' | 'later' | 'wrong' | 'broken';

export interface LoadAnswer {
  /** Milliseconds by performance.now. */
  readonly sentMs: number;
  readonly tookMs: number;
  readonly judgement: Judgement;
  readonly isStranger: boolean;
  /** Status and body when it was not right; nothing personal but made-up candidates. */
  readonly said: string;
}

export interface CheckedLoad {
  readonly answers: readonly LoadAnswer[];
  /** No more requests; resolves when all are answered. */
  readonly stop: () => Promise<LoadSummary>;
}

export interface LoadSummary {
  readonly count: number;
  readonly byJudgement: Readonly<Record<Judgement, number>>;
  /** What was wrong or broken: should be empty. */
  readonly faults: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
}

export interface CheckedLoadOptions {
  /** Asked in turn. */
  readonly urls: readonly string[];
  readonly definition: SeriesDefinition;
  readonly candidates: readonly TestCandidate[];
  /** Well-formed credentials that are nobody's; each tenth request is one of them. */
  readonly strangers: readonly TestCandidate[];
  readonly perSecond: number;
  /** Requests in all; no end when left out. */
  readonly atMost?: number;
}

const STRANGER_EVERY = 10;
const TICK_MS = 10;
/** Far longer than any answer may take, also on a machine with no time: what hangs is broken. */
const HANGS_AFTER_MS = 20_000;

/** Starts at once. Requests go out by the clock, however slow the answers are. */
export function startCheckedLoad(options: CheckedLoadOptions): CheckedLoad {
  const { urls, definition, candidates, strangers, perSecond, atMost = Infinity } = options;
  const answers: LoadAnswer[] = [];
  const underWay = new Set<Promise<void>>();
  // Shorter than the service keeps an idle connection, or it may end just when the next request is sent.
  const agent = new Agent({ keepAlive: true, timeout: 2_000 });
  const startedMs = performance.now();
  let sent = 0;
  const send = (n: number): void => {
    sent = n + 1;
    const isStranger = n % STRANGER_EVERY === STRANGER_EVERY - 1;
    const asked = isStranger
      ? strangers[Math.floor(n / STRANGER_EVERY) % strangers.length]
      : // A stride, so that neighbours in time are not neighbours in the file.
        candidates[(n * 7) % candidates.length];
    const url = urls[n % urls.length];
    if (asked === undefined || url === undefined) throw new Error('nobody to ask for, or nobody to ask');
    const sentMs = performance.now();
    // Each from an address of its own: no network's limit stands in the way.
    const headers = { 'x-forwarded-for': `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` };
    const attempt = async (): Promise<void> => {
      let judgement: Judgement = 'broken';
      let said: string;
      try {
        const answer = await ask(agent, url, definition.id, fieldsOf(definition, asked), headers);
        judgement = isStranger ? judgeStranger(answer) : judge(definition, asked, answer);
        said = `${answer.status} ${answer.text.slice(0, 300)}`;
      } catch (fault) {
        said = String(fault);
      }
      const tookMs = performance.now() - sentMs;
      answers.push({ sentMs, tookMs, judgement, isStranger, said: judgement === 'right' ? '' : said });
    };
    const run = attempt().finally(() => underWay.delete(run));
    underWay.add(run);
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond);
    for (let n = sent; n < Math.min(due, atMost); n += 1) send(n);
  }, TICK_MS);
  return {
    answers,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      agent.destroy();
      return summarize(answers);
    },
  };
}

interface Answer {
  readonly status: number;
  /** Of Retry-After. */
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** By node:http, which takes a third of the processor that fetch does: load and service share a machine. */
function ask(
  agent: Agent,
  url: string,
  series: string,
  fields: Record<string, string>,
  headers: Record<string, string>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}/v1/series/${series}/lookup`,
      { agent, method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('error', reject);
        const { statusCode: status = 0, headers: head } = response;
        response.once('end', () => resolve({ status, retryAfter: head['retry-after'], text }));
      },
    );
    asked.setTimeout(HANGS_AFTER_MS, () => asked.destroy(new Error('no answer')));
    asked.once('error', reject);
    asked.end(JSON.stringify(fields));
  });
}

function judge(definition: SeriesDefinition, asked: TestCandidate, answer: Answer): Judgement {
  const { status, text } = answer;
  // 429: without Redis each process counts wrong attempts in a small table, where two may share a place.
  if (isHonestlyLater(answer)) return 'later';
  if (status !== 200) return 'wrong';
  const json = JSON.parse(text) as Record<string, unknown>;
  const expected = expectedMarks(definition, asked);
  const got = Object.fromEntries(Object.keys(expected).map((key) => [key, json[key]]));
  return isDeepStrictEqual(got, expected) ? 'right' : 'wrong';
}

/** 429: with Redis away a wrong attempt needs a proof of work, whoever makes it. */
function judgeStranger(answer: Answer): Judgement {
  if (isHonestlyLater(answer)) return 'later';
  const { status, text } = answer;
  return status === 404 && text.includes('"urn:fangbang:problem:candidate-not-found"') ? 'right' : 'wrong';
}

function isHonestlyLater({ status, retryAfter = '' }: Answer): boolean {
  return (status === 503 || status === 429) && /^[1-9][0-9]{0,5}$/.test(retryAfter);
}

/** What a run, or a part of it, came to. */
export function summarize(answers: readonly LoadAnswer[]): LoadSummary {
  const byJudgement = { right: 0, later: 0, wrong: 0, broken: 0 };
  for (const { judgement } of answers) byJudgement[judgement] += 1;
  const times = answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  return {
    count: answers.length,
    byJudgement,
    faults: answers
      .filter(({ judgement }) => judgement === 'wrong' || judgement === 'broken')
      .map(({ judgement, said }) => `${judgement}: ${said}`),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    slowestMs: at(1),
  };
}

/**
 * How long candidates with right credentials were turned away or kept waiting: milliseconds from `fromMs` to
 * the end of the last such answer after it, 0 for none.
 * @param slowMs an answer that takes longer counts as none.
 */
export function impairedMs(answers: readonly LoadAnswer[], fromMs: number, slowMs: number): number {
  let lastMs = fromMs;
  for (const { sentMs, tookMs, judgement, isStranger } of answers) {
    if (isStranger || sentMs + tookMs < fromMs) continue;
    if (judgement !== 'right' || tookMs > slowMs) lastMs = Math.max(lastMs, sentMs + tookMs);
  }
  return Math.round(lastMs - fromMs);
}
