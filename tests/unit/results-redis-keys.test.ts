/**
 * @module Keys that have to be on every master of a Cluster.
 */
import { expect, test } from 'vitest';
import { clusterKeys, warmCheckpointKey, warmMarkerKey } from '../../service/results/redis-keys.ts';
import { SLOTS, keySlot } from '../../service/results/redis-slot.ts';

const slotsOf = (base: string): number[] => clusterKeys(base).map((key) => keySlot(Buffer.from(key)));

test.each([1, 2, 3, 4, 5, 7, 16, 31, 32])(
  'each of %i masters with even shares has one of the markers',
  (masters) => {
    for (const base of [warmMarkerKey(1), warmMarkerKey(4_000_000_000), warmCheckpointKey(17)]) {
      const slots = slotsOf(base);
      for (let i = 0; i < masters; i += 1) {
        const [from, to] = [Math.floor((SLOTS * i) / masters), Math.floor((SLOTS * (i + 1)) / masters)];
        expect(slots.some((slot) => slot >= from && slot < to)).toBe(true);
      }
    }
  },
);

test('any 511 slots in a row hold a marker', () => {
  const slots = slotsOf(warmMarkerKey(9)).sort((a, b) => a - b);
  const gaps = [...slots, SLOTS].map((slot, i) => slot - (slots[i - 1] ?? -1) - 1);
  expect(Math.max(...gaps)).toBeLessThan(511);
});

test('markers and checkpoints of different batches are different keys', () => {
  const keys = [1, 2, 12].flatMap((n) => [
    ...clusterKeys(warmMarkerKey(n)),
    ...clusterKeys(warmCheckpointKey(n)),
  ]);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(key).toMatch(/^[^r]/);
});
