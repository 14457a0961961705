/**
 * @module An earlier rehearsal to compare with: what has become slower shows long before a threshold is missed.
 *
 * Failure policy: a file that is no report is a UsageError.
 */
import { readFileSync } from 'node:fs';
import type { Figures, Finding } from '../profiles/report.ts';
import { UsageError } from './options.ts';

export interface Baseline {
  readonly profile: string;
  readonly p50Ms: number;
}

/**
 * The median may be so many times the baseline's, and a little more, before it counts: on a shared machine it
 * varies by about that between two runs.
 */
const MOST_TIMES = 1.5;
const LEEWAY_MS = 2;

/** Reads the report.json of a rehearsal. */
export function readBaseline(path: string): Baseline {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const { summary } = parsed as { summary: Baseline };
    if (typeof summary.p50Ms === 'number' && typeof summary.profile === 'string') return summary;
  } catch {
    // Said below.
  }
  throw new UsageError(`The baseline ${path} is no report.json of a rehearsal.`);
}

/** The median, held against the baseline's. */
export function againstBaseline(baseline: Baseline, figures: Figures): Finding {
  const most = baseline.p50Ms * MOST_TIMES + LEEWAY_MS;
  return {
    what: 'p50 of honest lookups, against the baseline',
    bound: `< ${most.toFixed(1)} ms, the baseline (${baseline.profile}) having ${baseline.p50Ms.toFixed(1)} ms`,
    measured: `${figures.p50Ms.toFixed(1)} ms`,
    held: figures.p50Ms < most,
  };
}
