import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatabaseClock } from '#lookup/database-clock.ts';

/** A monotonic clock that a test moves. */
function makeClock(): { clock: DatabaseClock; at: (ms: number) => void } {
  let monotonicMs = 0;
  return { clock: new DatabaseClock(() => monotonicMs), at: (ms) => (monotonicMs = ms) };
}

describe('the clock of the database', () => {
  it('has no time before the first reading', () => {
    expect(makeClock().clock.nowMs()).toBeNaN();
  });

  it('is carried forward from the reply', () => {
    const { clock, at } = makeClock();
    at(500);
    clock.set(1_000_000, { sentMs: 499, receivedMs: 500 });
    at(750);
    expect(clock.nowMs()).toBe(1_000_250);
  });

  it('is never ahead, however slow a reply was', () => {
    const { clock, at } = makeClock();
    // The database said 1,000,000 when the monotonic clock showed 100; the reply came at 400.
    at(400);
    clock.set(1_000_000, { sentMs: 90, receivedMs: 400 });
    expect(clock.nowMs()).toBeLessThanOrEqual(1_000_300);
  });

  it('does not go back for a slower reply, so that what was open stays open', () => {
    const { clock, at } = makeClock();
    at(100);
    clock.set(1_000_000, { sentMs: 90, receivedMs: 100 });
    at(1_100);
    expect(clock.nowMs()).toBe(1_001_000);
    // Sampled at 1,000,900 and received 200 ms later.
    at(1_101);
    clock.set(1_000_900, { sentMs: 1_050, receivedMs: 1_101 });
    expect(clock.nowMs()).toBe(1_001_000);
    at(1_301);
    expect(clock.nowMs()).toBe(1_001_100);
  });

  it('is not behind by what a reply took, when one before was quicker', () => {
    const { clock, at } = makeClock();
    clock.set(1_000_000, { sentMs: -2, receivedMs: 0 });
    // Sampled at 1,001,000, when the monotonic clock showed 1,000; read 800 ms late.
    at(1_800);
    clock.set(1_001_000, { sentMs: 999, receivedMs: 1_800 });
    const nowMs = clock.nowMs();
    expect(nowMs).toBeGreaterThan(1_001_798);
    expect(nowMs).toBeLessThanOrEqual(1_001_800);
  });

  it('is never ahead of a database whose clock falls back as fast as NTP lets it', () => {
    const { clock, at } = makeClock();
    const slow = fc.array(fc.record({ before: fc.nat(3_000), after: fc.nat(3_000) }), { minLength: 1 });
    fc.assert(
      fc.property(slow, (replies) => {
        const databaseAt = (monotonicMs: number): number => 1e12 + monotonicMs * (1 - 0.0005);
        let nowMs = 1;
        for (const { before, after } of replies) {
          const sentMs = nowMs;
          nowMs += 1_000 + before + after;
          const fresh = new DatabaseClock(() => nowMs);
          clock.set(databaseAt(sentMs + before), { sentMs, receivedMs: nowMs });
          fresh.set(databaseAt(sentMs + before), { sentMs, receivedMs: nowMs });
          at(nowMs);
          expect(clock.nowMs()).toBeLessThanOrEqual(databaseAt(nowMs) + 1e-3);
          expect(clock.nowMs()).toBeGreaterThanOrEqual(fresh.nowMs());
        }
      }),
    );
  });

  it('follows a database whose clock was set back', () => {
    const { clock, at } = makeClock();
    clock.set(5_000_000, { sentMs: -10, receivedMs: 0 });
    at(1_000);
    expect(clock.nowMs()).toBe(5_001_000);
    clock.set(1_000_000, { sentMs: 990, receivedMs: 1_000 });
    at(1_500);
    expect(clock.nowMs()).toBe(1_000_500);
  });
});
