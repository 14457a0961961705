/**
 * The official file against what Postgres holds: the file is read again as `load` reads it, every
 * candidate looked up by the digest of the credentials, and the batch's checksum computed anew.
 *
 * Memory: one piece of the file (256 KB) and, for a correction, the numbers of its candidates.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import type { Digest, Pepper } from '#results/digest.ts';
import { computeDigest } from '#results/digest.ts';
import type { Batch, Entry } from './batches.ts';
import { PAGE_ENTRIES, entryPages, readBatch } from './batches.ts';
import type { CommandContext } from './command.ts';
import type { Database } from './database.ts';
import type { AcceptedRow, FileReport } from './pipeline/read-official-files.ts';
import { readOfficialFiles } from './pipeline/read-official-files.ts';

export interface FileCompared {
  readonly files: readonly FileReport[];
  readonly candidates: number;
  /** Lines that are rejected, as they were, or would have been, at the load. */
  readonly rejected: number;
  /** Over the definition and the rows of the file. */
  readonly checksum: Buffer;
  /** In the file (or, for a correction, in the batch that it corrects), not in the batch. */
  readonly missingInPostgres: number;
  /** In the batch, not in the file. */
  readonly extraInPostgres: number;
  /** In both with another slip, candidate number or credential set. */
  readonly differing: number;
}

interface Job {
  readonly database: Database;
  readonly batch: Batch;
  readonly definition: SeriesDefinition;
  readonly pepper: Pepper;
  readonly paths: readonly string[];
}

/** @throws FangbangError `file-refused`, `batch-not-found`, those of the database. */
export async function compareFile(ctx: CommandContext, job: Job): Promise<FileCompared> {
  const { database, batch, definition } = job;
  const corrected = batch.corrects === null ? undefined : await readBatch(database, batch.corrects);
  const found = new Comparison(database, batch.number);
  const numbers = new Set<string>();
  let waiting: Entry[] = [];
  const digestsOf = entriesOf(definition, job.pepper);
  const progress = ctx.progress('reading the file', undefined);
  const flush = async (): Promise<void> => {
    await found.compare(waiting);
    waiting = [];
  };
  const report = await readOfficialFiles(job.paths, definition, {
    signal: ctx.signal,
    ...(corrected === undefined ? {} : { corrects: corrected.checksum }),
    onProgress: (lines) => progress.advance(lines),
    onAccepted: (row) => {
      waiting.push(...digestsOf(row));
      if (corrected !== undefined) numbers.add(row.slip.candidateNumber);
    },
    afterPiece: flush,
    onRestart: async () => {
      found.reset();
      numbers.clear();
      waiting = [];
    },
  });
  await flush();
  progress.done();
  if (corrected !== undefined) await compareUncorrected(ctx, { ...job, corrected, found, numbers });
  return {
    files: report.files,
    candidates: report.rows.accepted,
    rejected: report.rows.rejected,
    checksum: report.checksum,
    missingInPostgres: found.missing,
    extraInPostgres: batch.entries - found.present,
    differing: found.differing,
  };
}

/** A row's entries, one per credential set, as `load` makes them. */
function entriesOf(definition: SeriesDefinition, pepper: Pepper): (row: AcceptedRow) => Entry[] {
  const names = Object.keys(definition.credentials);
  const sets = definition.credentialSets.map((set) => ({
    name: set.name,
    places: set.credentials.map((name) => names.indexOf(name)),
  }));
  return ({ credentials, slip, payload }) =>
    sets.map(({ name, places }, credentialSet) => ({
      digest: computeDigest(
        pepper,
        definition.id,
        name,
        places.map((place) => credentials[place] ?? ''),
      ),
      credentialSet,
      candidateNumber: slip.candidateNumber,
      payload,
    }));
}

/** Counts how expected entries stand to those of a batch in Postgres. */
class Comparison {
  /** Entries of the batch that were expected, the differing ones included. */
  present = 0;
  missing = 0;
  differing = 0;
  readonly #database: Database;
  readonly #batch: number;

  constructor(database: Database, batch: number) {
    this.#database = database;
    this.#batch = batch;
  }

  reset(): void {
    this.present = 0;
    this.missing = 0;
    this.differing = 0;
  }

  async compare(expected: readonly Entry[]): Promise<void> {
    for (let from = 0; from < expected.length; from += PAGE_ENTRIES) {
      const part = expected.slice(from, from + PAGE_ENTRIES);
      const stored = await this.#lookUp(part.map(({ digest }) => digest));
      for (const entry of part) {
        const other = stored.get(entry.digest.toString('latin1'));
        if (other === undefined) {
          this.missing += 1;
          continue;
        }
        this.present += 1;
        if (!isSameEntry(entry, other)) this.differing += 1;
      }
    }
  }

  async #lookUp(digests: readonly Digest[]): Promise<Map<string, Entry>> {
    const rows = await this.#database.query<Entry>(
      `select digest, credential_set as "credentialSet", candidate_number as "candidateNumber", payload
       from fangbang.slip where batch = $1 and digest = any($2::bytea[])`,
      [this.#batch, digests],
    );
    return new Map(rows.map((row) => [row.digest.toString('latin1'), row]));
  }
}

function isSameEntry(a: Entry, b: Entry): boolean {
  return (
    a.credentialSet === b.credentialSet &&
    a.candidateNumber === b.candidateNumber &&
    a.payload.equals(b.payload)
  );
}

/** Whoever is not in a correction's file must be as in the batch that it corrects. */
async function compareUncorrected(
  ctx: CommandContext,
  {
    database,
    corrected,
    found,
    numbers,
  }: Job & { corrected: Batch; found: Comparison; numbers: ReadonlySet<string> },
): Promise<void> {
  for await (const page of entryPages(database, corrected.number)) {
    ctx.signal.throwIfAborted();
    await found.compare(page.filter(({ candidateNumber }) => !numbers.has(candidateNumber)));
  }
}
