/**
 * What all k6 scripts share: a profile of ../profiles against a running service, every answer checked against
 * the truth. Run as it is, by k6 1.0 or later; the variables are in ../README.md.
 *
 * Failure policy: a missing or wrong variable, a foreign target, a misspelt profile or scenario or a broken
 * credentials file stops k6 before anything is sent (exit code 107); a service that does not list the series as
 * the profile needs it stops it in setup. A request without an answer is a failed one; an untrue answer is
 * counted and named by its places, never by values. k6 ends with 99 when a threshold was missed.
 */
import { check, sleep } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { choose } from '../profiles/choose.ts';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { parseCredentialsFile } from '../profiles/credentials-csv.ts';
import { judge, momentOf } from '../profiles/judge.ts';
import { HONEST_KINDS, LOOKUP_KINDS } from '../profiles/profile.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import { seriesToLoad } from '../profiles/series.ts';
import type { Visit } from '../profiles/visit.ts';
import { makeVisit } from '../profiles/visit.ts';
import { k6Options } from './scenarios.ts';
import type { SummaryData } from './summary.ts';
import { summarise } from './summary.ts';
import { summaryPage } from './summary-page.ts';
import { readVariables } from './variables.ts';

/** The exports that k6 looks for in a script. */
export interface Script {
  readonly options: Options;
  readonly setup: () => SeriesToLoad;
  readonly visit: (series: SeriesToLoad) => void;
  readonly handleSummary: (data: SummaryData) => Record<string, string>;
}

/** Makes the script of a profile. Called in init, once per script. */
export function makeScript(usualProfile: string): Script {
  const variables = readVariables(usualProfile);
  const { profile, target, part } = variables;
  const timeout = `${profile.requestTimeoutSeconds}s`;

  /** One copy for all virtual users: a million candidates are hundreds of megabytes. */
  const candidates = new SharedArray<Candidate>('candidates', () =>
    parseCredentialsFile(open(variables.credentials), part),
  );
  const wrongAnswers = new Counter('wrong_answers');
  const honestSuccess = new Rate('honest_success');
  const askedForProof = new Rate('asked_for_proof');
  const lookupMs = new Trend('lookup_ms', true);

  const setup = (): SeriesToLoad => {
    const response = http.get(`${target}/v1/series`, { timeout, responseType: 'text' });
    if (response.status !== 200)
      throw new Error(
        `GET ${target}/v1/series answers with status ${response.status}: is the service ready?`,
      );
    const first = candidates[0];
    if (first === undefined) throw new Error('The credentials file holds no candidate.');
    const hasWaiting = profile.releaseAfterSeconds !== undefined && profile.phases.length > 1;
    const series = seriesToLoad(response.body, variables.series, first, hasWaiting);
    if (hasWaiting) waitForRelease(series, profile.releaseAfterSeconds ?? 0);
    return series;
  };

  const visit = (series: SeriesToLoad): void => {
    const iteration = exec.scenario.iterationInTest;
    const phaseAt = profile.phases.findIndex(({ name }) => name === exec.scenario.name);
    const phase = profile.phases[phaseAt];
    if (phase === undefined) throw new Error(`There is no phase ${exec.scenario.name}.`);
    // Another order in each phase and each instance.
    const seed = variables.seed + phaseAt * 7_919 + part.index * 104_729;
    const choice = choose(phase.mix, seed, iteration, candidates.length, series.credentialSets.length);
    const planned = makeVisit(choice, series, candidates, part);
    const sentAtMs = Date.now();
    const response = send(planned);
    const verdict = judge(
      planned,
      series.id,
      { status: response.status, headers: response.headers, body: response.body ?? '' },
      momentOf(sentAtMs, Date.now(), series.releaseAtMs),
    );
    const tags = { kind: planned.kind };
    check(
      verdict,
      {
        'the answer is not untrue': (v) => v.outcome !== 'wrong',
        'the answer is right': (v) => v.outcome === 'right' || v.outcome === 'asked',
      },
      tags,
    );
    // Always added to, so that the threshold has a metric to look at.
    wrongAnswers.add(verdict.outcome === 'wrong' ? 1 : 0, tags);
    const isAsked = verdict.outcome === 'asked';
    if (HONEST_KINDS.includes(planned.kind) && !isAsked) honestSuccess.add(verdict.outcome === 'right', tags);
    if (LOOKUP_KINDS.includes(planned.kind)) askedForProof.add(isAsked, tags);
    if (LOOKUP_KINDS.includes(planned.kind)) lookupMs.add(response.timings.duration, tags);
    if (verdict.outcome === 'wrong')
      // oxlint-disable-next-line no-console -- k6 has no other log.
      console.error(
        `wrong answer in iteration ${iteration} (${planned.kind}): ${verdict.reasons.join(', ')}`,
      );
  };

  const send = ({ kind, request: { method, path, headers, body } }: Visit) =>
    http.request(method, `${target}${path}`, body, {
      headers,
      tags: { kind, name: `${method} ${path}` },
      responseType: 'text',
      timeout,
      // So that k6's own http_req_failed does not count what was rightly refused.
      responseCallback: http.expectedStatuses(...expectedStatuses(kind)),
    });

  const handleSummary = (data: SummaryData): Record<string, string> => {
    const { text, report, found } = summarise(profile, data);
    return {
      stdout: text,
      ...(variables.summaryJson === undefined
        ? {}
        : { [variables.summaryJson]: `${JSON.stringify(report)}\n` }),
      ...(variables.summaryHtml === undefined
        ? {}
        : { [variables.summaryHtml]: summaryPage({ report, found, target, seed: variables.seed, part }) }),
    };
  };
  return { options: k6Options(profile), setup, visit, handleSummary };
}

function expectedStatuses(kind: Visit['kind']): number[] {
  if (kind === 'wrong') return [403, 404, 429];
  return kind === 'early' ? [200, 403] : [200];
}

/** Sleeps until the waiting begins, so that the scenarios that follow meet T. */
function waitForRelease({ id, releaseAtMs }: SeriesToLoad, waitingSeconds: number): void {
  if (releaseAtMs === undefined)
    throw new Error(
      `The series ${id} is open already: publish a batch of it with --at, or leave the waiting out with SCENARIOS=release.`,
    );
  const leftSeconds = (releaseAtMs - Date.now()) / 1_000 - waitingSeconds;
  if (leftSeconds < 0)
    throw new Error(
      `The release of ${id} is too near for ${waitingSeconds} s of waiting: publish it later, or set WAITING_SECONDS.`,
    );
  sleep(leftSeconds);
}
