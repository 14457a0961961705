/**
 * How far the warming of a batch has come, kept in the Redis that is warmed: when that is emptied the
 * checkpoint goes with it.
 */
import type { Batch } from './batches.ts';
import type { RedisWriter } from './redis.ts';

export interface WarmCheckpoint {
  /** The digest up to which all entries are written. */
  readonly after: Buffer;
  /** Entries written so far. */
  readonly entries: number;
}

function key(batch: number): string {
  return `warming:${batch}`;
}

/** Bound to the batch's nonce: after a restored backup the same number may be another batch. */
export async function readCheckpoint(redis: RedisWriter, batch: Batch): Promise<WarmCheckpoint | undefined> {
  const stored = await redis.get(key(batch.number));
  const [salt, after = '', entries = ''] = (stored ?? '').split(':');
  if (salt !== batch.nonceSalt.toString('hex') || !/^[0-9a-f]{128}$/.test(after) || !/^[0-9]+$/.test(entries))
    return undefined;
  return { after: Buffer.from(after, 'hex'), entries: Number(entries) };
}

export async function writeCheckpoint(
  redis: RedisWriter,
  batch: Batch,
  reached: WarmCheckpoint,
): Promise<void> {
  const parts = [batch.nonceSalt.toString('hex'), reached.after.toString('hex'), reached.entries];
  await redis.set(key(batch.number), parts.join(':'));
}

export async function removeCheckpoint(redis: RedisWriter, batch: number): Promise<void> {
  await redis.remove(key(batch));
}
