/**
 * `fangbang verify`: file = Postgres = Redis, every candidate. What differs is counted by kind; marks
 * and identity numbers are never shown.
 *
 * Failure policy: only a verification without any difference is recorded, and only a recorded one
 * lets a batch be published.
 */
import type { Command } from 'commander';
import { showChecksum } from '#results/checksum.ts';
import { FangbangError } from '#results/errors.ts';
import { parseBatchNumber } from '../arguments.ts';
import type { Batch } from '../batches.ts';
import { pepperOf, readBatch, readDefinition } from '../batches.ts';
import { addVerb } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import type { Database } from '../database.ts';
import { EntryPrints } from '../pipeline/entry-prints.ts';
import type { FileCompared } from '../verify-file.ts';
import { ExpectedEntries } from '../verify-file.ts';
import type { StoresCompared } from '../verify-stores.ts';
import { compareStores } from '../verify-stores.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'verify <batch>',
    summary: 'file = Postgres = Redis: every candidate, counts and checksum',
    example: 'fangbang verify 3 --file results.csv',
    configure: (command) =>
      command.option(
        '--file <csv...>',
        'the official files that were loaded (else only the stores are compared)',
      ),
    run: async (ctx, [argument], options) => {
      const number = parseBatchNumber(argument);
      const paths = Array.isArray(options['file']) ? options['file'].map(String) : [];
      const peppers = ctx.peppers();
      const database = await ctx.database();
      const batch = await readBatch(database, number);
      const pepper = pepperOf(batch, peppers);
      const definition = await readDefinition(database, batch);
      const redis = await ctx.redis();
      const withRedis = redis !== undefined;
      if (paths.length === 0) {
        const stores = await compareStores(ctx, database, redis, batch, definition);
        return await conclude(ctx, database, { batch, stores, file: undefined, withRedis });
      }
      const expected = await ExpectedEntries.read(ctx, { database, batch, definition, pepper, paths });
      const found = new EntryPrints();
      try {
        const stores = await compareStores(ctx, database, redis, batch, definition, found);
        const file = expected.compareWith(found);
        return await conclude(ctx, database, { batch, stores, file, withRedis });
      } finally {
        expected.close();
        found.close();
      }
    },
  });
}

interface Outcome {
  readonly batch: Batch;
  readonly stores: StoresCompared;
  readonly file: FileCompared | undefined;
  readonly withRedis: boolean;
}

async function conclude(ctx: CommandContext, database: Database, outcome: Outcome): Promise<VerbResult> {
  const { batch, stores, file, withRedis } = outcome;
  const detail = {
    entries: stores.entries,
    unreadable: stores.unreadable,
    redis: withRedis ? { missing: stores.missingInRedis, altered: stores.alteredInRedis } : 'none',
    file: file === undefined ? null : describeFile(file),
  };
  const json = {
    batch: batch.number,
    series: batch.series,
    checksum: showChecksum(batch.checksum),
    ...detail,
  };
  const faults = faultsOf(outcome);
  if (faults.length > 0) return { json, failure: failed(outcome, faults) };

  const { head } = await database.one<{ head: string }>(
    `select fangbang.record_check($1, 'verified', $2) as head`,
    [batch.number, JSON.stringify(detail)],
  );
  const parts = [...(file === undefined ? [] : ['file']), 'Postgres', ...(withRedis ? ['Redis'] : [])];
  ctx.say(
    `batch ${batch.number} of ${batch.series} is verified: ${parts.join(' = ')}, ${batch.candidates} candidates, ${stores.entries} entries`,
  );
  if (file === undefined) ctx.say('not compared with the official file: --file');
  if (!withRedis) ctx.say('not compared with Redis: there is none');
  ctx.say(`checksum ${showChecksum(batch.checksum)}`);
  ctx.say(`audit head ${head}`);
  return { json: { ...json, head } };
}

function describeFile(file: FileCompared): object {
  const { files, checksum: _, ...counts } = file;
  return { files: files.map(({ name, sha256 }) => ({ name, sha256 })), ...counts };
}

function faultsOf({ batch, stores, file }: Outcome): string[] {
  const counted: [count: number, what: string][] = [
    [stores.unreadable, 'unreadable in Postgres'],
    [stores.missingInRedis, 'missing in Redis'],
    [stores.alteredInRedis, 'altered in Redis'],
    [file?.missingInPostgres ?? 0, 'missing in Postgres'],
    [file?.extraInPostgres ?? 0, 'extra in Postgres'],
    [file?.differing ?? 0, 'differing between file and Postgres'],
  ];
  const faults = counted.filter(([count]) => count > 0).map(([count, what]) => `${what}: ${count}`);
  if (stores.entries !== batch.entries)
    faults.push(`entries in Postgres: ${stores.entries}, by the batch's record ${batch.entries}`);
  if (!stores.storedChecksum.equals(batch.storedChecksum))
    faults.push('what Postgres holds has another checksum than when it was loaded');
  if (file !== undefined && !file.checksum.equals(batch.checksum))
    faults.push(`the file has another checksum than the batch: ${showChecksum(file.checksum)}`);
  // No fault by itself: a load may accept so many (--allow-rejects).
  if (faults.length > 0 && file !== undefined && file.rejected > 0)
    faults.push(`lines of the file that are rejected: ${file.rejected} (fangbang validate names them)`);
  return faults;
}

function failed({ batch, stores }: Outcome, faults: readonly string[]): FangbangError {
  const onlyRedis = faults.every((fault) => fault.includes('in Redis'));
  return new FangbangError('verification-failed', `batch ${batch.number} is not what it must be`, {
    faults,
    hint: onlyRedis
      ? `fangbang warm ${batch.number} --from-start, then verify again${stores.alteredInRedis > 0 ? '; find out who else writes to this Redis' : ''}`
      : 'do not publish it: make sure that this is the file that was loaded, then load it as a new batch',
  });
}
