import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Choice } from '../../loadtest/profiles/choose.ts';
import { choose, requireEnough } from '../../loadtest/profiles/choose.ts';
import { OPEN_MIX, REQUEST_KINDS } from '../../loadtest/profiles/profile.ts';

const candidateCount = fc.integer({ min: 20, max: 100_000 });
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

function chosen(seed: number, count: number, candidates: number): Choice[] {
  return Array.from({ length: count }, (_, iteration) => choose(OPEN_MIX, seed, iteration, candidates, 2));
}

test('the same seed and iteration always choose the same, whatever was chosen before', () => {
  fc.assert(
    fc.property(seeds, fc.nat(1_000_000), candidateCount, (seed, iteration, candidates) => {
      const once = choose(OPEN_MIX, seed, iteration, candidates, 2);
      choose(OPEN_MIX, seed, iteration + 1, candidates, 2);
      expect(choose(OPEN_MIX, seed, iteration, candidates, 2)).toEqual(once);
    }),
  );
});

test('every choice is a row of the file, and a wrong guess is of two', () => {
  fc.assert(
    fc.property(seeds, fc.nat(1_000_000), candidateCount, (seed, iteration, candidates) => {
      const choice = choose(OPEN_MIX, seed, iteration, candidates, 2);
      const rows = 'row' in choice ? [choice.row] : [];
      const all = 'otherRow' in choice ? [...rows, choice.otherRow] : rows;
      expect(all.every((row) => row >= 0 && row < candidates)).toBe(true);
      expect(new Set(all).size).toBe(all.length);
    }),
  );
});

test('wrong guesses are spread as mistyping is: no number and no document twice, for a quarter of all', () => {
  const mix = { ...OPEN_MIX, first: 0, repeat: 0, series: 0, page: 0, wrong: 100 };
  const candidates = 1_000;
  const guesses = Array.from({ length: 250 }, (_, i) => choose(mix, 1, i, candidates, 1));
  const numbers = guesses.flatMap((guess) => ('otherRow' in guess ? [guess.row] : []));
  const documents = guesses.flatMap((guess) => ('otherRow' in guess ? [guess.otherRow] : []));
  expect([new Set(numbers).size, new Set(documents).size]).toEqual([250, 250]);
  // More would close counters that honest candidates share by chance.
  expect(choose(mix, 1, 250, candidates, 1).kind).not.toBe('wrong');
  expect(choose(mix, 1, 0, candidates, 1, 250).kind).not.toBe('wrong');
  expect(choose(mix, 1, 0, candidates, 1, 249).kind).toBe('wrong');
  // A small share of them lasts longer, and no two in a row fall on one number.
  const few = { ...OPEN_MIX };
  const rows = Array.from({ length: 1_000 }, (_, i) => choose(few, 1, i, candidates, 1)).flatMap((guess) =>
    'otherRow' in guess ? [guess.row] : [],
  );
  expect(rows.length).toBeGreaterThan(5);
  expect(new Set(rows).size).toBe(rows.length);
});

test('the kinds come in the shares of the mix', () => {
  const counts = new Map<string, number>();
  for (const { kind } of chosen(7, 20_000, 10_000)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const kind of REQUEST_KINDS) {
    // Five standard deviations of a binomial with the largest share.
    expect(Math.abs((counts.get(kind) ?? 0) / 200 - OPEN_MIX[kind])).toBeLessThan(1.8);
  }
});

test('both credential sets are used', () => {
  const sets = new Set(chosen(1, 200, 1_000).flatMap((choice) => ('set' in choice ? [choice.set] : [])));
  expect(sets).toEqual(new Set([0, 1]));
});

test('a first lookup comes to each honest candidate before any comes again', () => {
  const onlyFirst = { first: 100, repeat: 0, wrong: 0, series: 0, page: 0, early: 0 };
  for (const candidates of [20, 97, 1_000]) {
    const honest = candidates;
    const rows = Array.from({ length: honest }, (_, i) => choose(onlyFirst, 1, i, candidates, 1)).map(
      (choice) => ('row' in choice ? choice.row : -1),
    );
    expect(rows.toSorted((a, b) => a - b)).toEqual(Array.from({ length: honest }, (_, i) => i));
    // Scattered: a store does not see them in the order of the file.
    expect(rows.filter((row, i) => row === (rows[i - 1] ?? -2) + 1).length).toBeLessThan(honest / 4);
  }
});

test('a repeat asks for a candidate of an earlier first lookup', () => {
  const choices = chosen(3, 900, 5_000);
  const strangers = choices.filter(
    (choice, i) =>
      choice.kind === 'repeat' &&
      !choices.slice(0, i).some((earlier) => earlier.kind === 'first' && earlier.row === choice.row),
  );
  expect(strangers).toEqual([]);
  expect(choices.filter(({ kind }) => kind === 'repeat').length).toBeGreaterThan(100);
});

test('another seed chooses otherwise', () => {
  expect(chosen(1, 50, 1_000)).not.toEqual(chosen(2, 50, 1_000));
});

test('too few candidates are an error that says how many it takes', () => {
  expect(() => requireEnough(19)).toThrow('has 19 candidates: a load test needs at least 20');
});
