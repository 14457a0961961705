/**
 * What a run measured, whether it passed, and how it is told: the same for k6 and autocannon.
 */
import type { Profile } from './profile.ts';
import { plannedRequests } from './profile.ts';

/** Counts and latencies of a run. */
export interface Figures {
  /** Sent, whatever became of them. */
  readonly requests: number;
  /** Due in the time that was run; undefined: all that the profile plans. */
  readonly due?: number | undefined;
  readonly seconds: number;
  readonly wrongAnswers: number;
  /** Share of the honest requests that were answered right, 0 to 1. */
  readonly honestSuccess: number;
  /** Share of the honest lookups that were asked for a proof of work, 0 to 1. */
  readonly askedForProof: number;
  /** Milliseconds of the honest lookups. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** The one JSON object of a run. */
export interface Report {
  readonly profile: string;
  readonly passed: boolean;
  readonly wrongAnswers: number;
  readonly requests: number;
  readonly ratePerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Path of the HTML report. */
  readonly report: string | null;
  /** Highest rate of all requests that held the objective; only runs that look for it say it. */
  readonly capacityPerSecond: number | null;
}

/** What only some runners know of a run. */
export interface ReportExtras {
  readonly report: string | null;
  readonly capacityPerSecond: number | null;
}

const NO_EXTRAS: ReportExtras = { report: null, capacityPerSecond: null };

/** A threshold and what was measured. */
export interface Finding {
  readonly what: string;
  readonly bound: string;
  readonly measured: string;
  readonly held: boolean;
}

/** Holds the figures against the thresholds, in the order in which they matter. */
export function findings(profile: Profile, figures: Figures): Finding[] {
  const { thresholds } = profile;
  const least = leastRequests(profile, figures.due);
  const latency = (name: 'p50Ms' | 'p95Ms' | 'p99Ms'): Finding => ({
    what: `${name.replace('Ms', '')} of honest lookups`,
    bound: `< ${thresholds[name]} ms`,
    measured: `${figures[name].toFixed(1)} ms`,
    held: figures[name] < thresholds[name],
  });
  return [
    {
      what: 'wrong answers',
      bound: String(thresholds.wrongAnswers),
      measured: String(figures.wrongAnswers),
      held: figures.wrongAnswers === thresholds.wrongAnswers,
    },
    {
      what: 'honest requests answered right',
      bound: `≥ ${percent(thresholds.honestSuccess)}`,
      measured: percent(figures.honestSuccess),
      held: figures.honestSuccess >= thresholds.honestSuccess,
    },
    {
      what: 'honest lookups asked for a proof of work',
      bound: `≤ ${percent(thresholds.askedForProof)}`,
      measured: percent(figures.askedForProof),
      held: figures.askedForProof <= thresholds.askedForProof,
    },
    {
      what: 'requests sent',
      bound: `≥ ${least}`,
      measured: String(figures.requests),
      held: figures.requests >= least,
    },
    latency('p50Ms'),
    latency('p95Ms'),
    latency('p99Ms'),
  ];
}

/** So many requests a run must at least have sent. */
export function leastRequests(profile: Profile, due = plannedRequests(profile)): number {
  return Math.floor(due * profile.thresholds.sentShare);
}

/** The report of a run. */
export function makeReport(
  profile: Profile,
  figures: Figures,
  passed: boolean,
  extras: ReportExtras = NO_EXTRAS,
): Report {
  return {
    profile: profile.name,
    passed,
    wrongAnswers: figures.wrongAnswers,
    requests: figures.requests,
    ratePerSecond: rounded(figures.seconds > 0 ? figures.requests / figures.seconds : 0),
    p50Ms: rounded(figures.p50Ms),
    p95Ms: rounded(figures.p95Ms),
    p99Ms: rounded(figures.p99Ms),
    ...extras,
  };
}

/** The findings as lines for a terminal. */
export function showFindings(found: readonly Finding[]): string {
  return found
    .map(
      ({ what, bound, measured, held }) => `  ${held ? 'held  ' : 'MISSED'}  ${what}: ${measured} (${bound})`,
    )
    .join('\n');
}

/** A threshold as k6 takes it. */
export type K6Threshold = string | { threshold: string; abortOnFail: boolean; delayAbortEval: string };

/**
 * The thresholds in k6's words, for the metrics that loadtest/k6 fills.
 * @param share of the load that this instance of k6 sends, above 0 to 1.
 */
export function k6Thresholds(profile: Profile, share = 1): Record<string, K6Threshold[]> {
  const { wrongAnswers, honestSuccess, askedForProof, p50Ms, p95Ms, p99Ms } = profile.thresholds;
  const one = (threshold: string): K6Threshold =>
    // A percentile over the whole run needs some time to move.
    profile.endsAtMiss ? { threshold, abortOnFail: true, delayAbortEval: '10s' } : threshold;
  return {
    wrong_answers: [one(`count==${wrongAnswers}`)],
    honest_success: [one(`rate>=${honestSuccess}`)],
    asked_for_proof: [one(`rate<=${askedForProof}`)],
    lookup_ms: [one(`p(50)<${p50Ms}`), one(`p(95)<${p95Ms}`), one(`p(99)<${p99Ms}`)],
    // Without it a run that never sent anything would pass: nothing was wrong, nothing was slow.
    ...(profile.endsAtMiss
      ? { iterations: ['count>0'] }
      : { iterations: [`count>=${leastRequests(profile, plannedRequests(profile) * share)}`] }),
  };
}

function percent(share: number): string {
  return `${(Math.floor(share * 100_000) / 1000).toFixed(3)}%`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
