/**
 * @module The official file that is loaded: synthetic, and kept for the next run.
 *
 * Failure policy: what cannot be made is a SetupError; a file that was broken off is never taken for one.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, keep } from '../../../infra/local/checkout.ts';
import type { CliOptions } from '../../../infra/local/fangbang-cli.ts';
import { runVerb } from '../../../infra/local/fangbang-cli.ts';

export interface OfficialFile {
  readonly file: string;
  /** Path of the definition. */
  readonly definition: string;
  readonly series: string;
}

const SEED = 'bench-loader';

/** Makes the file, or takes the one that an earlier run made from the same definition by the same generator. */
export async function officialFile(
  cli: CliOptions,
  wanted: { readonly rows: number; readonly encoding: string },
): Promise<OfficialFile> {
  const folder = keep('bench-loader');
  const preset = await runVerb(['series', 'preset', 'gaokao'], cli);
  const series = /^id: *(\S+)/m.exec(preset)?.[1] ?? '';
  const definition = join(folder, 'gaokao.yaml');
  writeFileSync(definition, preset);
  const name = `gaokao-${wanted.rows}-${wanted.encoding}-${markOf(preset)}`;
  const file = join(folder, `${name}.csv`);
  if (!existsSync(file)) {
    const fresh = join(folder, `${name}.new.csv`);
    const size = ['--rows', String(wanted.rows), '--seed', SEED];
    const out = ['--encoding', wanted.encoding, '--out', fresh];
    await runVerb(['sample', '--series', definition, ...size, ...out], cli);
    rmSync(fresh.replace(/\.csv$/, '.credentials.csv'), { force: true });
    renameSync(fresh, file);
  }
  return { file, definition, series };
}

/** Of what decides the file's content. */
function markOf(preset: string): string {
  const hash = createHash('sha256').update(preset);
  const folder = join(checkout, 'loader-cli', 'sample');
  for (const name of readdirSync(folder).sort()) hash.update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 10);
}
