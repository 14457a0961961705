import { expect, test } from 'vitest';
import { lookupCurve } from '../../loadtest/capacity/simulate-plan.ts';
import type { SimulationOptions } from '../../loadtest/capacity/simulate.ts';
import { simulate } from '../../loadtest/capacity/simulate.ts';
import { constantRate, curveRequests, curveSeconds } from '../../loadtest/profiles/rate-curve.ts';

const BASE: SimulationOptions = {
  curve: constantRate(8_000, 60),
  instances: 10,
  shards: 2,
  serviceMs: 1,
  redisMs: 0.001,
  roundTripMs: 0,
  maxInFlight: 100_000,
  seed: 5,
};

test('ten instances at 80% are ten M/M/1: the time of a lookup is exponential with mean service ÷ (1 − ρ)', () => {
  const { p50Ms, p99Ms, lookups, shed } = simulate(BASE);
  expect(Math.abs(lookups - 480_000)).toBeLessThan(5 * Math.sqrt(480_000));
  expect(shed).toBe(0);
  // 5 ms on average: the median is ln 2 and the 99th percentile ln 100 times that.
  expect(p50Ms / (5 * Math.LN2)).toBeCloseTo(1, 1);
  expect(p99Ms / (5 * Math.log(100))).toBeGreaterThan(0.93);
  expect(p99Ms / (5 * Math.log(100))).toBeLessThan(1.07);
});

test('shards are lines of their own: two at 80% make the same exponential', () => {
  const { p99Ms } = simulate({ ...BASE, serviceMs: 0.001, redisMs: 0.2 });
  // 0.2 ÷ 0.2 = 1 ms on average.
  expect(p99Ms / Math.log(100)).toBeGreaterThan(0.92);
  expect(p99Ms / Math.log(100)).toBeLessThan(1.08);
});

test('more than the instances can do is turned away, as much as is too much, and the rest waits the whole line', () => {
  const { shed, lookups, p50Ms } = simulate({ ...BASE, curve: constantRate(20_000, 30), maxInFlight: 100 });
  expect(shed / lookups).toBeCloseTo(0.5, 1);
  expect(p50Ms).toBeGreaterThan(80);
  expect(p50Ms).toBeLessThan(120);
});

test('without a bound on what is worked on the line grows all the time', () => {
  const { bySecond, shed } = simulate({ ...BASE, curve: constantRate(12_000, 20), maxInFlight: 1e9 });
  expect(shed).toBe(0);
  // 2,000 a second too many.
  const waiting = bySecond.map((one) => one.waiting);
  expect((waiting[19] ?? 0) - (waiting[9] ?? 0)).toBeGreaterThan(15_000);
});

test('the same seed simulates the same', () => {
  const small = { ...BASE, curve: constantRate(1_000, 5) };
  expect(simulate(small)).toEqual(simulate(small));
  expect(simulate({ ...small, seed: 6 }).p99Ms).not.toBe(simulate(small).p99Ms);
});

test('the curve of a plan holds all lookups within its minutes, most of them at first', () => {
  const forecast = { candidates: 1, lookupsPerCandidate: 5, firstMinuteShare: 0.2 };
  const curve = lookupCurve(forecast, 67_000_000, 10);
  expect(curveRequests(curve)).toBeCloseTo(67_000_000, 0);
  expect(curveSeconds(curve)).toBeCloseTo(600, 6);
  expect(curve.fromPerSecond).toBeGreaterThan(2 * (67_000_000 / 600));
});
