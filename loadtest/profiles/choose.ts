/**
 * What is asked for in iteration n: a pure choice, so that every runner sends the same requests and a finding
 * can be sent again.
 */
import type { Mix, RequestKind } from './profile.ts';
import { REQUEST_KINDS } from './profile.ts';
import { integerAt, randomAt } from './random.ts';

/** Fewer candidates could not be parted into honest ones and guessed-at ones. */
export const LEAST_CANDIDATES = 20;
/** How far back a repeat looks, in iterations: whoever looks again does so within minutes. */
const REPEAT_WINDOW = 1_000;

/** A choice names rows of the credentials file by their index from 0. */
export type Choice =
  | { readonly kind: 'first' | 'repeat' | 'early'; readonly row: number; readonly set: number }
  | { readonly kind: 'wrong'; readonly row: number; readonly otherRow: number; readonly set: number }
  | { readonly kind: 'series' | 'page' };

/** The streams of randomness, one per decision. */
const STREAM = { kind: 0, set: 1, back: 2, wrongRow: 3, otherRow: 4, earlyRow: 5 };

/**
 * Chooses the request of an iteration.
 *
 * Wrong guesses fall on the last tenth of the file, honest lookups on the rest: five wrong guesses lock a
 * candidate's new devices out for a quarter of an hour, which is right, and would count here as a failure.
 *
 * @param candidates rows of the credentials file.
 * @param sets credential sets to choose from.
 * @throws RangeError when there are too few candidates.
 */
export function choose(mix: Mix, seed: number, iteration: number, candidates: number, sets: number): Choice {
  const { honest, guessed } = partition(candidates);
  const kind = kindAt(mix, seed, iteration);
  const set = integerAt(seed, iteration, STREAM.set, sets);
  switch (kind) {
    case 'first':
      return { kind, row: firstRow(iteration, honest), set };
    case 'repeat': {
      const earlier = earlierFirst(mix, seed, iteration);
      // Nobody has been asked for yet: then it is a first lookup.
      return earlier === undefined
        ? { kind: 'first', row: firstRow(iteration, honest), set }
        : { kind, row: firstRow(earlier, honest), set };
    }
    case 'wrong': {
      const at = integerAt(seed, iteration, STREAM.wrongRow, guessed);
      const step = 1 + integerAt(seed, iteration, STREAM.otherRow, guessed - 1);
      return { kind, row: honest + at, otherRow: honest + ((at + step) % guessed), set };
    }
    case 'early':
      return { kind, row: integerAt(seed, iteration, STREAM.earlyRow, honest), set };
    case 'series':
    case 'page':
      return { kind };
  }
}

/** How many rows honest lookups use (from the front) and how many wrong guesses use (the rest). */
export function partition(candidates: number): { readonly honest: number; readonly guessed: number } {
  if (candidates < LEAST_CANDIDATES)
    throw new RangeError(
      `The credentials file has ${candidates} candidates: a load test needs at least ${LEAST_CANDIDATES}.`,
    );
  const guessed = Math.floor(candidates / 10);
  return { honest: candidates - guessed, guessed };
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
 * A walk through all honest rows in a scattered order: each is asked for once before any comes again. The
 * stride is the golden ratio's share of the count, made coprime to it.
 */
function firstRow(iteration: number, honest: number): number {
  let stride = Math.max(1, Math.round(honest * 0.618_033_988_749));
  while (greatestCommonDivisor(stride, honest) !== 1) stride += 1;
  // 2⁵³ holds the product for any file of up to 90 million rows.
  return ((iteration % honest) * stride) % honest;
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
