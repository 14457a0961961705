/**
 * How long those are held who are turned away.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission } from '../../service/http/admission.ts';
import { HeldAnswers, MOST_HOLD_MS } from '../../service/http/held-answers.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Milliseconds after which an answer that is held now is told. */
async function heldForMs(answers: HeldAnswers): Promise<number> {
  let isTold = false;
  const wait = async (): Promise<void> => {
    await answers.hold();
    isTold = true;
  };
  void wait();
  for (let ms = 0; ms <= 5_000; ms += 25) {
    await vi.advanceTimersByTimeAsync(25);
    if (isTold) return ms + 25;
  }
  throw new Error('never told');
}

describe('an answer to who is turned away', () => {
  it.each([
    [0, 1_000],
    [0.5, 1_500],
    [0.999_999, 2_000],
  ])('is held for one to two seconds, by a random number of %d for %i ms', async (random, expected) => {
    expect(await heldForMs(new HeldAnswers(1_000, () => random))).toBe(expected);
  });

  it('is told in time by a process that is late with its timers', async () => {
    const began = performance.now();
    const now = vi.spyOn(performance, 'now');
    vi.setSystemTime(0);
    now.mockImplementation(() => began + 3 * Date.now());
    expect(await heldForMs(new HeldAnswers(1_000, () => 0.5))).toBe(500);
    now.mockRestore();
  });

  it('is held as long when others are held already', async () => {
    const answers = new HeldAnswers(1_000, () => 0.5);
    void answers.hold();
    await vi.advanceTimersByTimeAsync(700);
    expect(await heldForMs(answers)).toBe(1_500);
  });

  it.each([
    [6_000, 1_500],
    [9_000, 2_250],
    [15_000, 3_750],
    [100_000, 3_750],
  ])('is held longer when %i are: %i ms, and then no timer is left', async (held, expected) => {
    const answers = new HeldAnswers(1_000, () => 0.5);
    for (let i = 0; i < held; i += 1) void answers.hold();
    expect(await heldForMs(answers)).toBe(expected);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(answers.held).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is held for 5 s at most, whatever the setting', async () => {
    const answers = new HeldAnswers(MOST_HOLD_MS, () => 0.999_999);
    for (let i = 0; i < 100_000; i += 1) void answers.hold();
    expect(await heldForMs(answers)).toBe(5_000);
  });

  it('is told at once when nothing is to be held', () => {
    expect(new HeldAnswers(0).hold()).toBeUndefined();
  });

  it('is counted when it is held', () => {
    let shed = 0;
    const admission = new Admission(1, { inFlight: () => {}, shed: () => (shed += 1) });
    expect(admission.turnAway()).toBeDefined();
    expect(shed).toBe(1);
  });
});
