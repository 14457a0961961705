/**
 * All entries of a sealed batch in the order in which they lie on Postgres's disk: COPY … TO STDOUT over a range of
 * the table's pages at a time. By digest, page after page of an index, every row is another random read
 * (1,000,000 entries: 14 s, so 2).
 *
 * A sealed batch never changes, so a page number is a place to go on from, as long as the table is the same file:
 * `fileNode` says which one. Failure policy: as every statement (database.ts).
 */
import { once } from 'node:events';
import { to as copyTo } from 'pg-copy-streams';
import type { Digest } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import type { Batch, Entry } from './batches.ts';
import type { Database } from './database.ts';

/** 1 MB of the table, some 7,000 entries: the round trip no longer counts, and several are held in memory. */
export const BLOCK_PAGES = 128;

export interface BatchTable {
  readonly pages: number;
  /** Changes when somebody rewrites or restores the table. */
  readonly fileNode: number;
}

/** Where the batch's entries lie. */
export async function readBatchTable(database: Database, batch: Batch): Promise<BatchTable> {
  const table = `fangbang.slip_${batch.number}`;
  return await database.one<{ pages: number; fileNode: number }>(
    `select (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int as pages,
       pg_relation_filenode($1::regclass)::bigint::float8 as "fileNode"`,
    [table],
  );
}

export interface EntryBlock {
  readonly entries: readonly Entry[];
  /** The page behind the block. */
  readonly nextPage: number;
}

/** The entries from a page on, a block ahead of its reader. @param pages of one block. */
export async function* entryBlocks(
  database: Database,
  batch: Batch,
  table: BatchTable,
  fromPage = 0,
  pages = BLOCK_PAGES,
): AsyncGenerator<EntryBlock, void> {
  const read = (from: number): Promise<Entry[]> | undefined =>
    from < table.pages ? readPages(database, batch.number, from, from + pages) : undefined;
  let ahead = read(fromPage);
  for (let page = fromPage; ahead !== undefined; page += pages) {
    const entries = await ahead;
    ahead = read(page + pages);
    // The reader may stop, or throw, before it comes to the next block.
    ahead?.catch(() => {});
    yield { entries, nextPage: page + pages };
  }
}

async function readPages(database: Database, batch: number, from: number, to: number): Promise<Entry[]> {
  return await database.guard(async (client) => {
    // COPY takes no parameters; all three are whole numbers of ours.
    const stream = client.query(
      copyTo(
        `copy (select digest, credential_set, candidate_number, payload from fangbang.slip where batch = ${batch}
           and ctid >= '(${from},0)' and ctid < '(${to},0)') to stdout (format binary)`,
        { highWaterMark: 4 * 1024 * 1024 },
      ),
    );
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    await once(stream, 'end');
    return readTuples(Buffer.concat(pieces));
  });
}

/** Signature, flags and extension of the binary format. */
const HEAD_BYTES = 19;
const FIELDS = 4;

/** Rows of the binary format of COPY; -1 in the place of the number of fields ends them. */
function readTuples(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  let at = HEAD_BYTES;
  for (;;) {
    const fields = bytes.readInt16BE(at);
    if (fields === -1) return entries;
    if (fields !== FIELDS)
      throw new FangbangError('stored-data-damaged', 'Postgres sent rows of another form');
    const digestAt = at + 6;
    const setAt = digestAt + bytes.readInt32BE(at + 2);
    const numberAt = setAt + 10;
    const numberEnd = numberAt + bytes.readInt32BE(setAt + 6);
    const payloadAt = numberEnd + 4;
    at = payloadAt + bytes.readInt32BE(numberEnd);
    entries.push({
      digest: bytes.subarray(digestAt, setAt) as Digest,
      credentialSet: bytes.readInt16BE(setAt + 4),
      candidateNumber: bytes.toString('utf8', numberAt, numberEnd),
      payload: bytes.subarray(payloadAt, at),
    });
  }
}
