/**
 * Which epoch an instance tells Redis.
 */
import { expect, it } from 'vitest';
import { EpochWatch } from '../../service/lookup/epoch-watch.ts';
import type { LookupObserver } from '../../service/lookup/observer.ts';
import type { RedisClient } from '../../service/lookup/redis-client.ts';
import { RedisWriter } from '../../service/lookup/redis-writer.ts';

class Rig {
  nowMs = 100_000;
  polledAtMs = this.nowMs;
  inRedis: string | null = null;
  readonly raised: string[] = [];
  readonly #client = {
    getBuffer: async () => (this.inRedis === null ? null : Buffer.from(this.inRedis)),
    eval: async (_script: string, _keys: number, _key: string, epoch: string) => {
      this.inRedis = epoch;
      this.raised.push(epoch);
    },
  };
  readonly #writer = new RedisWriter(
    this.#client as unknown as RedisClient,
    new EpochWatch(() => this.nowMs),
    {} as LookupObserver,
  );

  /** A second later. */
  async poll(epoch: number, isRead = true): Promise<void> {
    this.nowMs += 1_000;
    if (isRead) this.polledAtMs = this.nowMs;
    this.nowMs += 20;
    await this.#writer.compareEpoch(epoch, { pollAgeMs: this.nowMs - this.polledAtMs });
  }
}

it('a Redis that has lost the epoch is told what was polled since, and not what was known before', async () => {
  const rig = new Rig();
  await rig.poll(7);
  expect(rig.raised).toEqual([]);
  await rig.poll(7, false);
  expect(rig.raised).toEqual([]);
  await rig.poll(8);
  expect(rig.raised).toEqual(['8']);
});

it('a Redis that has only not heard of an act is told at once', async () => {
  const rig = new Rig();
  rig.inRedis = '7';
  await rig.poll(7);
  await rig.poll(8);
  expect(rig.raised).toEqual(['8']);
});

it('a higher epoch is left alone', async () => {
  const rig = new Rig();
  rig.inRedis = '9';
  for (let i = 0; i < 3; i += 1) await rig.poll(8);
  expect(rig.raised).toEqual([]);
});
