/**
 * `fangbang correct`: a new batch, which is the open one with the candidates of the file replaced or added.
 *
 * Failure policy: as `load`, one transaction (pipeline/rows-into-batch.ts); the rest is carried over inside
 * Postgres (correction/carry-over.ts). Nothing of what is open changes before the new batch is published.
 */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { pepperOf, readDefinition } from '../batches.ts';
import type { Batch } from '../batches.ts';
import { addVerb } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import type { CorrectionCounts } from '../correction/carry-over.ts';
import { carryOver } from '../correction/carry-over.ts';
import type { Corrected } from '../correction/corrected-batch.ts';
import { expectStillOpen, findCorrected } from '../correction/corrected-batch.ts';
import { CorrectedLines } from '../correction/corrected-lines.ts';
import { addCheckOptions, readCheckOptions } from '../pipeline/check-options.ts';
import {
  batchSummary,
  refusalOf,
  reportJson,
  reportLines,
  secondsSince,
  statisticsJson,
  statisticsLines,
} from '../pipeline/report.ts';
import { withRowsInBatch } from '../pipeline/rows-into-batch.ts';
import { isDefinitionFile } from '../pipeline/series-option.ts';
import type { Statistics } from '../pipeline/statistics.ts';
import { readReference } from '../report/reference.ts';

const NO_STATISTICS: Statistics = { statuses: {}, components: [], totals: [] };

export function register(program: Command): void {
  addVerb(program, {
    name: 'correct <csv...>',
    summary: 'a new batch: the open one with these candidates replaced, added or withheld',
    example: 'fangbang correct re-marked.csv --series zj-gaokao-2026',
    configure: (command) =>
      addCheckOptions(command, 'id of the series whose open batch is corrected').addHelpText(
        'after',
        `
The file has the columns of the whole one, and only the candidates concerned, each as they are to be
from now on; to withhold a result, give the candidate the status for it (暂缓). Everybody else is
carried over. Nobody is removed: for that, load the whole file.

Checked against those carried over: that no two are found by the same credentials, and that ranks are
out of the order of the totals by no more places than there are corrected candidates. Not checked:
an identity number under two candidate numbers, where the candidate number is a credential too (no
store holds identity numbers); that each rank is the right number.`,
      ),
    run: correct,
  });
}

async function correct(
  ctx: CommandContext,
  paths: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<VerbResult> {
  const startedAtMs = performance.now();
  const { series, allowedRejects, rejectFile, compare } = readCheckOptions(paths, options);
  if (isDefinitionFile(series))
    throw new FangbangError('usage', 'correct takes the id of a series, not a definition file');
  const peppers = ctx.peppers();
  const database = await ctx.database();
  const reference = compare === undefined ? undefined : await readReference(ctx, compare);
  const found = await findCorrected(database, series);
  const { batch: corrected } = found;
  // The digests carried over were made with it.
  const pepper = pepperOf(corrected, peppers);
  const definition = await readDefinition(database, corrected);
  sayTarget(ctx, found);

  const lines = new CorrectedLines(paths);
  const job = {
    database,
    batch: {
      definition,
      definitionVersion: corrected.definitionVersion,
      pepper,
      corrects: corrected.number,
    },
    paths,
    allowedRejects,
    rejectFile,
    label: 'reading the correction',
    corrects: corrected.checksum,
    onAccepted: lines.add.bind(lines),
    onRestart: lines.clear.bind(lines),
  };
  return await withRowsInBatch(ctx, job, async ({ report, rejectFile: written, writer }) => {
    const about = { rejectFile: written, reference: undefined, columns: ctx.columns };
    // Of a file of two candidates every figure would be somebody's mark: those of the whole batch come below.
    const withoutMarks = { ...report, statistics: NO_STATISTICS };
    for (const line of reportLines(definition, withoutMarks, about)) ctx.say(line);
    const json = reportJson(definition, withoutMarks, about, startedAtMs);
    const failure = refusalOf(report, allowedRejects, written);
    if (failure !== undefined) {
      ctx.say('nothing was stored');
      return { json: { ...json, corrects: corrected.number }, failure };
    }
    if (writer === undefined) throw new Error('the batch was given up although its rows were accepted');
    const { counts, statistics, ranksOutOfOrder } = await carryOver(ctx, {
      database,
      corrected,
      definition,
      writer,
      lines,
    });
    await expectStillOpen(database, corrected);
    const summary = batchSummary({ ...report, statistics }, startedAtMs);
    const head = await writer.seal(report.checksum, {
      ...summary,
      correction: { corrects: corrected.number, ...counts },
    });
    for (const line of statisticsLines(definition, statistics, { reference, columns: ctx.columns }))
      ctx.say(line);
    sayStored(ctx, { number: writer.number, corrected, counts, ranksOutOfOrder, head });
    return {
      json: {
        batch: writer.number,
        ...json,
        corrects: corrected.number,
        ...statisticsJson(statistics, reference),
        ...counts,
        ranksOutOfOrder,
        seconds: secondsSince(startedAtMs),
        head,
      },
    };
  });
}

function sayTarget(ctx: CommandContext, { batch, openings }: Corrected): void {
  ctx.say(
    `correcting batch ${batch.number} of ${batch.series}, which ${openings.open === null ? 'is about to open' : 'is open'}`,
  );
  if (openings.open !== null && openings.scheduled !== null) {
    ctx.say(
      `batch ${openings.scheduled} is planned to open; what it changes is not in this correction, which would take its place`,
    );
  }
}

function sayStored(
  ctx: CommandContext,
  stored: {
    readonly number: number;
    readonly corrected: Batch;
    readonly counts: CorrectionCounts;
    readonly ranksOutOfOrder: number;
    readonly head: string;
  },
): void {
  const { number, corrected, counts, ranksOutOfOrder } = stored;
  ctx.say(`batch ${number} of ${corrected.series} is stored; it corrects batch ${corrected.number}:`);
  ctx.say(
    `${counts.replaced} replaced, ${counts.added} added, ${counts.unchanged} as they were already, ${counts.carriedOver} carried over`,
  );
  if (ranksOutOfOrder > 0) {
    ctx.say(
      `the ranks of ${ranksOutOfOrder} totals are no longer in order: of those whose rank changes with the correction, some are not in it`,
    );
  }
  ctx.say(`audit head ${stored.head}`);
  ctx.say(
    `next: fangbang diff ${number}, fangbang warm ${number}; then a second person approves it as any batch`,
  );
}
