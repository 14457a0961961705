/**
 * What a run measured, whether it passed, and how it is told: the same for k6 and autocannon.
 */
import type { Profile, Thresholds } from './profile.ts';

/** Counts and latencies of a run. */
export interface Figures {
  /** Sent, whatever became of them. */
  readonly requests: number;
  readonly seconds: number;
  readonly wrongAnswers: number;
  /** Share of the honest requests that were answered right, 0 to 1. */
  readonly honestSuccess: number;
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
  /** Path of a written report; no profile writes one yet. */
  readonly report: string | null;
  /** Highest rate that held the thresholds; only profiles that look for it say it. */
  readonly capacityPerSecond: number | null;
}

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
  const least = leastRequests(profile);
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
export function leastRequests(profile: Pick<Profile, 'ratePerSecond' | 'seconds' | 'thresholds'>): number {
  return Math.floor(profile.ratePerSecond * profile.seconds * profile.thresholds.sentShare);
}

/** The report of a run. */
export function makeReport(profile: Profile, figures: Figures, passed: boolean): Report {
  return {
    profile: profile.name,
    passed,
    wrongAnswers: figures.wrongAnswers,
    requests: figures.requests,
    ratePerSecond: rounded(figures.seconds > 0 ? figures.requests / figures.seconds : 0),
    p50Ms: rounded(figures.p50Ms),
    p95Ms: rounded(figures.p95Ms),
    p99Ms: rounded(figures.p99Ms),
    report: null,
    capacityPerSecond: null,
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

/** The thresholds in k6's words, for the metrics that loadtest/k6 fills. */
export function k6Thresholds(profile: Profile): Record<string, string[]> {
  const { wrongAnswers, honestSuccess, p50Ms, p95Ms, p99Ms }: Thresholds = profile.thresholds;
  return {
    wrong_answers: [`count==${wrongAnswers}`],
    honest_success: [`rate>=${honestSuccess}`],
    lookup_ms: [`p(50)<${p50Ms}`, `p(95)<${p95Ms}`, `p(99)<${p99Ms}`],
    // Without it a run that never sent anything would pass: nothing was wrong, nothing was slow.
    iterations: [`count>=${leastRequests(profile)}`],
  };
}

function percent(share: number): string {
  return `${(Math.floor(share * 100_000) / 1000).toFixed(3)}%`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
