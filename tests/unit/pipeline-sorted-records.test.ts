/**
 * @module Records are sorted, and those that begin alike are found, as a plain sort does it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SortedRecords } from '../../loader-cli/pipeline/sorted-records.ts';

const SIZE = 12;
/** Few different bytes in the places that decide, so that many begin alike. */
const record = fc
  .tuple(
    fc.constantFrom(0, 0, 1, 255),
    fc.constantFrom(0, 128, 255),
    fc.array(fc.constantFrom(0, 1, 255), { minLength: SIZE - 2, maxLength: SIZE - 2 }),
  )
  .map(([first, second, rest]) => Buffer.from([first, second, ...rest]));

function filled(records: readonly Buffer[]): SortedRecords {
  const sorted = new SortedRecords(SIZE);
  for (const one of records) sorted.add(one);
  return sorted;
}

function hex(records: readonly Buffer[]): string[] {
  return records.map((one) => one.toString('hex')).sort();
}

test('all records come back in ascending order', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 400 }), (records) => {
      const sorted = filled(records);
      expect(Buffer.concat([...sorted.sorted()]).toString('hex')).toBe(hex(records).join(''));
      sorted.close();
    }),
  );
});

test.each([5, 6, 9])('groups are exactly the records whose first %i bytes are alike', (prefixBytes) => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 400 }), (records) => {
      const groups = new Map<string, string[]>();
      for (const one of hex(records)) {
        const prefix = one.slice(0, prefixBytes * 2);
        groups.set(prefix, [...(groups.get(prefix) ?? []), one]);
      }
      const expected = [...groups.values()]
        .filter((group) => group.length > 1)
        .map((group) => group.join(''));
      const sorted = filled(records);
      const found = [...sorted.groups(prefixBytes)].map((group) => group.toString('hex'));
      sorted.close();
      expect(found).toEqual(expected);
    }),
  );
});

test('a group larger than a block in memory is whole', () => {
  const alike = Array.from({ length: 5_000 }, (_, i) =>
    Buffer.from([7, 1, 2, 3, 4, i >> 8, i & 255, 0, 0, 0, 0, 0]),
  );
  const others = Array.from({ length: 5_000 }, (_, i) =>
    Buffer.from([7, i >> 8, i & 255, 9, 9, 9, 0, 0, 0, 0, 0, 0]),
  );
  const sorted = filled([...alike, ...others]);
  const groups = [...sorted.groups(5)];
  expect(groups.map((group) => group.length / SIZE)).toEqual([5_000]);
  expect(groups[0]?.toString('hex')).toBe(hex(alike).join(''));
  sorted.close();
});
