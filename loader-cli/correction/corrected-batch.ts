/**
 * Which batch a correction corrects, and whether it can: the one that is open, else the one that will be.
 */
import { FangbangError } from '#results/errors.ts';
import { CODEC_VERSION } from '#results/slip-codec.ts';
import { readBatch } from '../batches.ts';
import type { Batch } from '../batches.ts';
import type { Database } from '../database.ts';
import type { Openings } from '../publications.ts';
import { readOpenings } from '../publications.ts';

export interface Corrected {
  readonly batch: Batch;
  readonly openings: Openings;
}

/** @throws FangbangError `series-unknown`, `nothing-to-correct`, `definition-changed` */
export async function findCorrected(database: Database, series: string): Promise<Corrected> {
  const openings = await readOpenings(database, series);
  const number = openings.open ?? openings.scheduled;
  if (number === null) {
    throw new FangbangError(
      'nothing-to-correct',
      `series ${series} has no batch that is open or about to open`,
      { hint: 'load the whole file instead: fangbang load; what is not published needs no correction' },
    );
  }
  const batch = await readBatch(database, number);
  await expectSameForm(database, batch);
  return { batch, openings };
}

/**
 * Carried-over slips are the old bytes: they can be read only by the definition and the codec that they
 * were written by.
 */
async function expectSameForm(database: Database, batch: Batch): Promise<void> {
  const { latest } = await database.one<{ latest: number }>(
    'select max(version) as latest from fangbang.definition where series = $1',
    [batch.series],
  );
  if (latest !== batch.definitionVersion) {
    throw new FangbangError(
      'definition-changed',
      `the definition of ${batch.series} is at version ${latest}, batch ${batch.number} was loaded by version ${batch.definitionVersion}`,
      { hint: 'a new definition takes effect only for all candidates together: load the whole file' },
    );
  }
  if (batch.codecVersion !== CODEC_VERSION) {
    throw new FangbangError(
      'definition-changed',
      `batch ${batch.number} was loaded by another version of this program`,
      { hint: 'load the whole file' },
    );
  }
}

/** Whoever published meanwhile would have their batch undone by this one. @throws FangbangError `nothing-to-correct` */
export async function expectStillOpen(database: Database, corrected: Batch): Promise<void> {
  const openings = await readOpenings(database, corrected.series);
  const now = openings.open ?? openings.scheduled;
  if (now === corrected.number) return;
  throw new FangbangError(
    'nothing-to-correct',
    `batch ${corrected.number} is no longer the one to correct: ${now === null ? 'none is open' : `batch ${now} is`}`,
    { hint: 'fangbang status shows what happened meanwhile; nothing was stored' },
  );
}
