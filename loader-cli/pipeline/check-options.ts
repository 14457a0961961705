/**
 * The options that `validate`, `load` and `correct` share.
 */
import type { Command } from 'commander';
import { FangbangError } from '#results/errors.ts';
import { textOption } from '../command.ts';
import { defaultRejectFile } from './reject-file.ts';

export interface CheckOptions {
  readonly series: string;
  readonly allowedRejects: number;
  readonly rejectFile: string;
  /** What the totals are compared with. */
  readonly compare: string | undefined;
}

export function addCheckOptions(command: Command, seriesHelp: string): Command {
  return command
    .requiredOption('--series <series>', seriesHelp)
    .option('--allow-rejects <n>', 'accept the rest when no more than so many rows are rejected', '0')
    .option('--reject-file <file>', 'where rejected lines are listed (else beside the first file)')
    .option(
      '--compare <what>',
      'compare the totals with a series, a batch, or a 一分一段表 (a CSV with 分数,人数)',
    );
}

/** @throws FangbangError `usage` */
export function readCheckOptions(
  paths: readonly string[],
  options: Readonly<Record<string, unknown>>,
): CheckOptions {
  const allowed = textOption(options, 'allowRejects') ?? '0';
  if (!/^[0-9]{1,9}$/.test(allowed))
    throw new FangbangError('usage', '--allow-rejects takes a whole number from 0 on');
  return {
    series: textOption(options, 'series') ?? '',
    allowedRejects: Number(allowed),
    rejectFile: textOption(options, 'rejectFile') ?? defaultRejectFile(paths[0] ?? '-'),
    compare: textOption(options, 'compare'),
  };
}
