/**
 * `fangbang warm`: Postgres → Redis, every entry sealed under its candidate's own digest.
 *
 * Failure policy: a warm that breaks off leaves what it wrote (nobody can reach an unreleased batch)
 * and a checkpoint; the same command goes on there. A batch counts as warmed only after its last entry.
 */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { slipKey, warmMarkerKey } from '#results/redis-keys.ts';
import { makeSealNonce, sealPayload } from '#results/seal.ts';
import { parseBatchNumber, parseCount } from '../arguments.ts';
import type { Batch } from '../batches.ts';
import { readBatch } from '../batches.ts';
import { addVerb, textOption } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import type { Database } from '../database.ts';
import type { BatchTable } from '../entry-blocks.ts';
import { BLOCK_PAGES, entryBlocks, readBatchTable } from '../entry-blocks.ts';
import { Pace } from '../pace.ts';
import type { RedisWriter } from '../redis.ts';
import type { WarmCheckpoint } from '../warm-checkpoint.ts';
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from '../warm-checkpoint.ts';

/** Chunks sent and not yet acknowledged: Redis is never idle while the next chunk is sealed. */
const CHUNKS_IN_FLIGHT = 4;

export function register(program: Command): void {
  addVerb(program, {
    name: 'warm <batch>',
    summary: 'seal a batch and write it to Redis; goes on where an earlier one broke off',
    example: ['fangbang warm 3', 'fangbang warm 3 --rate 20000'],
    configure: (command) =>
      command
        .option('--rate <n>', 'at most so many entries per second')
        .option('--from-start', 'write everything again, whatever an earlier warm reached'),
    run: async (ctx, [argument], options) => {
      const number = parseBatchNumber(argument);
      const rate = parseCount('--rate', textOption(options, 'rate'));
      const database = await ctx.database();
      const batch = await readBatch(database, number);
      const redis = await ctx.redis();
      if (redis === undefined) return await recordWithoutRedis(ctx, database, batch);
      return await warm(ctx, { database, redis, batch, rate, fromStart: options['fromStart'] === true });
    },
  });
}

interface Job {
  readonly database: Database;
  readonly redis: RedisWriter;
  readonly batch: Batch;
  readonly rate: number | undefined;
  readonly fromStart: boolean;
}

async function warm(ctx: CommandContext, job: Job): Promise<VerbResult> {
  const { database, redis, batch } = job;
  await warnOfEviction(ctx, redis);
  const startedAtMs = performance.now();
  const table = await readBatchTable(database, batch);
  const checkpoint = job.fromStart ? undefined : await readCheckpoint(redis, batch, table);
  if (checkpoint !== undefined) {
    ctx.note(
      `an earlier warm broke off: going on after ${checkpoint.entries} of ${batch.entries} entries (--from-start writes all again)`,
    );
  }
  const entries = await writeEntries(ctx, job, table, checkpoint);
  if (entries !== batch.entries) {
    throw new FangbangError(
      'stored-data-damaged',
      `batch ${batch.number} has ${batch.entries} entries by its record, ${entries} were found`,
      { hint: `start afresh with fangbang warm ${batch.number} --from-start, then fangbang verify` },
    );
  }
  await redis.setEverywhere(warmMarkerKey(batch.number), String(entries));
  await removeCheckpoint(redis, batch.number);
  const seconds = Math.round(performance.now() - startedAtMs) / 1000;
  const resumedAfter = checkpoint?.entries ?? 0;
  const head = await recordWarmed(database, batch, { entries, resumedAfter, seconds });
  ctx.say(`batch ${batch.number} of ${batch.series} is in Redis: ${entries} entries in ${seconds} s`);
  ctx.say(`audit head ${head}`);
  ctx.say(`next: fangbang verify ${batch.number} --file …`);
  return { json: { batch: batch.number, series: batch.series, entries, resumedAfter, seconds, head } };
}

/** Answers how many entries are written, those of the earlier warm included. */
async function writeEntries(
  ctx: CommandContext,
  { database, redis, batch, rate }: Job,
  table: BatchTable,
  checkpoint: WarmCheckpoint | undefined,
): Promise<number> {
  const nonce = makeSealNonce(batch.codecVersion, batch.nonceSalt);
  const pace = new Pace(rate);
  const progress = ctx.progress(`warming batch ${batch.number}`, batch.entries);
  progress.advance(checkpoint?.entries ?? 0);
  const inFlight: { written: Promise<void>; reached: WarmCheckpoint; count: number }[] = [];
  const acknowledgeFirst = async (): Promise<void> => {
    const first = inFlight.shift();
    if (first === undefined) return;
    await first.written;
    await writeCheckpoint(redis, batch, table, first.reached);
    progress.advance(first.count);
  };

  let entries = checkpoint?.entries ?? 0;
  const blocks = entryBlocks(database, batch, table, checkpoint?.nextPage, blockPages(batch, table, rate));
  for await (const { entries: block, nextPage } of blocks) {
    ctx.signal.throwIfAborted();
    const written = redis.setMany(
      block.map(({ digest }) => slipKey(batch.number, digest)),
      block.map(({ digest, payload }) => sealPayload(digest, nonce, payload)),
    );
    // Reported where it is awaited; a later chunk may fail before that.
    written.catch(() => {});
    entries += block.length;
    inFlight.push({ written, reached: { nextPage, entries }, count: block.length });
    if (inFlight.length >= CHUNKS_IN_FLIGHT) await acknowledgeFirst();
    await pace.after(block.length, ctx.signal);
  }
  while (inFlight.length > 0) await acknowledgeFirst();
  progress.done();
  return entries;
}

/** With a low rate small blocks, some ten a second, so that the load is even. */
function blockPages(batch: Batch, table: BatchTable, rate: number | undefined): number {
  if (rate === undefined) return BLOCK_PAGES;
  const entriesOfPage = Math.max(1, batch.entries / Math.max(1, table.pages));
  return Math.min(BLOCK_PAGES, Math.max(1, Math.round(rate / 10 / entriesOfPage)));
}

async function warnOfEviction(ctx: CommandContext, redis: RedisWriter): Promise<void> {
  for (const policy of await redis.evictionPolicies()) {
    if (policy === undefined || policy === 'noeviction') continue;
    ctx.note(
      `warning: Redis may throw results and counters away (maxmemory-policy ${policy}): set it to noeviction`,
    );
  }
}

async function recordWithoutRedis(
  ctx: CommandContext,
  database: Database,
  batch: Batch,
): Promise<VerbResult> {
  const head = await recordWarmed(database, batch, { entries: 0, redis: 'none' });
  ctx.say(
    `nothing to warm without Redis: batch ${batch.number} of ${batch.series} is answered from Postgres`,
  );
  ctx.say(`audit head ${head}`);
  return { json: { batch: batch.number, series: batch.series, entries: 0, redis: 'none', head } };
}

async function recordWarmed(
  database: Database,
  batch: Batch,
  detail: Record<string, unknown>,
): Promise<string> {
  const { head } = await database.one<{ head: string }>(
    `select fangbang.record_check($1, 'warmed', $2) as head`,
    [batch.number, JSON.stringify(detail)],
  );
  return head;
}
