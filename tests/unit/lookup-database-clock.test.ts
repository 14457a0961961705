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
    clock.set(1_000_000, 500);
    at(750);
    expect(clock.nowMs()).toBe(1_000_250);
  });

  it('is never ahead, however slow a reply was', () => {
    const { clock, at } = makeClock();
    // The database said 1,000,000 when the monotonic clock showed 100; the reply came at 400.
    at(400);
    clock.set(1_000_000, 400);
    expect(clock.nowMs()).toBeLessThanOrEqual(1_000_300);
  });

  it('does not go back for a slower reply, so that what was open stays open', () => {
    const { clock, at } = makeClock();
    at(100);
    clock.set(1_000_000, 100);
    at(1_100);
    expect(clock.nowMs()).toBe(1_001_000);
    // Sampled at 1,000,900 and received 200 ms later.
    at(1_101);
    clock.set(1_000_900, 1_101);
    expect(clock.nowMs()).toBe(1_001_000);
    at(1_301);
    expect(clock.nowMs()).toBe(1_001_100);
  });

  it('follows a database whose clock was set back', () => {
    const { clock, at } = makeClock();
    clock.set(5_000_000, 0);
    at(1_000);
    expect(clock.nowMs()).toBe(5_001_000);
    clock.set(1_000_000, 1_000);
    at(1_500);
    expect(clock.nowMs()).toBe(1_000_500);
  });
});
