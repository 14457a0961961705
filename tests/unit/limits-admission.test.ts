/**
 * How many lookups are taken in when the process is late.
 */
import { describe, expect, it } from 'vitest';
import { Admission } from '../../service/http/admission.ts';
import { LoopWatch } from '../../service/http/loop-watch.ts';

/** A loop whose clock the test turns. */
function makeLoop(maxDelayMs: number): { watch: LoopWatch; tick: (lateMs: number) => void } {
  let nowMs = 0;
  const watch = new LoopWatch(maxDelayMs, () => nowMs);
  watch.start();
  watch.stop();
  return {
    watch,
    tick: (lateMs) => {
      nowMs += 20 + lateMs;
      watch.look();
    },
  };
}

describe('a loop', () => {
  it('that is on time lets admission use all of its limit', () => {
    const { watch, tick } = makeLoop(50);
    for (let i = 0; i < 20; i += 1) tick(49);
    expect(watch.share).toBe(1);
    expect(watch.delayMs).toBe(49);
  });

  it('that is late takes in less at once, but never nothing, and more again when it is on time', () => {
    const { watch, tick } = makeLoop(50);
    tick(60);
    expect(watch.share).toBeLessThan(0.75);
    for (let i = 0; i < 50; i += 1) tick(200);
    expect(watch.share).toBe(1 / 8);
    tick(0);
    expect(watch.share).toBeGreaterThan(1 / 8);
    for (let i = 0; i < 20; i += 1) tick(0);
    expect(watch.share).toBe(1);
  });
});

describe('admission', () => {
  it.each([
    [8, 1, 8],
    [8, 0.5, 4],
    [8, 1 / 8, 1],
    [2, 1 / 8, 1],
  ])('with a limit of %i and a share of %d takes in %i', (limit, share, expected) => {
    const admission = new Admission(limit, { inFlight: () => {}, shed: () => {} }, () => share);
    let admitted = 0;
    while (admitted < 20 && admission.enter()) admitted += 1;
    expect(admitted).toBe(expected);
    expect(admission.isFull).toBe(true);
    admission.leave();
    expect(admission.enter()).toBe(true);
  });
});
