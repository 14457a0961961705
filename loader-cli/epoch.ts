/**
 * The second half of every act: Redis learns the epoch that Postgres has committed (design.md section 2.7).
 *
 * Failure policy: the act stands whatever happens here. With the epoch in Redis every instance stops
 * answering from what was taken back at its next lookup. With Redis away, or none, an instance that
 * cannot reach Postgres either stops by itself when its last successful poll is 10 s old: the act is
 * acknowledged after that time, while Redis is tried on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FangbangError } from '#results/errors.ts';
import type { CommandContext } from './context.ts';

/** Above the 10 s after which an instance without news stops. */
const ACKNOWLEDGE_WITHIN_MS = 12_000;
const TRY_EVERY_MS = 500;
const SLOW_AFTER_MS = 1000;
const SLOW = 'Redis does not answer';

/** Answers whether Redis has the epoch; false after 12 s, or when the person would not wait. */
export async function announceEpoch(ctx: CommandContext, epoch: number): Promise<boolean> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ACKNOWLEDGE_WITHIN_MS);
  const enough = AbortSignal.any([patience.signal, ctx.signal]);
  try {
    return await tryUntil(ctx, epoch, enough);
  } finally {
    clearTimeout(timer);
  }
}

async function tryUntil(ctx: CommandContext, epoch: number, enough: AbortSignal): Promise<boolean> {
  const ended = new Promise<'ended'>((resolve) => {
    if (enough.aborted) resolve('ended');
    else enough.addEventListener('abort', () => resolve('ended'), { once: true });
  });
  let isSaid = false;
  do {
    const tried = tryOnce(ctx, epoch);
    const problem = await Promise.race([tried, sleep(SLOW_AFTER_MS, SLOW)]);
    if (problem === undefined) return true;
    if (!isSaid) {
      isSaid = true;
      ctx.note(
        `the act is committed as epoch ${epoch}, but ${problem}: waiting ${ACKNOWLEDGE_WITHIN_MS / 1000} s, after which no instance answers from before it`,
      );
    }
    // A frozen Redis would keep one attempt for longer than we wait.
    if (problem === SLOW && (await Promise.race([tried, ended])) === undefined) return true;
    await Promise.race([sleep(TRY_EVERY_MS), ended]);
  } while (!enough.aborted);
  if (ctx.signal.aborted)
    ctx.note(
      'not waiting any longer: an instance that reaches neither store may answer from before the act for 10 s',
    );
  return false;
}

/** Why it failed, undefined when Redis has the epoch. Never throws. */
async function tryOnce(ctx: CommandContext, epoch: number): Promise<string | undefined> {
  try {
    const redis = await ctx.redis();
    if (redis === undefined) return 'there is no Redis to tell';
    await redis.raiseEpoch(epoch);
    return undefined;
  } catch (error) {
    // Nothing may make the act look undone, not even a Redis URL that cannot be read.
    return error instanceof FangbangError ? error.message : 'Redis could not be told';
  }
}

/** The last lines of every act. */
export function sayEpoch(
  ctx: CommandContext,
  act: { epoch: number; redisEpoch: boolean; head: string },
): void {
  ctx.say(`epoch ${act.epoch}, ${act.redisEpoch ? 'known to Redis' : 'not known to Redis'}`);
  ctx.say(`audit head ${act.head}`);
}
