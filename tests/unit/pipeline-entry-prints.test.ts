/**
 * @module Two sides compared by their prints give the same counts as looking up every entry by its digest.
 */
import { hash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntryPrints, PRINT_BYTES, writePrint } from '../../loader-cli/pipeline/entry-prints.ts';
import type { PrintsCompared } from '../../loader-cli/pipeline/entry-prints.ts';
import { StoredChecksum } from '../../service/results/checksum.ts';
import type { Digest } from '../../service/results/digest.ts';

interface Entry {
  readonly who: number;
  readonly set: number;
  readonly number: string;
  readonly slip: string;
}

/** In few buckets, so that a few thousand of them are more than those hold in memory. */
function digestOf(who: number): Digest {
  const digest = hash('sha512', String(who), 'buffer');
  digest[0] = (digest[0] ?? 0) & 3;
  return digest as Digest;
}

function printsOf(entries: readonly Entry[]): EntryPrints {
  const prints = new EntryPrints();
  const checksum = new StoredChecksum();
  for (const { who, set, number, slip } of entries)
    prints.add(digestOf(who), checksum.add(digestOf(who), set, number, Buffer.from(slip)));
  return prints;
}

/** As if every expected entry were looked up. */
function lookedUp(expected: readonly Entry[], found: readonly Entry[]): PrintsCompared {
  const byWho = new Map(found.map((entry) => [entry.who, entry]));
  const counts = { present: 0, missing: 0, differing: 0 };
  for (const entry of expected) {
    const other = byWho.get(entry.who);
    if (other === undefined) counts.missing += 1;
    else counts.present += 1;
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(entry)) counts.differing += 1;
  }
  return counts;
}

const entry: fc.Arbitrary<Entry> = fc.record({
  who: fc.integer({ min: 0, max: 60 }),
  set: fc.constantFrom(0, 1),
  // Together they are the same characters: what separates them must count.
  number: fc.constantFrom('1', '11'),
  slip: fc.constantFrom('1', '11', ''),
});
const side = fc.uniqueArray(entry, { selector: ({ who }) => who, maxLength: 40 });

function compared(expected: EntryPrints, found: EntryPrints): PrintsCompared {
  try {
    return expected.compareWith(found);
  } finally {
    expected.close();
    found.close();
  }
}

test('whatever two sides hold, in whatever order', () => {
  fc.assert(
    fc.property(side, side, (expected, found) => {
      expect(compared(printsOf(expected), printsOf(found))).toEqual(lookedUp(expected, found));
    }),
    { numRuns: 300 },
  );
});

test('of many entries, in pieces, over the temporary file: one missing, one differing, one more', () => {
  const entries = Array.from({ length: 10_000 }, (_, who) => ({
    who,
    set: 0,
    number: String(who),
    slip: 's',
  }));
  const expected = new EntryPrints();
  const checksum = new StoredChecksum();
  const pieces = Buffer.alloc(entries.length * PRINT_BYTES);
  let at = 0;
  for (const { who, set, number, slip } of entries) {
    const entryHash = checksum.add(digestOf(who), set, number, Buffer.from(slip));
    at = writePrint(pieces, at, digestOf(who), entryHash);
  }
  expected.addAll(pieces.subarray(0, 1000 * PRINT_BYTES));
  expected.addAll(pieces.subarray(1000 * PRINT_BYTES));
  const found = entries
    .with(7, { who: 7, set: 0, number: '7', slip: 'other' })
    .filter(({ who }) => who !== 7_000)
    .concat({ who: -1, set: 0, number: 'more', slip: 's' })
    .toReversed();
  expect(compared(expected, printsOf(found))).toEqual({
    present: entries.length - 1,
    missing: 1,
    differing: 1,
  });
});

test('after clear nothing of what was added counts', () => {
  const prints = printsOf([{ who: 1, set: 0, number: '1', slip: '' }]);
  prints.clear();
  expect(compared(prints, printsOf([]))).toEqual({ present: 0, missing: 0, differing: 0 });
});
