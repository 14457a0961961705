/**
 * What is asked for in iteration n: a pure choice, so that every runner sends the same requests and a finding
 * can be sent again.
 */
import type { Mix, RequestKind } from './profile.ts';
import { REQUEST_KINDS } from './profile.ts';
import { integerAt, randomAt } from './random.ts';

/** Fewer candidates could not be mixed into wrong pairs that differ. */
export const LEAST_CANDIDATES = 20;
/** How far back a repeat looks, in iterations: whoever looks again does so within minutes. */
const REPEAT_WINDOW = 1_000;
/**
 * Wrong guesses for each candidate, at most, in one session of load tests. They are spread evenly, as mistyping
 * is, one for a number and one for a document. The service counts them in a bounded space for 15 to 30
 * minutes, in which candidates share counters by chance: more of them would close counters of honest candidates, rightly,
 * and that would be counted as failures here.
 */
export const MOST_GUESSES_EACH = 0.25;

/** A choice names rows of the credentials file by their index from 0. */
export type Choice =
  | { readonly kind: 'first' | 'repeat' | 'early'; readonly row: number; readonly set: number }
  | { readonly kind: 'wrong'; readonly row: number; readonly otherRow: number; readonly set: number }
  | { readonly kind: 'series' | 'page' };

/** The streams of randomness, one per decision. */
const STREAM = { kind: 0, set: 1, back: 2, earlyRow: 5 };

/**
 * Chooses the request of an iteration.
 * @param candidates rows of the credentials file.
 * @param sets credential sets to choose from.
 * @param requestsBefore requests of earlier runs on the same candidates.
 * @throws RangeError when there are too few candidates.
 */
export function choose(
  mix: Mix,
  seed: number,
  iteration: number,
  candidates: number,
  sets: number,
  requestsBefore = 0,
): Choice {
  requireEnough(candidates);
  const kind = kindAt(mix, seed, iteration);
  const set = integerAt(seed, iteration, STREAM.set, sets);
  switch (kind) {
    case 'first':
      return { kind, row: scattered(iteration, candidates), set };
    case 'repeat':
      return repeat(mix, seed, iteration, candidates, set);
    case 'wrong': {
      const nth = requestsBefore + iteration;
      if ((nth * mix.wrong) / 100 >= candidates * MOST_GUESSES_EACH)
        return repeat(mix, seed, iteration, candidates, set);
      // Another seed guesses at others, so that two sessions do not add up on the same ones.
      const row = scattered(nth + seed * 7_919, candidates);
      return { kind, row, otherRow: (row + (candidates >> 1)) % candidates, set };
    }
    case 'early':
      return { kind, row: integerAt(seed, iteration, STREAM.earlyRow, candidates), set };
    case 'series':
    case 'page':
      return { kind };
  }
}

/** @throws RangeError when there are too few candidates. */
export function requireEnough(candidates: number): void {
  if (candidates < LEAST_CANDIDATES)
    throw new RangeError(
      `The credentials file has ${candidates} candidates: a load test needs at least ${LEAST_CANDIDATES}.`,
    );
}

function repeat(mix: Mix, seed: number, iteration: number, candidates: number, set: number): Choice {
  const earlier = earlierFirst(mix, seed, iteration);
  // Nobody has been asked for yet: then it is a first lookup.
  return earlier === undefined
    ? { kind: 'first', row: scattered(iteration, candidates), set }
    : { kind: 'repeat', row: scattered(earlier, candidates), set };
}

function kindAt(mix: Mix, seed: number, iteration: number): RequestKind {
  let left = randomAt(seed, iteration, STREAM.kind) * 100;
  for (const kind of REQUEST_KINDS) {
    left -= mix[kind];
    if (left < 0) return kind;
  }
  throw new RangeError('The shares of the mix do not add up to 100.');
}

/**
 * A walk through all rows in a scattered order: each comes once before any comes again. The stride is the
 * golden ratio's share of the count, made coprime to it.
 */
function scattered(nth: number, candidates: number): number {
  let stride = Math.max(1, Math.round(candidates * 0.618_033_988_749));
  while (greatestCommonDivisor(stride, candidates) !== 1) stride += 1;
  // 2⁵³ holds the product for any file of up to 90 million rows.
  return ((nth % candidates) * stride) % candidates;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** A recent iteration that was a first lookup. */
function earlierFirst(mix: Mix, seed: number, iteration: number): number | undefined {
  const window = Math.min(iteration, REPEAT_WINDOW);
  if (window === 0) return undefined;
  const start = iteration - 1 - integerAt(seed, iteration, STREAM.back, window);
  for (let earlier = start; earlier >= 0; earlier -= 1) {
    if (kindAt(mix, seed, earlier) === 'first') return earlier;
  }
  return undefined;
}
