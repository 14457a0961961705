/**
 * Whether an equal epoch in Redis proves that nothing has happened.
 */
import { expect, it } from 'vitest';
import { EpochWatch } from '../../service/lookup/epoch-watch.ts';

class Rig {
  nowMs = 100_000;
  readonly watch = new EpochWatch(() => this.nowMs);
  polledAtMs = this.nowMs;

  /** Redis answers 50 ms after it was asked. */
  hear(epoch: number | undefined): void {
    this.nowMs += 50;
    this.watch.heard(epoch, this.nowMs - 50);
  }

  /** Redis is asked every 5 s, as when polls fail. */
  hearFor(ms: number, epoch: number | undefined): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 4_950;
      this.hear(epoch);
    }
  }

  get isUnbroken(): boolean {
    return this.watch.isUnbrokenFor(this.nowMs - this.polledAtMs);
  }
}

it('an equal epoch proves that nothing happened as long as Redis is heard, however long ago the poll was', () => {
  const rig = new Rig();
  rig.hear(7);
  expect(rig.isUnbroken).toBe(true);
  rig.hearFor(3_600_000, 7);
  expect(rig.isUnbroken).toBe(true);
});

it('an equal epoch proves nothing when Redis was never heard, or not for 10 s', () => {
  const rig = new Rig();
  expect(rig.isUnbroken).toBe(false);
  rig.hear(7);
  rig.nowMs += 9_949;
  expect(rig.isUnbroken).toBe(true);
  rig.nowMs += 1;
  expect(rig.isUnbroken).toBe(false);
});

it('an equal epoch proves nothing when Redis comes back from a long silence, until a poll later than that', () => {
  const rig = new Rig();
  rig.hear(7);
  rig.nowMs += 12_000;
  rig.hear(7);
  expect(rig.isUnbroken).toBe(false);
  rig.hearFor(60_000, 7);
  expect(rig.isUnbroken).toBe(false);
  rig.polledAtMs = rig.nowMs - 1;
  expect(rig.isUnbroken).toBe(true);
});

it('an equal epoch proves it after a silence of less than 10 s', () => {
  const rig = new Rig();
  rig.hear(7);
  rig.nowMs += 9_800;
  rig.hear(7);
  expect(rig.isUnbroken).toBe(true);
});

it('an equal epoch proves it when Redis is heard for the first time soon after the poll', () => {
  const rig = new Rig();
  rig.nowMs += 9_900;
  rig.hear(7);
  expect(rig.isUnbroken).toBe(true);
});

it.each([
  ['has none', undefined],
  ['went back', 6],
])('an equal epoch proves nothing when Redis %s, not even when somebody tells it again', (_, epoch) => {
  const rig = new Rig();
  rig.hear(7);
  rig.nowMs += 1_000;
  rig.hear(epoch);
  rig.hearFor(30_000, 7);
  expect(rig.isUnbroken).toBe(false);
  rig.polledAtMs = rig.nowMs - 1;
  expect(rig.isUnbroken).toBe(true);
});
