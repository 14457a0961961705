import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { runCli, type CliResult } from '../helpers/cli.ts';
import { jsonOf, refusalOf } from '../helpers/cli-desk.ts';
import { cloneMigratedDatabase, createDatabase, type TestDatabase } from '../helpers/stores.ts';

const ENTRY = fileURLToPath(new URL('../../loader-cli/fangbang.mjs', import.meta.url));
const SERVE = fileURLToPath(new URL('../../infra/local/serve.mjs', import.meta.url));
const MAIN = fileURLToPath(new URL('../../loader-cli/main.ts', import.meta.url));

const VERBS = [
  ['db', 'migrate'],
  ['series', 'preset'],
  ['series', 'add'],
  ['series', 'list'],
  ['series', 'show'],
  ['sample'],
  ['validate'],
  ['load'],
  ['warm'],
  ['verify'],
  ['preview'],
  ['approve'],
  ['announce'],
  ['publish'],
  ['rollback'],
  ['withdraw'],
  ['cool'],
  ['unlock'],
  ['status'],
  ['audit'],
];

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fangbang-frame-'));
  // Takes the place of the checkout's own, which npm start may have written.
  writeLocal('');
  database = await cloneMigratedDatabase();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

describe('help', () => {
  it.each(VERBS)('of %s %s has an example and the options that all verbs have', async (...verb) => {
    const { exitCode, stdout, stderr } = await runCli([...verb, '--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ fangbang ${verb.join(' ')}`));
    for (const option of ['--json', '--database-url', '--redis-url']) expect(stdout).toContain(option);
  });

  it('lists every verb, and the exit codes', async () => {
    const { exitCode, stdout } = await runCli(['--help']);
    expect(exitCode).toBe(0);
    for (const [verb] of VERBS) expect(stdout).toContain(`\n  ${verb} `);
    expect(stdout).toContain('Exit codes: 0 done');
  });
});

describe('a command line that cannot be read', () => {
  it.each([
    [['no-such-verb'], "unknown command 'no-such-verb'"],
    [['warm'], "missing required argument 'batch'"],
    [['warm', '1', '--no-such-option'], "unknown option '--no-such-option'"],
    [['warm', 'one'], 'a batch is given by its number'],
    [['warm', '1', '2'], 'too many arguments'],
    [['warm', '1', '--rate', '-5'], '--rate takes a whole number'],
    [['publish', '1'], "required option '--at <time>' not specified"],
    [['publish', '1', '--at', 'tomorrow'], '--at is neither a time nor the word now'],
    [['approve', '1', '--checksum', 'abc', '--not-before', 'now'], '--checksum has another form'],
    [['audit', '--verify', '--head', '7'], '--head has another form'],
    [['audit', '--head', `7:${'0'.repeat(64)}`], '--head is for --verify'],
    [['db', 'migrate', '--allow-single', 'maybe'], '--allow-single takes yes or no'],
    [['series', 'preset', 'sat'], 'there is no such preset'],
    [['status', '--database-url', 'nonsense'], 'the database URL cannot be read'],
    [['status'], 'nothing says where the database is'],
  ])('%j ends with exit code 2 and says why', async (args, why) => {
    const human = await runCli(args, { cwd: folder });
    expect({ exitCode: human.exitCode, stdout: human.stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(human.stderr).toContain(why);

    const json = await runCli([...args, '--json'], { cwd: folder });
    expect(json.exitCode).toBe(2);
    expect(JSON.stringify(jsonOf(json)['error'])).toContain(why);
  });

  it('without a verb it shows the help on standard error', async () => {
    for (const args of [[], ['series']]) {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('Usage: fangbang');
      expect(stderr).toContain('a verb is missing');
    }
  });
});

describe('what is started by any Node', () => {
  const run = promisify(execFile);

  it.each(['node', 'bun', ''])('runs on the runtime that FANGBANG_RUNTIME=%s names', async (runtime) => {
    const env = { PATH: process.env['PATH'], FANGBANG_RUNTIME: runtime };
    const { stdout } = await run(process.execPath, [ENTRY, 'series', 'preset', 'cet'], { env });
    expect(stdout).toContain('\ncredentialSets:\n');
  });

  it('passes the exit code on', async () => {
    const env = { PATH: process.env['PATH'] };
    const fault = await run(process.execPath, [ENTRY, 'warm', 'one'], { env }).catch(
      (error: unknown) => error,
    );
    expect(fault).toMatchObject({ code: 2, stdout: '' });
  });

  it.each([
    ['fangbang', ENTRY],
    ['npm run serve', SERVE],
  ])('%s refuses a runtime that there is not', async (_, entry) => {
    const env = { PATH: process.env['PATH'], FANGBANG_RUNTIME: 'deno' };
    const fault = await run(process.execPath, [entry, '--help'], { env }).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 2, stderr: 'fangbang: FANGBANG_RUNTIME must be node or bun\n' });
  });
});

describe.each(['node', 'bun'] as const)('on %s', (runtime) => {
  it('a preset comes out as it is, and as JSON', async () => {
    const human = await runCli(['series', 'preset', 'gaokao'], { runtime });
    expect(human).toMatchObject({ exitCode: 0, stderr: '' });
    const json = jsonOf(await runCli(['series', 'preset', 'gaokao', '--json'], { runtime }));
    expect(json).toEqual({ name: 'gaokao', yaml: human.stdout });
  });

  it('a reader that has gone is no fault', async () => {
    const path = runtimePath(runtime);
    const child = spawn(path, [...runtimeFlags(path), MAIN, 'series', 'preset', 'gaokao'], {
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('a database has no schema until it is migrated, and a second time changes nothing', async () => {
    const empty = await createDatabase();
    const at = { runtime, cwd: folder, env: { DATABASE_URL: empty.url, REDIS_URL: 'none' } };
    const before = await runCli(['status', '--json'], at);
    expect(refusalOf(before)).toEqual({ code: 'migration-needed', exitCode: 4 });
    expect(before.stderr).toContain('fangbang db migrate');
    const { from, to } = jsonOf(await runCli(['db', 'migrate', '--json'], at));
    expect(from).toBe(0);
    expect(jsonOf(await runCli(['db', 'migrate', '--json'], at))).toEqual({ from: to, to });
    expect((await runCli(['status'], at)).exitCode).toBe(0);
    await empty.drop();
  });
});

it('two migrations of an empty database at once do no harm', async () => {
  const empty = await createDatabase();
  const args = ['db', 'migrate', '--json', '--database-url', empty.url];
  const results = await Promise.all([runCli(args), runCli(args), runCli(args)]);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  expect(results.filter((result) => jsonOf(result)['from'] === 0)).toHaveLength(1);
  await empty.drop();
});

function writeLocal(content: string): void {
  mkdirSync(join(folder, '.fangbang'), { recursive: true });
  writeFileSync(join(folder, '.fangbang', 'local.env'), content);
}

describe('what npm start wrote to .fangbang/local.env', () => {
  afterAll(() => writeLocal(''));

  it('is taken when nothing else says where the stores are', async () => {
    writeLocal(`# by npm start\nDATABASE_URL='${database.url}'\nREDIS_URL='none'\n`);
    const result = await runCli(['status'], { cwd: folder });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toContain('without Redis');
  });

  it('lends its Redis to another login of the same database, never to another database', async () => {
    writeLocal(`DATABASE_URL='${database.url}'\nREDIS_URL='redis://127.0.0.1:1'\n`);
    const same = await runCli(['status'], { cwd: folder, env: { DATABASE_URL: database.url } });
    expect(same.stdout).toContain('Redis is away');

    const other = await createDatabase();
    await runCli(['db', 'migrate', '--database-url', other.url]);
    const result = await runCli(['warm', '1', '--json'], { cwd: folder, env: { DATABASE_URL: other.url } });
    expect(refusalOf(result)).toEqual({ code: 'batch-not-found', exitCode: 4 });
    const without = await runCli(['status'], { cwd: folder, env: { DATABASE_URL: other.url } });
    expect(without.stdout).toContain('nothing says where Redis is');
    await other.drop();
  });
});

function series(...args: string[]): Promise<CliResult> {
  return runCli(['series', ...args], { cwd: folder, env: { DATABASE_URL: database.url, REDIS_URL: 'none' } });
}

describe('series', () => {
  it('gets a version for every changed definition, and none for the same one', async () => {
    const yaml = (await runCli(['series', 'preset', 'xuekao'])).stdout;
    const file = join(folder, 'series.yaml');
    writeFileSync(file, yaml);
    const id = /^id: (.*)$/m.exec(yaml)?.[1] ?? '';
    expect(jsonOf(await series('add', file, '--json'))).toMatchObject({
      series: id,
      version: 1,
      added: true,
    });
    expect(jsonOf(await series('add', file, '--json'))).toMatchObject({
      version: 1,
      added: false,
      head: null,
    });
    writeFileSync(file, `${yaml}# changed\n`);
    expect(jsonOf(await series('add', file, '--json'))).toMatchObject({ version: 2, added: true });

    expect((await series('show', id)).stdout).toBe(`${yaml}# changed\n`);
    expect((await series('show', id, '--version', '1')).stdout).toBe(yaml);
    expect(refusalOf(await series('show', id, '--version', '3', '--json'))).toEqual({
      code: 'series-unknown',
      exitCode: 4,
    });
    expect((await series('list')).stdout).toContain(id);
    expect(jsonOf(await series('list', '--json'))).toMatchObject({ series: [{ id, version: 2 }] });
  });

  it('prints every fault of a definition, and adds nothing', async () => {
    const file = join(folder, 'faulty.yaml');
    writeFileSync(file, 'id: Faulty\ntitle: { zh: 坏, en: bad }\ncredentials: {}\ncredentialSets: []\n');
    const result = await series('add', file, '--json');
    expect(refusalOf(result)).toEqual({ code: 'definition-invalid', exitCode: 2 });
    const { faults } = jsonOf(result)['error'] as { faults: string[] };
    expect(faults).toEqual([
      expect.stringMatching(/^line 1: id: /),
      expect.stringMatching(/^line 4: credentialSets: /),
    ]);
    for (const fault of faults) expect(result.stderr).toContain(`  ${fault}\n`);
  });

  it('refuses a file that is not there, or is no UTF-8', async () => {
    expect(refusalOf(await series('add', 'nowhere.yaml', '--json'))).toEqual({
      code: 'usage',
      exitCode: 2,
    });
    const file = join(folder, 'gbk.yaml');
    writeFileSync(file, Buffer.from([0x69, 0x64, 0x3a, 0x20, 0xd6, 0xd0]));
    expect(refusalOf(await series('add', file, '--json'))).toEqual({
      code: 'definition-invalid',
      exitCode: 2,
    });
  });
});
