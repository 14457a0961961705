/**
 * `fangbang load`: checks official files and stores them as a new batch, all or nothing.
 *
 * Failure policy: pipeline/rows-into-batch.ts.
 */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { addVerb } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import type { NewBatch } from '../pipeline/batch-writer.ts';
import { addCheckOptions, readCheckOptions } from '../pipeline/check-options.ts';
import { batchSummary, refusalOf, reportJson, reportLines, secondsSince } from '../pipeline/report.ts';
import { withRowsInBatch } from '../pipeline/rows-into-batch.ts';
import { isDefinitionFile, readLatestDefinition } from '../pipeline/series-option.ts';
import { readReference } from '../report/reference.ts';

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
  const { series, allowedRejects, rejectFile, compare } = readCheckOptions(paths, options);
  if (isDefinitionFile(series)) {
    throw new FangbangError('usage', 'load takes the id of a series, not a definition file', {
      hint: 'add the definition first: fangbang series add; or check the file alone: fangbang validate',
    });
  }
  const [pepper] = ctx.peppers();
  const database = await ctx.database();
  const reference = compare === undefined ? undefined : await readReference(ctx, compare);
  const { definition, version } = await readLatestDefinition(database, series);
  const batch: NewBatch = { definition, definitionVersion: version, pepper };

  const job = { database, batch, paths, allowedRejects, rejectFile, label: 'loading' };
  return await withRowsInBatch(ctx, job, async ({ report, rejectFile: written, writer }) => {
    const about = { rejectFile: written, reference, columns: ctx.columns };
    for (const line of reportLines(definition, report, about)) ctx.say(line);
    const json = reportJson(definition, report, about, startedAtMs);
    const failure = refusalOf(report, allowedRejects, written);
    if (failure !== undefined) {
      ctx.say('nothing was stored');
      return { json, failure };
    }
    if (writer === undefined) throw new Error('the batch was given up although its rows were accepted');
    const head = await writer.seal(report.checksum, batchSummary(report, startedAtMs));
    ctx.say(`batch ${writer.number} of ${series} is stored: ${report.rows.accepted} candidates`);
    ctx.say(`audit head ${head}`);
    ctx.say(
      `next: fangbang warm ${writer.number}; the approver needs the checksum by another way than this database`,
    );
    return { json: { batch: writer.number, ...json, seconds: secondsSince(startedAtMs), head } };
  });
}
