/**
 * `fangbang cool`: takes a batch out of Redis.
 *
 * Failure policy: Postgres is told first, so that nobody can publish a batch whose keys are going; what
 * was not removed is removed by the same command again. What a lookup misses in Redis comes from Postgres.
 */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
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
      await expectUnused(database, batch);
      const redis = await ctx.redis();
      const { head } = await database.one<{ head: string }>(
        `select fangbang.record_check($1, 'cooled', '{}') as head`,
        [number],
      );
      // An act that came between the two statements above is seen now.
      await expectUnused(database, batch);
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

async function expectUnused(database: Database, batch: Batch): Promise<void> {
  const [use] = await database.query<{ as: string }>(
    `select u.as from (
       select (fangbang.act_in_force($1, clock_timestamp())).batch, 'open'
       union all select fangbang.batch_before($1, clock_timestamp()), 'what a rollback would open'
       union all select p.batch, 'about to open' from fangbang.publication p
         where p.series = $1 and p.cancelled_by is null and p.opens_at > clock_timestamp()
     ) u (batch, "as") where u.batch = $2`,
    [batch.series, batch.number],
  );
  if (use === undefined) return;
  throw new FangbangError('batch-is-in-use', `batch ${batch.number} of ${batch.series} is ${use.as}`, {
    hint: 'fangbang status shows which batches are in use; publish another or withdraw first',
  });
}

async function removeEntries(
  ctx: CommandContext,
  database: Database,
  redis: RedisWriter,
  batch: Batch,
): Promise<number> {
  await redis.remove(warmMarkerKey(batch.number));
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
