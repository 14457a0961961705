import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../service/page/shared/schedule.js';
import { firstAskAtMs, nextStep, retryDelayMs } from '../../service/page/shared/schedule.js';
import { simulateCrowd } from '../../loadtest/page/crowd.ts';

const situation = { attempt: 0, nowMs: 0, spreadMs: 8000, random: 0.5 };
const answer = (status: number, problem = '', more: Partial<Answer> = {}): Answer => ({
  status,
  problem,
  retryAfterS: undefined,
  releaseAtMs: undefined,
  ...more,
});

describe('the instant of the first asking', () => {
  it('is never before the release, and never later than the spread and a clock’s margin', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(60_000), (random, spreadMs) => {
        const at = firstAskAtMs(1_000_000, spreadMs, random);
        expect(at).toBeGreaterThan(1_000_000);
        expect(at).toBeLessThanOrEqual(1_000_000 + spreadMs + 150);
      }),
    );
  });
});

describe('a refusal', () => {
  it('is never followed by a try before Retry-After, nor by one much later', () => {
    fc.assert(
      fc.property(
        fc.nat(3600),
        fc.nat(1000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (retryAfterS, attempt, random) => {
          const delay = retryDelayMs(retryAfterS, attempt, random);
          expect(delay).toBeGreaterThanOrEqual(retryAfterS * 1000);
          expect(delay).toBeLessThanOrEqual(retryAfterS * 1000 + 20_000);
        },
      ),
    );
  });

  it('spreads the next tries further each time', () => {
    const widths = [0, 1, 2, 3, 10, 1000].map(
      (attempt) => retryDelayMs(1, attempt, 1) - retryDelayMs(1, attempt, 0),
    );
    expect(widths).toEqual([4000, 8000, 16_000, 20_000, 20_000, 20_000]);
  });

  it('without Retry-After is followed by no try at once', () => {
    expect(retryDelayMs(undefined, 0, 0)).toBe(2000);
    expect(retryDelayMs(undefined, 50, 0)).toBe(10_000);
  });
});

describe('an answer', () => {
  it.each([
    [answer(200), 'found'],
    [answer(404, 'candidate-not-found'), 'absent'],
    [answer(404, 'series-not-found'), 'gone'],
    [answer(400, 'invalid-request'), 'invalid'],
    [answer(403, 'not-released'), 'closed'],
    [answer(403, 'not-released', { releaseAtMs: 60_000 }), 'release'],
    [answer(429, 'proof-of-work-required'), 'proof'],
    [answer(429, 'too-many-attempts', { retryAfterS: 900 }), 'pause'],
    [answer(429, 'too-many-attempts', { retryAfterS: 40_000 }), 'blocked'],
  ])('%j leads to %s', (given, kind) => {
    expect(nextStep(given, situation).kind).toBe(kind);
  });

  it.each([
    [answer(0), 'offline'],
    [answer(503, 'overloaded'), 'busy'],
    [answer(503, 'temporarily-unavailable'), 'away'],
    [answer(500, 'internal-error'), 'away'],
    // A balancer's own words have no problem type.
    [answer(429), 'busy'],
    [answer(502), 'away'],
    [answer(503), 'busy'],
    [answer(418), 'unexpected'],
    [answer(301), 'unexpected'],
  ])('%j is waited for as %s', (given, reason) => {
    expect(nextStep(given, situation)).toMatchObject({ kind: 'retry', reason });
  });

  it('before the release puts the next asking behind the release, whatever the page’s clock says', () => {
    const given = answer(403, 'not-released', { releaseAtMs: 60_000, retryAfterS: 60 });
    for (const nowMs of [0, 30_000, 59_999, 90_000]) {
      const step = nextStep(given, { ...situation, nowMs, random: 0 });
      expect(step.kind === 'release' && step.delayMs).toBeGreaterThanOrEqual(60_000);
    }
  });

  it('that the release has not come after its time is not followed by a try at once', () => {
    const given = answer(403, 'not-released', { releaseAtMs: 60_000, retryAfterS: 0 });
    const step = nextStep(given, { ...situation, nowMs: 61_000, random: 0 });
    expect(step.kind === 'release' && step.delayMs).toBe(1000);
  });
});

describe('a crowd of 20,000 waiting pages', () => {
  it('arrives evenly over the spread and is served without a refusal when the service keeps up', () => {
    const result = simulateCrowd({ pages: 20_000, spreadMs: 8000, servedPerSecond: 4000, seed: 1 });
    expect(result.answered).toBe(20_000);
    expect(result.requests).toBe(20_000);
    expect(result.early).toBe(0);
    // The first second has the clocks' margin in it, the ninth is what is left of it.
    for (const arrivals of result.arrivalsPerSecond.slice(1, 8)) {
      expect(arrivals).toBeGreaterThan(2500 * 0.9);
      expect(arrivals).toBeLessThan(2500 * 1.1);
    }
  });

  it('is answered whole by a service that manages a fifth of it, without a storm of repeats', () => {
    const result = simulateCrowd({ pages: 20_000, spreadMs: 8000, servedPerSecond: 500, seed: 2 });
    expect(result.answered).toBe(20_000);
    // At 500 a second nothing could be over before 40 s.
    expect(result.lastAnswerS).toBeLessThan(40 * 1.6);
    expect(result.requests / result.pages).toBeLessThan(4);
    expect(Math.max(...result.arrivalsPerSecond)).toBeLessThan(2500 * 1.5);
  });

  it('comes back spread out after the service was away for half a minute', () => {
    const result = simulateCrowd({
      pages: 20_000,
      spreadMs: 8000,
      servedPerSecond: 4000,
      awayForS: 30,
      seed: 3,
    });
    expect(result.answered).toBe(20_000);
    expect(Math.max(...result.arrivalsPerSecond.slice(30))).toBeLessThan(4000);
  });

  it('with clocks up to two seconds off asks hardly a request more', () => {
    const result = simulateCrowd({
      pages: 20_000,
      spreadMs: 8000,
      servedPerSecond: 4000,
      clockErrorMs: 2000,
      seed: 4,
    });
    expect(result.answered).toBe(20_000);
    expect(result.requests).toBeLessThan(20_000 * 1.2);
  });
});
