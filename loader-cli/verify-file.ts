/**
 * The official file against what Postgres holds: the file is read again as `load` reads it, with the same digests,
 * and the batch's checksum computed anew. Every entry that the batch must have leaves a print; what Postgres then
 * holds is scanned once, for all comparisons (verify-stores.ts), and both sides are put side by side in the order of
 * their digests. To ask Postgres for every digest instead, one random read each, took most of the time.
 *
 * Memory: some pieces of the file (256 KB), a 256th of the prints and, for a correction, the numbers of its
 * candidates. Temporary folder: 64 bytes an entry beside what a load takes; a full one is `file-refused`.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import { StoredChecksum } from '#results/checksum.ts';
import type { Pepper } from '#results/digest.ts';
import type { Batch } from './batches.ts';
import { readBatch } from './batches.ts';
import type { CommandContext } from './command.ts';
import type { Database } from './database.ts';
import { entryBlocks, readBatchTable } from './entry-blocks.ts';
import { entryRecipe } from './pipeline/entries.ts';
import { EntryPrints } from './pipeline/entry-prints.ts';
import { EntryThread } from './pipeline/entry-thread.ts';
import type { FileReport, ReadReport } from './pipeline/read-official-files.ts';
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

/** What a batch must hold by its file. */
export class ExpectedEntries {
  readonly #batch: Batch;
  readonly #report: ReadReport;
  readonly #prints: EntryPrints;

  private constructor(batch: Batch, report: ReadReport, prints: EntryPrints) {
    this.#batch = batch;
    this.#report = report;
    this.#prints = prints;
  }

  /** @throws FangbangError `file-refused`, `batch-not-found`, those of the database. */
  static async read(ctx: CommandContext, job: Job): Promise<ExpectedEntries> {
    const { database, batch } = job;
    const prints = new EntryPrints();
    try {
      const corrected = batch.corrects === null ? undefined : await readBatch(database, batch.corrects);
      const numbers = new Set<string>();
      const report = await printFiles(ctx, job, prints, corrected, numbers);
      if (corrected !== undefined) await printUncorrected(ctx, database, prints, corrected, numbers);
      return new ExpectedEntries(batch, report, prints);
    } catch (error) {
      prints.close();
      throw error;
    }
  }

  /** @param found prints of all that Postgres holds of the batch. */
  compareWith(found: EntryPrints): FileCompared {
    const { present, missing, differing } = this.#prints.compareWith(found);
    return {
      files: this.#report.files,
      candidates: this.#report.rows.accepted,
      rejected: this.#report.rows.rejected,
      checksum: this.#report.checksum,
      missingInPostgres: missing,
      extraInPostgres: this.#batch.entries - present,
      differing,
    };
  }

  /** Gives the temporary file back. */
  close(): void {
    this.#prints.close();
  }
}

/** @param numbers gets the candidates of a correction. */
async function printFiles(
  ctx: CommandContext,
  { definition, pepper, paths }: Job,
  prints: EntryPrints,
  corrected: Batch | undefined,
  numbers: Set<string>,
): Promise<ReadReport> {
  const recipe = entryRecipe(definition, pepper);
  const start = (): EntryThread => new EntryThread(recipe, (made) => prints.addAll(made.prints));
  let thread = start();
  const progress = ctx.progress('reading the file', undefined);
  try {
    const report = await readOfficialFiles(paths, definition, {
      signal: ctx.signal,
      ...(corrected === undefined ? {} : { corrects: corrected.checksum }),
      onProgress: (lines) => progress.advance(lines),
      onAccepted: ({ bytes, slip }) => {
        thread.add(bytes);
        if (corrected !== undefined) numbers.add(slip.candidateNumber);
      },
      afterPiece: () => thread.drained(),
      onRestart: async () => {
        thread.stop();
        thread = start();
        prints.clear();
        numbers.clear();
      },
    });
    await thread.end();
    progress.done();
    return report;
  } finally {
    thread.stop();
  }
}

/** Whoever is not in a correction's file must be as in the batch that it corrects. */
async function printUncorrected(
  ctx: CommandContext,
  database: Database,
  prints: EntryPrints,
  corrected: Batch,
  numbers: ReadonlySet<string>,
): Promise<void> {
  const hashes = new StoredChecksum();
  const progress = ctx.progress(`reading batch ${corrected.number}`, corrected.entries);
  const table = await readBatchTable(database, corrected);
  for await (const { entries } of entryBlocks(database, corrected, table)) {
    ctx.signal.throwIfAborted();
    for (const { digest, credentialSet, candidateNumber, payload } of entries) {
      if (!numbers.has(candidateNumber))
        prints.add(digest, hashes.add(digest, credentialSet, candidateNumber, payload));
    }
    progress.advance(entries.length);
  }
  progress.done();
}
