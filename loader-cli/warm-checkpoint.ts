/**
 * How far the warming of a batch has come, kept in the Redis that is warmed: when that is emptied the
 * checkpoint goes with it.
 */
import type { Batch } from './batches.ts';
import type { BatchTable } from './entry-blocks.ts';
import type { RedisWriter } from './redis.ts';

export interface WarmCheckpoint {
  /** Page of the batch's table: all entries before it are written. */
  readonly nextPage: number;
  /** Entries written so far. */
  readonly entries: number;
}

function key(batch: number): string {
  return `warming:${batch}`;
}

/** What a page number is worth something for: after a restored backup the same number may be another batch, or page. */
function boundTo(batch: Batch, table: BatchTable): string {
  return `${batch.nonceSalt.toString('hex')}:${table.fileNode}`;
}

export async function readCheckpoint(
  redis: RedisWriter,
  batch: Batch,
  table: BatchTable,
): Promise<WarmCheckpoint | undefined> {
  const stored = await redis.get(key(batch.number));
  const match = /^(.*):([0-9]{1,10}):([0-9]{1,15})$/.exec(stored ?? '');
  if (match === null || match[1] !== boundTo(batch, table)) return undefined;
  return { nextPage: Number(match[2]), entries: Number(match[3]) };
}

export async function writeCheckpoint(
  redis: RedisWriter,
  batch: Batch,
  table: BatchTable,
  reached: WarmCheckpoint,
): Promise<void> {
  await redis.set(key(batch.number), `${boundTo(batch, table)}:${reached.nextPage}:${reached.entries}`);
}

export async function removeCheckpoint(redis: RedisWriter, batch: number): Promise<void> {
  await redis.remove(key(batch));
}
