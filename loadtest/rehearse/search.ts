/**
 * The search for C on a crew: tries at fixed rates, each measured.
 */
import { OBJECTIVE, OPEN_MIX } from '../profiles/profile.ts';
import type { Profile } from '../profiles/profile.ts';
import { constantRate } from '../profiles/rate-curve.ts';
import { findings } from '../profiles/report.ts';
import type { CapacityRecord, CapacityStep } from '../report/record.ts';
import type { Crew } from './crew.ts';
import { findCapacity } from './find-capacity.ts';
import { measure } from './measure.ts';
import type { Watched } from './watch.ts';

export interface CapacitySearch {
  readonly crew: Crew;
  readonly watched: Watched;
  readonly fromPerSecond: number;
  readonly mostPerSecond: number;
  readonly stepSeconds: number;
  readonly seed: number;
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

/** Tries that were missed while other programs took the machine are made again, in all so often. */
const MOST_REPEATS = 6;
/** To within so much of C. */
const PRECISION = 0.06;
/** A confirmation is so many times as long as a try. */
const CONFIRM_TIMES = 2;
/** More than any machine here answers: the search is ended by a miss, not by this. */
export const MOST_PER_SECOND = 200_000;

/** Searches. */
export async function searchCapacity(search: CapacitySearch): Promise<CapacityRecord> {
  const { crew, watched, stepSeconds, stop, say } = search;
  let tries = 0;
  const all: CapacityStep[] = [];
  let repeats = 0;
  const tryRate = async (ratePerSecond: number, purpose: 'search' | 'confirm'): Promise<CapacityStep> => {
    let step = await tryOnce(ratePerSecond, purpose);
    if (!step.held && step.measured.limits.disturbed && repeats < MOST_REPEATS && !stop.aborted) {
      repeats += 1;
      step = await tryOnce(ratePerSecond, purpose);
    }
    return step;
  };
  const tryOnce = async (ratePerSecond: number, purpose: 'search' | 'confirm'): Promise<CapacityStep> => {
    tries += 1;
    const seconds = purpose === 'confirm' ? stepSeconds * CONFIRM_TIMES : stepSeconds;
    const profile = capacityProfile(ratePerSecond, seconds);
    const measured = await measure({
      crew,
      phases: profile.phases,
      profile,
      // Another order each time, so that not the same candidates come again and again.
      seed: search.seed + tries * 15_485_863,
      watched,
      stop,
    });
    const held = findings(profile, measured.figures).every((finding) => finding.held);
    const step: CapacityStep = {
      ratePerSecond,
      purpose,
      held,
      isGeneratorsLimit:
        !held && (measured.limits.generator || measured.limits.machine || measured.limits.disturbed),
      measured,
    };
    say(
      `  ${ratePerSecond}/s for ${seconds} s: ${held ? 'held' : step.isGeneratorsLimit ? 'missed, but not by the service alone' : 'missed'}, p99 ${measured.figures.p99Ms.toFixed(1)} ms`,
    );
    all.push(step);
    return step;
  };
  const { perSecond, limitedBy } = await findCapacity({ ...search, precision: PRECISION, tryRate });
  return { perSecond, limitedBy, steps: all, mix: OPEN_MIX, stepSeconds };
}

/** A fixed rate that has to hold the objective. */
export function capacityProfile(ratePerSecond: number, seconds: number): Profile {
  return {
    name: 'capacity',
    phases: [{ name: 'visits', curve: constantRate(ratePerSecond, seconds), mix: OPEN_MIX }],
    releaseAfterSeconds: undefined,
    connections: 16,
    // At 100 ms an answer a tenth of the rate is on its way; more would only be a longer line.
    maxConnections: Math.min(1_000, Math.max(32, Math.ceil(ratePerSecond * 0.15))),
    // Twenty times the objective: who waits longer has missed it, and the try need not wait as well.
    requestTimeoutSeconds: 2,
    thresholds: OBJECTIVE,
    endsAtMiss: false,
  };
}
