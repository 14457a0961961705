/**
 * When each request is due. Candidates do not know of each other, so that they come as a Poisson process: in
 * clumps and gaps, which is what makes queues. Evenly spaced requests would flatter the service.
 */
import { randomAt } from './random.ts';
import type { RateCurve } from './rate-curve.ts';
import { timesOf } from './rate-curve.ts';

/** One of several runners that share a load. */
export interface Part {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

export const WHOLE: Part = { index: 0, of: 1 };

export interface Arrival {
  /** Number of the request among those of all runners: no two runners have the same. */
  readonly iteration: number;
  /** Seconds since the beginning. */
  readonly second: number;
}

/** Not one of the streams of choose.ts. */
const ARRIVAL_STREAM = 16;

/**
 * The arrivals of one runner, in their order. Several runners together make a Poisson process of the whole
 * rate; the same seed and parts always make the same one.
 */
export function* arrivals(curve: RateCurve, seed: number, part: Part): Generator<Arrival> {
  const secondOf = timesOf(curve);
  let due = 0;
  for (let iteration = part.index; ; iteration += part.of) {
    // The gaps of a Poisson process are exponential; a runner with 1/n of the rate has gaps n times as long.
    due -= Math.log(1 - randomAt(seed, iteration, ARRIVAL_STREAM)) * part.of;
    const second = secondOf(due);
    if (second === undefined) return;
    yield { iteration, second };
  }
}
