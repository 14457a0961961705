/**
 * How far the warming of a batch has come, kept in the Redis that is warmed: when that is emptied the
 * checkpoint goes with it. On a Cluster every master has its own, written after the entries that it holds, so
 * that one that was emptied, or lost its last writes in a failover, says so: the least of them counts.
 */
import { warmCheckpointKey } from '#results/redis-keys.ts';
import type { Batch } from './batches.ts';
import type { BatchTable } from './entry-blocks.ts';
import type { RedisWriter } from './redis.ts';

export interface WarmCheckpoint {
  /** Page of the batch's table: all entries before it are written. */
  readonly nextPage: number;
  /** Entries written so far. */
  readonly entries: number;
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
  let least: WarmCheckpoint | undefined;
  for (const stored of await redis.getEverywhere(warmCheckpointKey(batch.number))) {
    const match = /^(.*):([0-9]{1,10}):([0-9]{1,15})$/.exec(stored ?? '');
    if (match === null || match[1] !== boundTo(batch, table)) return undefined;
    const nextPage = Number(match[2]);
    if (least === undefined || nextPage < least.nextPage) least = { nextPage, entries: Number(match[3]) };
  }
  return least;
}

export async function writeCheckpoint(
  redis: RedisWriter,
  batch: Batch,
  table: BatchTable,
  reached: WarmCheckpoint,
): Promise<void> {
  const value = `${boundTo(batch, table)}:${reached.nextPage}:${reached.entries}`;
  await redis.setEverywhere(warmCheckpointKey(batch.number), value);
}

export async function removeCheckpoint(redis: RedisWriter, batch: number): Promise<void> {
  await redis.removeEverywhere(warmCheckpointKey(batch));
}
