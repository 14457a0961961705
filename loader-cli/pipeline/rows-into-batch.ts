/**
 * Official files into a new batch that is not sealed yet: what `load` and `correct` have in common.
 *
 * Failure policy: one transaction (batch-writer.ts). The rows are sent while they are read; when more of
 * them are rejected than allowed the batch is undone at once, and reading goes on for the sake of the
 * report. Rows that contradict each other are known only at the end: where so many rejects are allowed,
 * the batch is undone and written again without them.
 */
import type { CommandContext } from '../command.ts';
import type { Database } from '../database.ts';
import { BatchWriter } from './batch-writer.ts';
import type { NewBatch } from './batch-writer.ts';
import type { AcceptedRow, ReadReport } from './read-official-files.ts';
import { readOfficialFiles } from './read-official-files.ts';
import { RejectFile } from './reject-file.ts';

export interface RowsJob {
  readonly database: Database;
  readonly batch: NewBatch;
  readonly paths: readonly string[];
  readonly allowedRejects: number;
  readonly rejectFile: string;
  /** What the progress bar says. */
  readonly label: string;
  /** The checksum of the batch that these rows correct. */
  readonly corrects?: Buffer;
  onAccepted?(row: AcceptedRow): void;
  /** All rows so far are void: they come again. */
  onRestart?(): void;
}

export interface RowsRead {
  readonly report: ReadReport;
  /** The reject file, undefined when nothing was rejected. */
  readonly rejectFile: string | undefined;
  /** The batch with its rows, undefined when it was given up because of its rejects. */
  readonly writer: BatchWriter | undefined;
}

/**
 * Reads and sends the rows, then lets `conclude` seal the batch; what it leaves unsealed is undone.
 * @throws FangbangError of the files and of the database.
 */
export async function withRowsInBatch<T>(
  ctx: CommandContext,
  job: RowsJob,
  conclude: (read: RowsRead) => Promise<T>,
): Promise<T> {
  const { database, batch, paths, allowedRejects } = job;
  const rejectFile = new RejectFile(job.rejectFile, paths.length > 1);
  const progress = ctx.progress(job.label, undefined);
  let writer: BatchWriter | undefined = await BatchWriter.open(database, batch);
  const abandon = async (): Promise<void> => {
    const abandoned = writer;
    writer = undefined;
    if (abandoned?.isSealed === false) await abandoned.abandon();
  };
  let rejected = 0;
  try {
    const report = await readOfficialFiles(paths, batch.definition, {
      ...(job.corrects === undefined ? {} : { corrects: job.corrects }),
      onAccepted: (row) => {
        if (rejected <= allowedRejects) writer?.add(row);
        job.onAccepted?.(row);
      },
      onRejected: (reject, name) => {
        rejected += 1;
        rejectFile.add(reject, name);
      },
      afterPiece: async () => {
        if (rejected > allowedRejects) await abandon();
        await writer?.drained();
      },
      onRestart: async (contradicting) => {
        await abandon();
        rejectFile.restart();
        job.onRestart?.();
        if (rejected + contradicting <= allowedRejects) writer = await BatchWriter.open(database, batch);
        rejected = 0;
      },
      onProgress: (lines) => progress.advance(lines),
      stdin: ctx.stdin,
      signal: ctx.signal,
    });
    progress.done();
    return await conclude({ report, rejectFile: rejectFile.finish(), writer });
  } finally {
    rejectFile.discard();
    await abandon();
  }
}
