import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WHOLE, arrivals } from '../../loadtest/profiles/arrivals.ts';
import type { RateCurve } from '../../loadtest/profiles/rate-curve.ts';
import {
  constantRate,
  curveRequests,
  curveSeconds,
  rateAt,
  timesOf,
} from '../../loadtest/profiles/rate-curve.ts';

const curves: fc.Arbitrary<RateCurve> = fc.record({
  fromPerSecond: fc.integer({ min: 0, max: 50 }),
  stages: fc.array(
    fc.record({
      seconds: fc.integer({ min: 1, max: 5 }),
      toPerSecond: fc.integer({ min: 0, max: 50 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

test('the time of a count of requests is the one at which the area under the rate is that count', () => {
  fc.assert(
    fc.property(curves, (curve) => {
      const secondOf = timesOf(curve);
      const all = curveRequests(curve);
      for (let count = 0.5; count < all; count += 1) {
        const second = secondOf(count) ?? -1;
        expect(areaUntil(curve, second)).toBeCloseTo(count, 6);
      }
      expect(secondOf(all + 1e-6)).toBeUndefined();
    }),
  );
});

/** By the trapezoidal rule, which is exact for straight pieces. */
function areaUntil(curve: RateCurve, end: number): number {
  let area = 0;
  let from = curve.fromPerSecond;
  let start = 0;
  for (const { seconds, toPerSecond } of curve.stages) {
    const part = Math.min(seconds, Math.max(0, end - start));
    const reached = from + ((toPerSecond - from) * part) / seconds;
    area += ((from + reached) / 2) * part;
    from = toPerSecond;
    start += seconds;
  }
  return area;
}

test('the rate between two stages lies on the straight line, and is 0 after the end', () => {
  const curve = { fromPerSecond: 10, stages: [{ seconds: 10, toPerSecond: 30 }] };
  expect([rateAt(curve, 0), rateAt(curve, 5), rateAt(curve, 10)]).toEqual([10, 20, 0]);
  expect(curveSeconds(curve)).toBe(10);
});

test('arrivals are a Poisson process: as many as the rate says, with exponential gaps', () => {
  const seconds = [...arrivals(constantRate(100, 200), 7, WHOLE)].map(({ second }) => second);
  // Five standard deviations of 20,000.
  expect(Math.abs(seconds.length - 20_000)).toBeLessThan(5 * Math.sqrt(20_000));
  const gaps = seconds.slice(1).map((second, i) => second - (seconds[i] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  // Evenly spaced gaps would have 0, a Poisson process has 1.
  expect(variance / mean ** 2).toBeGreaterThan(0.9);
  expect(variance / mean ** 2).toBeLessThan(1.1);
  expect(gaps.every((gap) => gap >= 0)).toBe(true);
});

test('several runners share the arrivals: no iteration twice, none left out', () => {
  const parts = [0, 1, 2].map((index) => [...arrivals(constantRate(50, 40), 3, { index, of: 3 })]);
  const all = parts.flat();
  expect(Math.abs(all.length - 2_000)).toBeLessThan(5 * Math.sqrt(2_000));
  expect(new Set(all.map(({ iteration }) => iteration)).size).toBe(all.length);
  for (const [index, part] of parts.entries())
    expect(part.map(({ iteration }) => iteration)).toEqual(part.map((_, i) => i * 3 + index));
});

test('the same seed makes the same arrivals, another one others', () => {
  const [one, again, other] = [1, 1, 2].map((seed) => [...arrivals(constantRate(10, 5), seed, WHOLE)]);
  expect(one).toEqual(again);
  expect(one).not.toEqual(other);
});
