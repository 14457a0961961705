/** `fangbang sample`: a synthetic official file, and the credentials with the right answers. */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { parseCount } from '../arguments.ts';
import { addVerb, textOption } from '../command.ts';
import type { CommandContext, VerbResult } from '../command.ts';
import { secondsSince } from '../pipeline/report.ts';
import { resolveSeries } from '../pipeline/series-option.ts';
import type { SampleEncoding } from '../sample/write-sample.ts';
import { SAMPLE_ENCODINGS, writeSample } from '../sample/write-sample.ts';

export function register(program: Command): void {
  addVerb(program, {
    name: 'sample',
    summary: 'write a synthetic official file, and its candidates’ credentials with the right answers',
    example: [
      'fangbang sample --series zj-gaokao-2026 --rows 5000 --seed 1 --out sample.csv',
      'fangbang sample --series cet.yaml --rows 1000000 --seed load --out cet.csv --encoding utf-8',
    ],
    configure: (command) =>
      command
        .requiredOption('--series <series>', 'id of the series (its latest definition), or a definition file')
        .requiredOption('--rows <n>', 'how many candidates')
        .requiredOption('--seed <text>', 'the same seed gives the same bytes')
        .requiredOption(
          '--out <file>',
          'the official file; the credentials go to <file without .csv>.credentials.csv',
        )
        .option('--encoding <encoding>', SAMPLE_ENCODINGS.join(', '), 'gb18030'),
    run: sample,
  });
}

async function sample(
  ctx: CommandContext,
  _arguments: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<VerbResult> {
  const startedAtMs = performance.now();
  const rows = parseCount('--rows', textOption(options, 'rows'));
  const encoding = textOption(options, 'encoding') ?? '';
  if (rows === undefined) throw new FangbangError('usage', '--rows is missing');
  if (!isEncoding(encoding)) {
    throw new FangbangError('usage', 'there is no such encoding', {
      hint: `encodings: ${SAMPLE_ENCODINGS.join(', ')}`,
    });
  }
  const seed = textOption(options, 'seed') ?? '';
  const definition = await resolveSeries(ctx, textOption(options, 'series') ?? '');
  const progress = ctx.progress('writing', rows);
  const written = writeSample(definition, {
    rows,
    seed,
    out: textOption(options, 'out') ?? '',
    encoding,
    onProgress: (candidates) => progress.advance(candidates),
    signal: ctx.signal,
  });
  progress.done();
  ctx.say(`${written.file}: ${rows} synthetic candidates of ${definition.id}, sha256 ${written.sha256}`);
  ctx.say(`${written.credentialsFile}: their credentials and the right answers`);
  return {
    json: { series: definition.id, rows, seed, encoding, ...written, seconds: secondsSince(startedAtMs) },
  };
}

function isEncoding(text: string): text is SampleEncoding {
  return (SAMPLE_ENCODINGS as readonly string[]).includes(text);
}
