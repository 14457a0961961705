/** `fangbang validate`: everything that `load` would check, touching no store. */
import type { Command } from 'commander';
import { parseChecksumOption } from '../arguments.ts';
import { addVerb, textOption } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import { addCheckOptions, readCheckOptions } from '../pipeline/check-options.ts';
import { readOfficialFiles } from '../pipeline/read-official-files.ts';
import { RejectFile } from '../pipeline/reject-file.ts';
import { refusalOf, reportJson, reportLines } from '../pipeline/report.ts';
import { resolveSeries } from '../pipeline/series-option.ts';
import { readReference } from '../report/reference.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'validate <csv...>',
    summary: 'check official files as load would, storing nothing',
    example: [
      'fangbang validate results.csv --series zj-gaokao-2026',
      'fangbang validate hangzhou.csv ningbo.csv.gz --series zj-gaokao-2026.yaml --json',
    ],
    configure: (command) =>
      addCheckOptions(command, 'id of the series (its latest definition), or a definition file').option(
        '--corrects <sha256>',
        'the file is a correction of the batch with this checksum: prints the checksum that correct will',
      ),
    run: validate,
  });
}

async function validate(
  ctx: CommandContext,
  paths: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<VerbResult> {
  const startedAtMs = performance.now();
  const { series, allowedRejects, rejectFile: rejectPath, compare } = readCheckOptions(paths, options);
  const corrects = textOption(options, 'corrects');
  const correctedChecksum = corrects === undefined ? undefined : parseChecksumOption(corrects, '--corrects');
  const definition = await resolveSeries(ctx, series);
  const reference = compare === undefined ? undefined : await readReference(ctx, compare);
  const rejectFile = new RejectFile(rejectPath, paths.length > 1);
  const progress = ctx.progress('reading', undefined);
  try {
    const report = await readOfficialFiles(paths, definition, {
      ...(correctedChecksum === undefined ? {} : { corrects: correctedChecksum }),
      onRejected: (reject, name) => rejectFile.add(reject, name),
      onRestart: async () => rejectFile.restart(),
      onProgress: (lines) => progress.advance(lines),
      stdin: ctx.stdin,
      signal: ctx.signal,
    });
    progress.done();
    const written = rejectFile.finish();
    const about = { rejectFile: written, reference, columns: ctx.columns };
    for (const line of reportLines(definition, report, about)) ctx.say(line);
    const failure = refusalOf(report, allowedRejects, written);
    return {
      json: reportJson(definition, report, about, startedAtMs),
      ...(failure === undefined ? {} : { failure }),
    };
  } finally {
    rejectFile.discard();
  }
}
