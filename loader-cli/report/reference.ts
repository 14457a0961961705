/**
 * `--compare`: a series, a batch or a published table, as a distribution of totals.
 */
import { FangbangError } from '#results/errors.ts';
import { parseBatchNumber } from '../arguments.ts';
import { readBatch } from '../batches.ts';
import type { CommandContext } from '../context.ts';
import type { Database } from '../database.ts';
import { isDefinitionFile } from '../pipeline/series-option.ts';
import { readOpenings } from '../publications.ts';
import type { Reference } from './comparison.ts';
import type { Totals } from './distribution.ts';
import { readScoreTable } from './score-table.ts';

/**
 * @param text digits are a batch, with a dot or a slash a file, else a series: its open batch or its last.
 * @throws FangbangError `file-refused`, `batch-not-found`, `series-unknown`, `usage`; as every statement.
 */
export async function readReference(ctx: CommandContext, text: string): Promise<Reference> {
  if (isDefinitionFile(text)) return await readScoreTable(text);
  const database = await ctx.database();
  const number = /^[0-9]+$/.test(text) ? parseBatchNumber(text) : await batchOfSeries(database, text);
  const { series } = await readBatch(database, number);
  const totals = await totalsOf(database, number);
  if (totals === undefined) {
    throw new FangbangError('usage', `batch ${number} of ${series} has no totals to compare with`);
  }
  return { kind: 'batch', label: `batch ${number} of ${series}`, batch: number, totals };
}

async function batchOfSeries(database: Database, series: string): Promise<number> {
  const { open } = await readOpenings(database, series);
  if (open !== null) return open;
  const { last } = await database.one<{ last: number | null }>(
    'select max(number) as last from fangbang.batch where series = $1 and sealed_at is not null',
    [series],
  );
  if (last !== null) return last;
  throw new FangbangError('batch-not-found', `series ${series} has no batch to compare with`, {
    hint: 'fangbang status shows the batches',
  });
}

/** What a batch's record keeps of its totals; undefined when there are none. */
export async function totalsOf(database: Database, batch: number): Promise<Totals | undefined> {
  const { totals } = await database.one<{ totals: Record<string, number> | null }>(
    `select summary -> 'totals' as totals from fangbang.batch where number = $1`,
    [batch],
  );
  const pairs = Object.entries(totals ?? {}).map(([total, n]) => [Number(total), n] as const);
  return pairs.length === 0 ? undefined : pairs;
}
