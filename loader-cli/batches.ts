/**
 * What Postgres holds of a batch: its record, its definition, its entries page by page.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import { parseDefinition } from '#results/definition.ts';
import type { Digest, Pepper } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import type { Database } from './database.ts';

export interface Batch {
  readonly number: number;
  readonly series: string;
  readonly definitionVersion: number;
  /** In hex, as in Pepper. */
  readonly pepperFingerprint: string;
  readonly nonceSalt: Buffer;
  readonly codecVersion: number;
  /** The batch that this one corrects. */
  readonly corrects: number | null;
  readonly checksum: Buffer;
  readonly storedChecksum: Buffer;
  readonly candidates: number;
  /** One per candidate and credential set. */
  readonly entries: number;
}

/** One candidate under one credential set. */
export interface Entry {
  readonly digest: Digest;
  /** Its place among the definition's credential sets. */
  readonly credentialSet: number;
  readonly candidateNumber: string;
  readonly payload: Buffer;
}

/** Enough that the round trip does not count, little enough (1 MB or so) to hold several in memory. */
export const PAGE_ENTRIES = 5000;

/** @throws FangbangError `batch-not-found` */
export async function readBatch(database: Database, number: number): Promise<Batch> {
  const [batch] = await database.query<Batch>(
    `select number, series, definition_version as "definitionVersion",
       encode(pepper_fingerprint, 'hex') as "pepperFingerprint", nonce_salt as "nonceSalt",
       codec_version as "codecVersion", corrects, checksum, stored_checksum as "storedChecksum",
       candidates::float8 as candidates, entries::float8 as entries
     from fangbang.batch where number = $1 and sealed_at is not null`,
    [number],
  );
  if (batch !== undefined) return batch;
  throw new FangbangError('batch-not-found', `there is no batch ${number}`, {
    hint: 'fangbang status shows the batches',
  });
}

/** The definition that a batch was loaded by. */
export async function readDefinition(database: Database, batch: Batch): Promise<SeriesDefinition> {
  const { source } = await database.one<{ source: string }>(
    'select source from fangbang.definition where series = $1 and version = $2',
    [batch.series, batch.definitionVersion],
  );
  return parseDefinition(source, `${batch.series} version ${batch.definitionVersion}`);
}

/** The pepper that a batch was loaded with. @throws FangbangError `pepper-unknown` */
export function pepperOf(batch: Batch, peppers: readonly Pepper[]): Pepper {
  const pepper = peppers.find(({ fingerprint }) => fingerprint === batch.pepperFingerprint);
  if (pepper !== undefined) return pepper;
  throw new FangbangError(
    'pepper-unknown',
    `batch ${batch.number} was loaded with the pepper ${batch.pepperFingerprint}, which is not in the pepper file`,
    { hint: 'set FANGBANG_PEPPER_FILE to the file of that installation, or load the batch again' },
  );
}

/**
 * The entries of a batch in the order of their digests, a page ahead of its reader.
 * @param after where to go on; @param pageEntries of one page.
 */
export async function* entryPages(
  database: Database,
  batch: number,
  after: Buffer = Buffer.alloc(0),
  pageEntries: number = PAGE_ENTRIES,
): AsyncGenerator<Entry[], void> {
  const read = async (from: Buffer): Promise<Entry[]> =>
    await database.query<Entry>(
      `select digest, credential_set as "credentialSet", candidate_number as "candidateNumber", payload
       from fangbang.slip where batch = $1 and digest > $2 order by digest limit $3`,
      [batch, from, pageEntries],
    );
  let page = await read(after);
  for (;;) {
    const last = page.at(-1);
    if (last === undefined) return;
    const next = page.length < pageEntries ? Promise.resolve([]) : read(last.digest);
    // The reader may stop, or throw, before it comes to the next page.
    next.catch(() => {});
    yield page;
    page = await next;
  }
}
