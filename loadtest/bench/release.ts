/**
 * @module A series of synthetic candidates brought to its release by the CLI, as staff do it: two persons.
 *
 * Failure policy: a verb that fails is a SetupError with its last words.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cliTime } from '../../infra/local/cli-time.ts';
import { askVerb, runVerb, type CliOptions } from '../../infra/local/fangbang-cli.ts';
import { SetupError } from '../../infra/local/setup-error.ts';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { parseCredentialsFile } from '../profiles/credentials-csv.ts';
import { recordsOf } from '../rehearse/credentials-file.ts';

export interface Persons {
  readonly asLoader: CliOptions;
  readonly asApprover: CliOptions;
}

export interface Release {
  readonly id: string;
  readonly rows: number;
  /** ISO instant, or `now`. */
  readonly at: string;
  /** For the files. */
  readonly folder: string;
}

/** Candidates that can be sent with their truth; more than that many are not kept in memory. */
const MOST_CANDIDATES = 50_000;

/** Makes, loads, warms, verifies, approves and publishes a series of the gaokao preset; returns its candidates. */
export async function release({ asLoader, asApprover }: Persons, wanted: Release): Promise<Candidate[]> {
  const { id, rows, at, folder } = wanted;
  const definition = join(folder, `${id}.yaml`);
  const results = join(folder, `${id}.csv`);
  const preset = await runVerb(['series', 'preset', 'gaokao'], asLoader);
  writeFileSync(definition, preset.replace(/^id: .*$/m, `id: ${id}`));
  await runVerb(['series', 'add', definition], asLoader);
  await runVerb(['sample', '--series', id, '--rows', String(rows), '--seed', id, '--out', results], asLoader);
  const { batch, checksum } = await askVerb(['load', results, '--series', id], asLoader);
  if (typeof batch !== 'number' || typeof checksum !== 'string')
    throw new SetupError('"fangbang load" named no batch and checksum: is this checkout complete?');
  const number = String(batch);
  await runVerb(['warm', number], asLoader);
  await runVerb(['verify', number, '--file', results], asLoader);
  const notBefore = cliTime(Date.now() - 5 * 60_000);
  await runVerb(['approve', number, '--checksum', checksum, '--not-before', notBefore], asApprover);
  await runVerb(['publish', number, '--at', at], asLoader);
  return someOf(results.replace(/\.csv$/, '.credentials.csv'), rows);
}

/** Candidates from all over the file. */
function someOf(path: string, rows: number): Candidate[] {
  const every = Math.max(1, rows / MOST_CANDIDATES);
  const some: string[] = [];
  let row = -1;
  for (const { text } of recordsOf(path)) {
    if (row === -1 || row >= Math.floor((some.length - 1) * every)) some.push(text);
    row += 1;
  }
  return parseCredentialsFile(some.join('\n'));
}
