/**
 * @module The acts, each done by the CLI while one instance is cut off.
 *
 * Failure policy: an act that the CLI does not acknowledge with exit code 0 rejects, and so does an instance that does
 * not follow within 30 s once it is connected again; the ways are mended in any case.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { succeed } from '../../helpers/release.ts';
import { until } from '../../helpers/until.ts';
import type { Asking } from './asking.ts';
import type { Version } from './people.ts';
import { SERIES, type Stage } from './stage.ts';

/** Milliseconds after an acknowledgement until nothing of before may be answered (reliability.md section 3, row 9). */
const GRACE_MS = 2_000;
/** The same for an instance that is cut off from both stores. */
const GRACE_OF_LOST_MS = 10_000;
/** Before the act, so that it falls on an instance that is used to being cut off. */
const CUT_OFF_BEFORE_MS = 1_000;
/** After the time in which old answers are allowed. */
const WATCH_MS = 3_000;

export interface Act {
  readonly name: string;
  readonly to: Version;
  readonly verb: readonly string[];
  /** What the one instance is cut off from meanwhile. */
  readonly cutOffFrom: readonly ('postgres' | 'redis')[];
  /** Redis answers nobody meanwhile, not even the CLI. */
  readonly isRedisFrozen?: boolean;
  /** Nothing is open before: no slip is read, and no epoch with it; who is cut off hears of it every few seconds. */
  readonly isFromClosed?: boolean;
}

export interface Done {
  readonly name: string;
  readonly to: Version;
  /** By performance.now, as all times here. */
  readonly cutMs: number;
  readonly startedMs: number;
  readonly acknowledgedMs: number;
  readonly endedMs: number;
  /** What the CLI says of Redis. */
  readonly redisEpoch: boolean;
  readonly graceMs: Readonly<Record<'connected' | 'cutOff', number>>;
  /** From the mending until the instance that was cut off answers from what is in force. */
  readonly followedMs: number;
}

/** All that may happen to a release, in an order in which each is allowed. */
export function planActs({ numbers }: Stage): readonly Act[] {
  const publish = (batch: number): string[] => ['publish', String(batch), '--at', 'now'];
  const withdraw = ['withdraw', SERIES, '--reason', 'a drill'];
  return [
    { name: 'corrected', to: 'corrected', verb: publish(numbers.corrected), cutOffFrom: ['postgres'] },
    { name: 'rolled back', to: 'first', verb: ['rollback', SERIES], cutOffFrom: ['postgres'] },
    { name: 'withdrawn', to: 'closed', verb: withdraw, cutOffFrom: ['postgres'] },
    {
      name: 'opened again',
      to: 'first',
      verb: publish(numbers.first),
      cutOffFrom: ['postgres'],
      isFromClosed: true,
    },
    {
      name: 'corrected, cut off from Redis too',
      to: 'corrected',
      verb: publish(numbers.corrected),
      cutOffFrom: ['postgres', 'redis'],
    },
    {
      name: 'withdrawn with Redis frozen, which comes back as it was',
      to: 'closed',
      verb: withdraw,
      cutOffFrom: ['postgres'],
      isRedisFrozen: true,
    },
  ];
}

/** Does it under load and watches. @param how the ways break: refused, or silent. */
export async function doAct(
  { ways, redis, loader }: Stage,
  act: Act,
  { cutOff, how, stop }: { cutOff: Asking; how: 'cut' | 'stall'; stop: AbortSignal },
): Promise<Done> {
  const { name, to, verb, cutOffFrom, isRedisFrozen = false, isFromClosed = false } = act;
  const isLost = isRedisFrozen || isFromClosed || cutOffFrom.includes('redis');
  const graceMs = { connected: GRACE_MS, cutOff: isLost ? GRACE_OF_LOST_MS : GRACE_MS };
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stop });
  const cutMs = performance.now();
  let watched: Omit<Done, 'followedMs' | 'endedMs'>;
  for (const store of cutOffFrom) ways[store][how]();
  try {
    await pause(CUT_OFF_BEFORE_MS);
    if (isRedisFrozen) redis.freeze();
    const startedMs = performance.now();
    const { redisEpoch } = await succeed(loader(...verb, '--json'));
    const acknowledgedMs = performance.now();
    await pause(graceMs.cutOff + WATCH_MS);
    if (isRedisFrozen) {
      // It comes back with the epoch of before, and only the other instance can raise it.
      redis.thaw();
      await pause(WATCH_MS);
    }
    watched = { name, to, cutMs, startedMs, acknowledgedMs, redisEpoch: redisEpoch === true, graceMs };
  } finally {
    if (isRedisFrozen) redis.thaw();
    for (const way of Object.values(ways)) way.mend();
  }
  const mendedMs = performance.now();
  await until(`who was cut off knows that it is ${name}`, () =>
    cutOff.answers.some(
      ({ sentMs, reading }) =>
        sentMs > mendedMs &&
        reading.kind === 'of' &&
        reading.versions.length === 1 &&
        reading.versions[0] === to,
    ),
  );
  const endedMs = performance.now();
  return { ...watched, endedMs, followedMs: Math.round(endedMs - mendedMs) };
}
