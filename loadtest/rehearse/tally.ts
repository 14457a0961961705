/**
 * What became of the visits of a run.
 */
import type { Verdict } from '../profiles/judge.ts';
import { HONEST_KINDS } from '../profiles/profile.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Figures } from '../profiles/report.ts';
import type { Visit } from '../profiles/visit.ts';
import { correctOmission, percentile } from './latency.ts';

/** Untrue answers that are told one by one; the rest is only counted. */
const TOLD = 10;

export class Tally {
  readonly #say: (line: string) => void;
  #wrong = 0;
  #honest = 0;
  #honestRight = 0;
  readonly #lookupMs: number[] = [];
  readonly #failures = new Map<string, number>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Adds a visit that was answered or given up, with the time that it took. */
  add(iteration: number, visit: Visit, verdict: Verdict, tookMs: number): void {
    if (visit.kind === 'first' || visit.kind === 'repeat') this.#lookupMs.push(tookMs);
    if (HONEST_KINDS.includes(visit.kind)) {
      this.#honest += 1;
      if (verdict.outcome === 'right') this.#honestRight += 1;
    }
    if (verdict.outcome === 'right') return;
    const reasons = `${visit.kind}: ${verdict.reasons.join(', ')}`;
    if (verdict.outcome === 'failed') {
      this.#failures.set(reasons, (this.#failures.get(reasons) ?? 0) + 1);
      return;
    }
    this.#wrong += 1;
    if (this.#wrong <= TOLD) this.#say(`wrong answer in iteration ${iteration}, ${reasons}`);
    if (this.#wrong === TOLD) this.#say('further wrong answers are only counted');
  }

  /** What failed and how often, most often first. */
  failures(): string[] {
    return [...this.#failures]
      .toSorted(([, a], [, b]) => b - a)
      .map(([reasons, count]) => `${count} × ${reasons}`);
  }

  /** The figures of the run. */
  figures(profile: Profile, requests: number, seconds: number): Figures {
    const intervalMs = (usedConnections(profile) / profile.ratePerSecond) * 1_000;
    const lookupMs = correctOmission(this.#lookupMs, intervalMs);
    return {
      requests,
      seconds,
      wrongAnswers: this.#wrong,
      honestSuccess: this.#honest === 0 ? 0 : this.#honestRight / this.#honest,
      p50Ms: percentile(lookupMs, 50),
      p95Ms: percentile(lookupMs, 95),
      p99Ms: percentile(lookupMs, 99),
    };
  }
}

/** Each connection needs at least one request a second. */
export function usedConnections(profile: Profile): number {
  return Math.min(profile.connections, profile.ratePerSecond);
}
