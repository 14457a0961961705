/**
 * @module What is done to the Redis servers, one after the other, and how long the service felt it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { untilCacheIsBack } from '../../helpers/cache-watch.ts';
import { impairedMs, summarize, type CheckedLoad, type LoadSummary } from '../../helpers/checked-load.ts';
import type { FailoverStage } from '../../helpers/failover-stage.ts';
import type { RedisCluster } from '../../helpers/redis-cluster.ts';
import type { RedisSentinels } from '../../helpers/redis-sentinels.ts';
import { EPOCH_KEY } from '../../../service/results/redis-keys.ts';
import { keySlot } from '../../../service/results/redis-slot.ts';

/** Milliseconds: no answer may take longer. */
export const SLOW_MS = 600;
/** So long an instance may take to use the cache again before the drill gives it up. */
const GIVE_UP_MS = 20_000;
/** The load goes on for so long after each fault: an impairment that comes late is seen. */
const WATCH_MS = 6_000;
const SLOTS_MOVED = 200;

export interface Felt {
  readonly fault: string;
  /** From the fault to the last lookup with right credentials that was turned away, or took too long. */
  readonly impairedMs: number;
  /** From the fault until every instance reads Redis as usual; null: not within 20 s. */
  readonly cacheBackMs: number | null;
  readonly load: LoadSummary;
}

export type Fault = readonly [name: string, act: () => unknown, repair: () => Promise<unknown>];

/** @param seed which slots, and which of the masters. */
export function clusterFaults(cluster: RedisCluster, seed: number): readonly Fault[] {
  const epochSlot = keySlot(Buffer.from(EPOCH_KEY));
  let broken = cluster.nodes[0];
  const reshard = async (): Promise<void> => {
    const from = await cluster.masterOf(epochSlot);
    const others = (await cluster.masters()).filter((one) => one !== from);
    const to = others[seed % others.length];
    const inUse = await cluster.slotsInUse(from);
    const first = seed % Math.max(1, inUse.length - SLOTS_MOVED);
    const slots = new Set([epochSlot, ...inUse.slice(first, first + SLOTS_MOVED)]);
    if (to !== undefined) await cluster.moveSlots(from, to, [...slots], 2_000);
  };
  return [
    ['Cluster: slots with live keys move, the epoch among them', reshard, () => cluster.settled()],
    [
      'Cluster: the master of the epoch is killed',
      async () => {
        broken = await cluster.masterOf(epochSlot);
        await broken.kill();
      },
      async () => {
        await broken?.start();
        await cluster.settled();
      },
    ],
    [
      'Cluster: a master freezes',
      async () => {
        const masters = await cluster.masters();
        broken = masters[seed % masters.length];
        broken?.freeze();
      },
      async () => {
        broken?.thaw();
        await cluster.settled();
      },
    ],
  ];
}

export function sentinelFaults(set: RedisSentinels): readonly Fault[] {
  let broken = set.nodes[0];
  return [
    [
      'Sentinel: the master freezes',
      async () => {
        broken = await set.master();
        broken.freeze();
      },
      async () => {
        broken?.thaw();
        await set.settled();
      },
    ],
    [
      'Sentinel: the master is killed',
      async () => {
        broken = await set.master();
        await broken.kill();
      },
      async () => {
        await broken?.start();
        await set.settled();
      },
    ],
  ];
}

/** Does it, watches what becomes of the load, and puts it right. */
export async function feel(
  stage: FailoverStage,
  load: CheckedLoad,
  [fault, act, repair]: Fault,
): Promise<Felt> {
  const fromMs = performance.now();
  const back = untilCacheIsBack(stage.services, fromMs, GIVE_UP_MS).catch(() => null);
  await act();
  // A reshard is under way until here, and may not be felt at all.
  const cacheBackMs = await back;
  await sleep(Math.max(0, WATCH_MS - (performance.now() - fromMs)));
  // Before it is put right: that is not the fault's doing, but its answers are compared all the same.
  const answers = load.answers.filter(({ sentMs }) => sentMs >= fromMs);
  const felt = { fault, impairedMs: impairedMs(answers, fromMs, SLOW_MS), cacheBackMs };
  await repair();
  await untilCacheIsBack(stage.services, performance.now(), GIVE_UP_MS).catch(() => null);
  return { ...felt, load: summarize(load.answers.filter(({ sentMs }) => sentMs >= fromMs)) };
}
