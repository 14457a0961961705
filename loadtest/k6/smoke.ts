/**
 * k6: a profile of ../profiles against a running service, every answer checked against the truth. Run as it is,
 * by k6 1.0 or later; the variables are in ../README.md.
 *
 * Failure policy: a missing or wrong variable, a foreign target, a misspelt profile or a broken credentials file
 * stops k6 before anything is sent (exit code 107); a service that does not list the series as open stops it in
 * setup. A request without an answer is a failed one; an untrue answer is counted and named by its places, never
 * by values. k6 ends with 99 when a threshold was missed.
 */
import { check } from 'k6';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { choose } from '../profiles/choose.ts';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { parseCredentialsFile } from '../profiles/credentials-csv.ts';
import { judge } from '../profiles/judge.ts';
import { HONEST_KINDS, profileByName } from '../profiles/profile.ts';
import { k6Thresholds } from '../profiles/report.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import { seriesToLoad } from '../profiles/series.ts';
import { allowedTarget } from '../profiles/target.ts';
import { makeVisit } from '../profiles/visit.ts';
import type { SummaryData } from './summary.ts';
import { summarise } from './summary.ts';

const profile = profileByName(variable('PROFILE', 'smoke'));
const target = allowedTarget(
  variable('BASE_URL', 'http://127.0.0.1:8080'),
  __ENV['I_OWN_THIS_TARGET'] === 'yes',
  'I_OWN_THIS_TARGET=yes',
);
const seed = Number(variable('SEED', '1'));
if (!Number.isInteger(seed)) throw new Error('SEED must be a whole number.');

/** One copy for all virtual users: a million candidates are hundreds of megabytes. */
const candidates = new SharedArray<Candidate>('candidates', () =>
  parseCredentialsFile(open(credentialsPath())),
);

const wrongAnswers = new Counter('wrong_answers');
const honestSuccess = new Rate('honest_success');
const lookupMs = new Trend('lookup_ms', true);

export const options: Options = {
  scenarios: {
    visits: {
      executor: 'constant-arrival-rate',
      exec: 'visit',
      rate: profile.ratePerSecond,
      timeUnit: '1s',
      duration: `${profile.seconds}s`,
      preAllocatedVUs: profile.connections,
      maxVUs: profile.maxConnections,
      gracefulStop: `${profile.requestTimeoutSeconds}s`,
    },
  },
  thresholds: k6Thresholds(profile),
  tags: { profile: profile.name },
  // What the thresholds and the summary need; p(50) is called med only in k6's own summary.
  summaryTrendStats: ['min', 'p(50)', 'p(95)', 'p(99)', 'max'],
};

/** Once, before the load: what the service says of the series. */
export function setup(): SeriesToLoad {
  const response = http.get(`${target}/v1/series`, {
    timeout: `${profile.requestTimeoutSeconds}s`,
    responseType: 'text',
  });
  if (response.status !== 200)
    throw new Error(`GET ${target}/v1/series answers with status ${response.status}: is the service ready?`);
  const first = candidates[0];
  if (first === undefined) throw new Error('The credentials file holds no candidate.');
  return seriesToLoad(response.body, __ENV['SERIES'], first);
}

/** One visit: the iteration's number says which. */
export function visit(series: SeriesToLoad): void {
  const iteration = exec.scenario.iterationInTest;
  const choice = choose(profile, seed, iteration, candidates.length, series.credentialSets.length);
  const planned = makeVisit(choice, series, candidates);
  const { method, path, headers, body } = planned.request;
  const tags = { kind: planned.kind, name: `${method} ${path}` };
  const response = http.request(method, `${target}${path}`, body, {
    headers,
    tags,
    responseType: 'text',
    timeout: `${profile.requestTimeoutSeconds}s`,
    // So that k6's own http_req_failed does not count a wrong guess that was refused.
    responseCallback: http.expectedStatuses(...(planned.kind === 'wrong' ? [404, 429] : [200])),
  });

  const verdict = judge(planned, series.id, {
    status: response.status,
    headers: response.headers,
    body: response.body ?? '',
  });
  check(
    verdict,
    {
      'the answer is not untrue': (v) => v.outcome !== 'wrong',
      'the answer is right': (v) => v.outcome === 'right',
    },
    tags,
  );
  // Always added to, so that the threshold has a metric to look at.
  wrongAnswers.add(verdict.outcome === 'wrong' ? 1 : 0, tags);
  if (HONEST_KINDS.includes(planned.kind)) honestSuccess.add(verdict.outcome === 'right', tags);
  if (planned.kind === 'first' || planned.kind === 'repeat') lookupMs.add(response.timings.duration, tags);
  if (verdict.outcome === 'wrong')
    // oxlint-disable-next-line no-console -- k6 has no other log.
    console.error(`wrong answer in iteration ${iteration} (${planned.kind}): ${verdict.reasons.join(', ')}`);
}

/** The findings on standard output, and the report as JSON in the file SUMMARY. */
export function handleSummary(data: SummaryData): Record<string, string> {
  const { text, report } = summarise(profile, data);
  const file = __ENV['SUMMARY'];
  return {
    stdout: text,
    ...(file === undefined ? {} : { [file]: `${JSON.stringify(report)}\n` }),
  };
}

function variable(name: string, otherwise: string): string {
  const value = __ENV[name];
  return value === undefined || value === '' ? otherwise : value;
}

function credentialsPath(): string {
  const path = __ENV['CREDENTIALS'] ?? '';
  // k6 looks for a relative path beside this script, which nobody expects.
  if (!path.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(path))
    throw new Error(
      'CREDENTIALS must be the absolute path of the .credentials.csv that "fangbang sample" wrote.',
    );
  return path;
}
