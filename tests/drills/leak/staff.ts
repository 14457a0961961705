/**
 * @module The staff's part: official files, sound and faulty ones, through every verb of `fangbang` that reads them or
 * what was made of them. Everything that they print is searched.
 *
 * Failure policy: a verb that does not end as it should rejects with its exit code; never with what it printed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from '../../helpers/batch.ts';
import { runCli, type CliOptions, type CliResult } from '../../helpers/cli.ts';
import type { Bystander } from './bystander.ts';
import { SERIES, corrected, definition, faultyFileOf, fileOf, type Canary } from './canaries.ts';
import type { Findings } from './findings.ts';

export interface StaffRoom {
  readonly installation: Installation;
  /** Of the staff's own files. */
  readonly folder: string;
  /** For temporary files. */
  readonly temporary: string;
  readonly findings: Findings;
  readonly bystander: Bystander;
  /** Of the loads and warms. */
  readonly env: Readonly<Record<string, string>>;
  readonly runtime: 'bun' | 'node';
  /** In the official file. */
  readonly list: readonly Canary[];
  /** Of them, those in the correction. */
  readonly changed: readonly Canary[];
  /** Only in the faulty file. */
  readonly faulty: readonly Canary[];
}

const FAULTY_ALLOWED = '1000';

/** Loads, corrects and opens; the correction is in force then. */
export async function releaseAll(room: StaffRoom): Promise<void> {
  const { folder, list, changed, faulty } = room;
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const yaml = write('series.yaml', definition.source);
  const sound = write('results.csv', fileOf(list));
  const damaged = write('damaged.csv', faultyFileOf(faulty));
  const correction = write('correction.csv', fileOf(changed.map(corrected), { isWhole: false }));
  const [first] = list;
  if (first === undefined) throw new Error('nobody to load');
  const typed = `${first.candidateNumber}\n${first.identityNumber}\n`;
  const ask = (args: readonly string[], options: CliOptions = {}): Promise<CliResult> =>
    runSearched(room, args, options);

  await expectCode(ask(['series', 'add', yaml]), 0);
  for (const more of [[], ['--json']]) {
    await expectCode(ask(['validate', damaged, '--series', yaml, ...more]), 3);
    await expectCode(ask(['load', damaged, '--series', SERIES, ...more]), 3);
    await expectCode(ask(['validate', sound, '--series', yaml, ...more]), 0);
  }
  const loaded = await expectCode(
    ask(['load', '-', '--series', SERIES, '--json'], { input: readFileSync(sound, 'utf8') }),
    0,
  );
  await open(room, loaded, sound);
  const fixed = await expectCode(ask(['correct', correction, '--series', SERIES, '--json']), 0);
  await open(room, fixed, correction);
  // Both in one: what is accepted, and what is not.
  const both = write('both.csv', fileOf(list) + faultyFileOf(faulty).replace(/^.*\n/, ''));
  const rest = ['--allow-rejects', FAULTY_ALLOWED, '--reject-file', join(folder, 'both.rejects.csv')];
  await ask(['load', both, '--series', SERIES, ...rest]);

  const [before, now] = [String(loaded['batch']), String(fixed['batch'])];
  await expectCode(ask(['diff', now, before, '--file', join(folder, 'changes.csv')]), 0);
  for (const verb of [['status'], ['status', '--json'], ['audit'], ['audit', '--json']]) await ask(verb);
  await expectCode(ask(['unlock', SERIES], { input: typed }), 0);
  await runCliAsOwner(room, ['preview', now], typed, first);
  const { identityNumber, name } = first;
  // What fails may say why, and not with what.
  await ask(['preview', now], { input: `${identityNumber}\n${name}\n` });
  await ask(['preview', now], { input: `${list[1]?.candidateNumber}\n${identityNumber}\n` });
  await ask(['unlock', SERIES], { input: `${identityNumber}\n` });
  const nowhere = {
    DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
  };
  await ask(['load', sound, '--series', SERIES], { env: nowhere });
  await ask(['warm', before], { env: { REDIS_URL: nowhere.REDIS_URL } });
  await ask(['load', correction, '--series', `${SERIES}x`]);

  const files = 'what staff ask for';
  room.findings.search(
    { name: files, may: ['candidate number', 'name', 'mark'] },
    readFileSync(join(folder, 'changes.csv')),
  );
  for (const rejects of ['damaged.rejects.csv', 'both.rejects.csv'])
    room.findings.search(
      { name: 'reject files', may: ['candidate number'] },
      readFileSync(join(folder, rejects)),
    );
}

async function open(room: StaffRoom, json: Record<string, unknown>, file: string): Promise<void> {
  const [batch, checksum] = [String(json['batch']), String(json['checksum'])];
  const { approverUrl } = room.installation;
  await expectCode(runSearched(room, ['warm', batch, '--json']), 0);
  await expectCode(runSearched(room, ['verify', batch, '--file', file, '--json'], {}), 0);
  const word = ['--checksum', checksum, '--not-before', '2020-01-01T00:00:00Z', '--json'];
  await expectCode(runSearched(room, ['approve', batch, ...word], { env: { DATABASE_URL: approverUrl } }), 0);
  await expectCode(runSearched(room, ['publish', batch, '--at', 'now', '--json']), 0);
}

/** Runs a verb as the loader; nothing of anybody may be in what it prints. */
async function runSearched(
  room: StaffRoom,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const result = await run(room, args, options);
  room.findings.search({ name: `output of ${args[0] ?? ''}` }, result.stdout + result.stderr);
  return result;
}

/** The one verb that shows a slip. */
async function runCliAsOwner(
  room: StaffRoom,
  args: readonly string[],
  input: string,
  canary: Canary,
): Promise<void> {
  const { stdout, stderr } = await run(room, args, { input });
  const name = `output of ${args[0] ?? ''}`;
  room.findings.search({ name, may: ['candidate number', 'name', 'mark'], owner: canary.owner }, stdout);
  room.findings.search({ name }, stderr);
}

function run(room: StaffRoom, args: readonly string[], options: CliOptions): Promise<CliResult> {
  const { installation, temporary, folder, bystander, env, runtime } = room;
  return runCli(args, {
    runtime,
    cwd: folder,
    ...options,
    env: {
      DATABASE_URL: installation.loaderUrl,
      REDIS_URL: installation.redisUrl ?? 'none',
      FANGBANG_PEPPER_FILE: installation.pepperFile,
      TMPDIR: temporary,
      ...env,
      ...options.env,
    },
    onStart: ({ pid }) => bystander.follow(pid),
  });
}

/** Its JSON, when it printed one object. */
async function expectCode(running: Promise<CliResult>, code: number): Promise<Record<string, unknown>> {
  const { exitCode, stdout } = await running;
  if (exitCode !== code) throw new Error(`a verb ended with exit code ${exitCode} in the place of ${code}`);
  return stdout.startsWith('{') && stdout.trim().split('\n').length === 1
    ? (JSON.parse(stdout) as Record<string, unknown>)
    : {};
}
