/**
 * Which two batches `diff` compares.
 */
import { FangbangError } from '#results/errors.ts';
import { readBatch } from '../batches.ts';
import type { Batch } from '../batches.ts';
import type { Database } from '../database.ts';
import { readOpenings } from '../publications.ts';

/**
 * @param other else: the batch in force of the same series; for that one itself the batch that it corrects,
 * or the one that was open before it.
 * @returns the older and the newer by number.
 * @throws FangbangError `batch-not-found`, `usage`
 */
export async function chooseBatches(
  database: Database,
  number: number,
  other: number | undefined,
): Promise<{ from: Batch; to: Batch }> {
  const batch = await readBatch(database, number);
  const second = await readBatch(database, other ?? (await defaultOther(database, batch)));
  if (second.number === batch.number)
    throw new FangbangError('usage', 'a batch is compared with another one', { hint: 'fangbang diff 3 2' });
  if (second.series !== batch.series) {
    throw new FangbangError(
      'usage',
      `batch ${batch.number} is of ${batch.series}, batch ${second.number} of ${second.series}`,
      {
        hint: 'to compare the totals of two series: fangbang validate … --compare',
      },
    );
  }
  return batch.number < second.number ? { from: batch, to: second } : { from: second, to: batch };
}

async function defaultOther(database: Database, batch: Batch): Promise<number> {
  const { open, before } = await readOpenings(database, batch.series);
  const other = open !== null && open !== batch.number ? open : (batch.corrects ?? before);
  if (other !== null && other !== batch.number) return other;
  throw new FangbangError('usage', `there is no batch to compare batch ${batch.number} with`, {
    hint: 'name the second batch: fangbang diff 3 2; fangbang status shows them',
  });
}
