/**
 * `fangbang diff`: who changed between two batches and how. On the terminal only counts; who it is, and
 * with which marks, is in a file that staff ask for.
 *
 * Failure policy: both batches are immutable, so that one reading is the truth. The file appears whole or
 * not at all (staff-file.ts).
 */
import type { Command } from 'commander';
import type { SeriesDefinition } from '#results/definition.ts';
import { makeSlipCodec } from '#results/slip-codec.ts';
import { parseBatchNumber } from '../arguments.ts';
import { readDefinition } from '../batches.ts';
import type { Batch } from '../batches.ts';
import { addVerb, textOption } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import type { Database } from '../database.ts';
import type { Change } from '../diff/changes.ts';
import { SlipComparer } from '../diff/changes.ts';
import type { DiffResult } from '../diff/diff-counts.ts';
import { DiffCounts, diffLines } from '../diff/diff-counts.ts';
import { chooseBatches } from '../diff/diff-target.ts';
import { areCredentialsComparable, differingEntries } from '../diff/differing-entries.ts';
import { compareTotals, comparisonLines } from '../report/comparison.ts';
import { totalsOf } from '../report/reference.ts';
import { StaffFile } from '../staff-file.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'diff <batch> [other]',
    summary: 'who changed and how: in counts, and on request in a file',
    example: ['fangbang diff 3', 'fangbang diff 3 2 --file changes.csv'],
    configure: (command) =>
      command
        .option('--file <csv>', 'write who changed, with the old and the new values, to this file')
        .addHelpText(
          'after',
          `
Without a second batch: against the one that is open, or, for the open one itself, against the one that
it corrects or that was open before. Always from the lower number to the higher.

The file holds marks and names, for the people who check a correction: it is readable by its owner
alone (mode 600); keep it on an encrypted disk and delete it when the correction is approved.
The terminal shows counts only.`,
        ),
    run: diff,
  });
}

async function diff(
  ctx: CommandContext,
  [first, second]: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<VerbResult> {
  const number = parseBatchNumber(first);
  const other = second === undefined ? undefined : parseBatchNumber(second);
  const path = textOption(options, 'file');
  const database = await ctx.database();
  const { from, to } = await chooseBatches(database, number, other);
  const file =
    path === undefined
      ? undefined
      : new StaffFile(path, ['candidateNumber', 'field', `batch ${from.number}`, `batch ${to.number}`], {
          what: 'the file of changes',
          option: '--file F',
        });
  try {
    file?.open();
    const result = await compareBatches(ctx, { database, from, to, file });
    file?.finish();
    return await report(ctx, { database, from, to, result, path });
  } finally {
    file?.discard();
  }
}

interface Job {
  readonly database: Database;
  readonly from: Batch;
  readonly to: Batch;
  readonly file: StaffFile | undefined;
}

async function compareBatches(ctx: CommandContext, { database, from, to, file }: Job): Promise<DiffResult> {
  const definitions = [await readDefinition(database, from), await readDefinition(database, to)] as const;
  const codecs = [makeSlipCodec(definitions[0]), makeSlipCodec(definitions[1])] as const;
  const comparer = new SlipComparer(...definitions);
  const counts = new DiffCounts();
  const progress = ctx.progress(`comparing batches ${from.number} and ${to.number}`, undefined);
  await database.transaction(async () => {
    for await (const page of differingEntries(database, from, to)) {
      ctx.signal.throwIfAborted();
      for (const pair of page) {
        if (pair.from === undefined) counts.onlyInTo += 1;
        else if (pair.to === undefined) counts.onlyInFrom += 1;
        if (pair.from === undefined || pair.to === undefined) {
          const [is, isNot] = ['a candidate', 'no such candidate'];
          file?.add([
            pair.candidateNumber,
            'candidate',
            ...(pair.from === undefined ? [isNot, is] : [is, isNot]),
          ]);
          continue;
        }
        const changes = comparer.changes(codecs[0].decode(pair.from), codecs[1].decode(pair.to));
        // Not shown: no store holds them.
        if (pair.otherCredentials)
          changes.push({ field: 'credentials', direction: 'other', from: 'other ones', to: 'these' });
        if (changes.length > 0) counts.add(changes);
        for (const change of changes) addChange(file, pair.candidateNumber, change);
      }
      progress.advance(page.length);
    }
  });
  progress.done();
  return counts.finish(fieldsOf(definitions), from.candidates);
}

function addChange(file: StaffFile | undefined, candidateNumber: string, change: Change): void {
  file?.add([candidateNumber, change.field, change.from, change.to]);
}

/** As the slip has them. */
function fieldsOf(definitions: readonly SeriesDefinition[]): string[] {
  const components = definitions.flatMap((definition) => definition.components.map(({ code }) => code));
  return ['name', 'status', ...new Set(components), 'total', 'rank', 'flags', 'credentials'];
}

async function report(
  ctx: CommandContext,
  { database, from, to, result, path }: Omit<Job, 'file'> & { result: DiffResult; path: string | undefined },
): Promise<VerbResult> {
  const [before, after] = [await totalsOf(database, from.number), await totalsOf(database, to.number)];
  const compared =
    before === undefined || after === undefined
      ? undefined
      : compareTotals(
          after,
          { kind: 'batch', label: `batch ${from.number}`, batch: from.number, totals: before },
          ctx.columns,
        );
  for (const line of diffLines(result, from.number, to.number)) ctx.say(line);
  const comparable = areCredentialsComparable(from, to);
  if (!comparable)
    ctx.say('credentials are not compared: the batches have other peppers or other definitions');
  if (compared !== undefined) {
    for (const line of comparisonLines(compared, `batch ${to.number}`)) ctx.say(line);
  }
  if (path !== undefined) ctx.say(`who changed and how, with marks: ${path} (mode 600; delete it after use)`);
  return {
    json: {
      series: to.series,
      from: from.number,
      to: to.number,
      ...result,
      credentialsCompared: comparable,
      comparison: compared?.comparison ?? null,
      file: path ?? null,
    },
  };
}
