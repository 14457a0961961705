/**
 * A release on a real Redis Cluster of three masters with a replica each, through the CLI and on both runtimes,
 * while lookups go on: every answer is compared with the truth.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { periodOf, periodTable } from '#results/limit-keys.ts';
import { EPOCH_KEY } from '#results/redis-keys.ts';
import { keySlot } from '#results/redis-slot.ts';
import { untilCacheIsBack } from '../helpers/cache-watch.ts';
import type { CheckedLoad } from '../helpers/checked-load.ts';
import { runCli } from '../helpers/cli.ts';
import {
  BACK_WITHIN_MS,
  expectAllAnswered,
  expectCountsOutlive,
  expectNoFault,
  expectWithdrawalHolds,
  isWarm,
} from '../helpers/failover-facts.ts';
import { openFailoverStage, type FailoverStage } from '../helpers/failover-stage.ts';
import { officialCandidates, officialFile } from '../helpers/official-gaokao.ts';
import { startRedisCluster, type RedisCluster } from '../helpers/redis-cluster.ts';
import type { RedisNode } from '../helpers/redis-node.ts';
import { succeed } from '../helpers/release.ts';

const PER_SECOND = 100;
const SLOTS_MOVED = 120;

let cluster: RedisCluster;
let stage: FailoverStage;
let load: CheckedLoad;

beforeAll(async () => {
  cluster = await startRedisCluster();
  stage = await openFailoverStage(cluster.url, ['bun', 'node']);
  load = stage.startLoad(PER_SECOND);
});
afterAll(async () => {
  await load?.stop();
  await stage?.close();
  await cluster?.discard();
});

const slotOf = (key: string): number => keySlot(Buffer.from(key));
const errorsOf = async (node: RedisNode, name: string): Promise<number> => {
  const count = (await node.info('errorstats')).get(`errorstat_${name}`);
  return Number(count?.replace('count=', '') ?? 0);
};
/** Kills a master and waits until another has its place and the service uses it. */
const killAndReplace = async (master: RedisNode): Promise<void> => {
  const killedMs = performance.now();
  await master.kill();
  await untilCacheIsBack(stage.services, killedMs, BACK_WITHIN_MS);
  expect(await cluster.masters()).toHaveLength(3);
  expect(await cluster.masters()).not.toContain(master);
};

it('warms every master, and answers from there', async () => {
  for (const { client } of await cluster.masters()) expect(await client.dbsize()).toBeGreaterThan(300);
  expect(await isWarm(stage, stage.batch)).toBe(true);
  await untilCacheIsBack(stage.services, performance.now(), BACK_WITHIN_MS);
  expectNoFault(load);
});

it('answers right while slots with live keys, the epoch among them, are moved to another master', async () => {
  const epochSlot = slotOf(EPOCH_KEY);
  const from = await cluster.masterOf(epochSlot);
  const to = (await cluster.masters()).find((one) => one !== from);
  if (to === undefined) throw new Error('there is one master only');
  const inUse = await cluster.slotsInUse(from);
  const slots = new Set([epochSlot, ...inUse.slice(0, SLOTS_MOVED)]);
  const [asksBefore, movedBefore] = [await errorsOf(from, 'ASK'), await errorsOf(from, 'MOVED')];
  expect(await cluster.moveSlots(from, to, [...slots], 1_500)).toBeGreaterThanOrEqual(SLOTS_MOVED);
  await sleep(1_000);
  // Otherwise nothing was asked for on its way.
  expect(await errorsOf(from, 'ASK')).toBeGreaterThan(asksBefore);
  expect(await errorsOf(from, 'MOVED')).toBeGreaterThan(movedBefore);
  await untilCacheIsBack(stage.services, performance.now(), BACK_WITHIN_MS);
  await cluster.settled();
  expect(await isWarm(stage, stage.batch)).toBe(true);
  expectNoFault(load);
});

it('goes on when a master is killed, and when it comes back as a replica, with nobody restarting anything', async () => {
  const master = await cluster.masterOf(slotOf(EPOCH_KEY));
  await killAndReplace(master);
  expectNoFault(load);
  await master.start();
  await cluster.settled();
  await untilCacheIsBack(stage.services, performance.now(), BACK_WITHIN_MS);
  await expectAllAnswered(stage, stage.candidates.slice(0, 20));
  expectNoFault(load);
});

it('limits guessing, and forgets nothing of it when the master that counts is killed', async () => {
  const master = await cluster.masterOf(slotOf(periodTable(periodOf(Date.now())).key));
  const restart = async (): Promise<void> => {
    await master.start();
    await cluster.settled();
  };
  await expectCountsOutlive(stage, () => killAndReplace(master), restart);
  expectNoFault(load);
});

it('tells an instance that is cut off from Postgres of a withdrawal', async () => {
  await load.stop();
  expectNoFault(load);
  await expectWithdrawalHolds(stage);
});

it('shows in status that any one master was emptied, and warm fills it again', async () => {
  for (const { client } of await cluster.masters()) {
    await client.flushall();
    expect(await isWarm(stage, stage.batch)).toBe(false);
    await succeed(stage.loader('warm', stage.batch, '--json'));
    expect(await isWarm(stage, stage.batch)).toBe(true);
  }
  await succeed(stage.loader('verify', stage.batch, '--file', stage.file, '--json'));
});

it('goes on with a warm that broke off, but begins afresh when a master was emptied; cool removes all', async () => {
  const { definition, loader, installation } = stage;
  const file = join(dirname(stage.file), 'later.csv');
  writeFileSync(file, officialFile(definition, officialCandidates(1_200, 1)));
  const batch = String((await succeed(loader('load', file, '--series', definition.id, '--json')))['batch']);
  const breakOff = async (): Promise<void> => {
    const env = {
      DATABASE_URL: installation.loaderUrl,
      REDIS_URL: cluster.url,
      FANGBANG_PEPPER_FILE: installation.pepperFile,
    };
    const slow = await runCli(['warm', batch, '--rate', '400', '--from-start', '--json'], {
      env,
      onStart: (child) => void setTimeout(() => child.kill('SIGINT'), 2_500),
    });
    expect(slow.exitCode).not.toBe(0);
  };
  await breakOff();
  const resumed = await succeed(loader('warm', batch, '--json'));
  expect(resumed).toMatchObject({ entries: 1_200 });
  expect(resumed['resumedAfter']).toBeGreaterThan(0);
  await succeed(loader('verify', batch, '--file', file, '--json'));

  await breakOff();
  await (await cluster.masters())[1]?.client.flushall();
  expect(await succeed(loader('warm', batch, '--json'))).toMatchObject({ entries: 1_200, resumedAfter: 0 });
  await succeed(loader('verify', batch, '--json'));

  expect(await succeed(loader('cool', batch, '--json'))).toMatchObject({ removed: 1_200 });
  for (const { client } of await cluster.masters()) expect(await client.keys(`warm*:${batch}:*`)).toEqual([]);
});
