/**
 * `fangbang load`: checks official files and stores them as a new batch, all or nothing.
 *
 * Failure policy: one transaction (pipeline/batch-writer.ts). The rows are sent while they are read;
 * when more of them are rejected than allowed the batch is undone at once, and reading goes on for the
 * sake of the report. Rows that contradict each other are known only at the end: where so many rejects
 * are allowed, the batch is undone and written again without them.
 */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { addVerb } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import { BatchWriter } from '../pipeline/batch-writer.ts';
import type { NewBatch } from '../pipeline/batch-writer.ts';
import { addCheckOptions, readCheckOptions } from '../pipeline/check-options.ts';
import { readOfficialFiles } from '../pipeline/read-official-files.ts';
import { RejectFile } from '../pipeline/reject-file.ts';
import { batchSummary, refusalOf, reportJson, reportLines, secondsSince } from '../pipeline/report.ts';
import { isDefinitionFile, readLatestDefinition } from '../pipeline/series-option.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'load <csv...>',
    summary: 'check official files and store them as a new batch, all or nothing',
    example: [
      'fangbang load results.csv --series zj-gaokao-2026',
      'gpg -d results.csv.gpg | fangbang load - --series zj-gaokao-2026 --reject-file rejects.csv',
    ],
    configure: (command) =>
      addCheckOptions(command, 'id of the series: its latest definition is the batch’s'),
    run: load,
  });
}

async function load(
  ctx: CommandContext,
  paths: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<VerbResult> {
  const startedAtMs = performance.now();
  const { series, allowedRejects, rejectFile: rejectPath } = readCheckOptions(paths, options);
  if (isDefinitionFile(series)) {
    throw new FangbangError('usage', 'load takes the id of a series, not a definition file', {
      hint: 'add the definition first: fangbang series add; or check the file alone: fangbang validate',
    });
  }
  const [pepper] = ctx.peppers();
  const database = await ctx.database();
  const { definition, version } = await readLatestDefinition(database, series);
  const batch: NewBatch = { definition, definitionVersion: version, pepper };

  const rejectFile = new RejectFile(rejectPath, paths.length > 1);
  const progress = ctx.progress('loading', undefined);
  let writer: BatchWriter | undefined = await BatchWriter.open(database, batch);
  const abandon = async (): Promise<void> => {
    const abandoned = writer;
    writer = undefined;
    await abandoned?.abandon();
  };
  let rejected = 0;
  try {
    const report = await readOfficialFiles(paths, definition, {
      onAccepted: (row) => {
        if (rejected <= allowedRejects) writer?.add(row);
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
        if (rejected + contradicting <= allowedRejects) writer = await BatchWriter.open(database, batch);
        rejected = 0;
      },
      onProgress: (lines) => progress.advance(lines),
      stdin: ctx.stdin,
      signal: ctx.signal,
    });
    progress.done();
    const written = rejectFile.finish();
    for (const line of reportLines(definition, report, written)) ctx.say(line);
    const json = reportJson(definition, report, written, startedAtMs);
    const failure = refusalOf(report, allowedRejects, written);
    if (failure !== undefined) {
      await abandon();
      ctx.say('nothing was stored');
      return { json, failure };
    }
    if (writer === undefined) throw new Error('the batch was given up although its rows were accepted');
    const { number } = writer;
    const head = await writer.seal(report.checksum, batchSummary(report, startedAtMs));
    writer = undefined;
    ctx.say(`batch ${number} of ${series} is stored: ${report.rows.accepted} candidates`);
    ctx.say(`audit head ${head}`);
    ctx.say(
      `next: fangbang warm ${number}; the approver needs the checksum by another way than this database`,
    );
    return { json: { batch: number, ...json, seconds: secondsSince(startedAtMs), head } };
  } finally {
    rejectFile.discard();
    await abandon();
  }
}
