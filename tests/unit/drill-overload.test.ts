/**
 * What the overload drill counts of a load.
 */
import { expect, it } from 'vitest';
import { rightPerSecond } from '../drills/overload/measure.ts';

it('right answers are counted once all are connected, and in whole seconds', () => {
  const perSecond = { 0: 10, 1: 200, 2: 400, 3: 5 };
  expect(rightPerSecond({ perSecond, durationUs: 3_040_000 })).toBe(300);
});

it('a second in which nothing was right counts as none', () => {
  expect(rightPerSecond({ perSecond: { 2: 300 }, durationUs: 4_000_000 })).toBe(100);
});
