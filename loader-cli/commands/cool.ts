/**
 * `fangbang cool`: takes a batch out of Redis.
 *
 * Failure policy: Postgres is told first, and refuses what is in use; from then on nobody can publish the
 * batch whose keys are going. What was not removed is removed by the same command again. What a lookup
 * misses in Redis comes from Postgres.
 */
import type { Command } from 'commander';
import { slipKey, warmMarkerKey } from '#results/redis-keys.ts';
import { parseBatchNumber } from '../arguments.ts';
import type { Batch } from '../batches.ts';
import { entryPages, readBatch } from '../batches.ts';
import { addVerb } from '../command.ts';
import type { CommandContext } from '../command.ts';
import type { Database } from '../database.ts';
import type { RedisWriter } from '../redis.ts';
import { removeCheckpoint } from '../warm-checkpoint.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'cool <batch>',
    summary: 'remove a batch from Redis; refused for the open, the next and the previous one',
    example: 'fangbang cool 1',
    run: async (ctx, [argument]) => {
      const number = parseBatchNumber(argument);
      const database = await ctx.database();
      const batch = await readBatch(database, number);
      const redis = await ctx.redis();
      const { head } = await database.one<{ head: string }>(
        `select fangbang.record_check($1, 'cooled', '{}') as head`,
        [number],
      );
      const removed = redis === undefined ? 0 : await removeEntries(ctx, database, redis, batch);
      ctx.say(
        redis === undefined
          ? `nothing to remove without Redis; batch ${number} needs fangbang warm before it is published`
          : `batch ${number} of ${batch.series} is out of Redis: ${removed} entries removed`,
      );
      ctx.say(`audit head ${head}`);
      return { json: { batch: number, series: batch.series, removed, head } };
    },
  });
}

async function removeEntries(
  ctx: CommandContext,
  database: Database,
  redis: RedisWriter,
  batch: Batch,
): Promise<number> {
  await redis.removeEverywhere(warmMarkerKey(batch.number));
  await removeCheckpoint(redis, batch.number);
  const progress = ctx.progress(`cooling batch ${batch.number}`, batch.entries);
  let removed = 0;
  for await (const page of entryPages(database, batch.number)) {
    ctx.signal.throwIfAborted();
    removed += await redis.unlinkMany(page.map(({ digest }) => slipKey(batch.number, digest)));
    progress.advance(page.length);
  }
  progress.done();
  return removed;
}
