/**
 * A release on a real set of Sentinels with a master and two replicas, through the CLI and on both runtimes,
 * while lookups go on: every answer is compared with the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { untilCacheIsBack } from '../helpers/cache-watch.ts';
import type { CheckedLoad } from '../helpers/checked-load.ts';
import {
  BACK_WITHIN_MS,
  expectAllAnswered,
  expectCountsOutlive,
  expectNoFault,
  expectWithdrawalHolds,
  isWarm,
} from '../helpers/failover-facts.ts';
import { openFailoverStage, type FailoverStage } from '../helpers/failover-stage.ts';
import type { RedisNode } from '../helpers/redis-node.ts';
import { startRedisSentinels, type RedisSentinels } from '../helpers/redis-sentinels.ts';
import { succeed } from '../helpers/release.ts';

const PER_SECOND = 100;

let set: RedisSentinels;
let stage: FailoverStage;
let load: CheckedLoad;

beforeAll(async () => {
  set = await startRedisSentinels();
  stage = await openFailoverStage(set.url, ['bun', 'node']);
  load = stage.startLoad(PER_SECOND);
});
afterAll(async () => {
  await load?.stop();
  await stage?.close();
  await set?.discard();
});

/** Breaks the master, and waits until another has its place and the service uses it. */
const replaceAfter = async (what: (master: RedisNode) => unknown): Promise<RedisNode> => {
  const master = await set.master();
  const brokenMs = performance.now();
  await what(master);
  await untilCacheIsBack(stage.services, brokenMs, BACK_WITHIN_MS);
  expect(await set.master()).not.toBe(master);
  return master;
};

it('goes on when the master freezes, and when it thaws and is no master any more', async () => {
  await untilCacheIsBack(stage.services, performance.now(), BACK_WITHIN_MS);
  const frozen = await replaceAfter((master) => master.freeze());
  expectNoFault(load);
  await expectAllAnswered(stage, stage.candidates.slice(0, 20));
  expect(await isWarm(stage, stage.batch)).toBe(true);
  frozen.thaw();
  await set.settled();
  await untilCacheIsBack(stage.services, performance.now(), BACK_WITHIN_MS);
  expectNoFault(load);
});

it('limits guessing, and forgets nothing of it when the master is killed', async () => {
  const master = await set.master();
  const restart = async (): Promise<void> => {
    await master.start();
    await set.settled();
  };
  await expectCountsOutlive(stage, () => replaceAfter(() => master.kill()), restart);
  expectNoFault(load);
});

it('goes on when a replica is killed and comes back', async () => {
  const master = await set.master();
  const replica = set.nodes.find((node) => node !== master);
  await replica?.kill();
  await sleep(500);
  await replica?.start();
  await set.settled();
  expect(await set.master()).toBe(master);
  await untilCacheIsBack(stage.services, performance.now(), BACK_WITHIN_MS);
  expectNoFault(load);
});

it('shows in status that it was emptied, and warm fills it again', async () => {
  await (await set.master()).client.flushall();
  expect(await isWarm(stage, stage.batch)).toBe(false);
  await succeed(stage.loader('warm', stage.batch, '--json'));
  expect(await isWarm(stage, stage.batch)).toBe(true);
  await succeed(stage.loader('verify', stage.batch, '--file', stage.file, '--json'));
  expectNoFault(load);
});

it('tells an instance that is cut off from Postgres of a withdrawal', async () => {
  await load.stop();
  expectNoFault(load);
  await expectWithdrawalHolds(stage);
});
