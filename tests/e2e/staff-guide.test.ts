/**
 * @module The staff guide, every command as it is printed, by the person it is for, on real stores.
 *
 * A block of the guide says in its first line who runs it and with which exit code it ends (0 unless said).
 */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { ERROR_KINDS } from '../../service/results/errors.ts';
import { jsonOf, openCliDesk, type CliDesk } from '../helpers/cli-desk.ts';
import { createDatabase, type TestDatabase } from '../helpers/stores.ts';

const ROOT = new URL('../../', import.meta.url);
const guide = (language: string): string =>
  readFileSync(new URL(`docs/staff-guide.${language}.md`, ROOT), 'utf8');

interface Block {
  readonly person: string;
  readonly exitCode: number;
  readonly commands: string;
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```sh (\w+)(?: (\d))?\n(.*?)^```$/gms)].map(
    ([, person = '', exitCode = '0', commands = '']) => ({ person, exitCode: Number(exitCode), commands }),
  );
}

const blocks = blocksOf(guide('en'));

test('both languages have the same commands, and no block is left out of the walk', () => {
  expect(blocksOf(guide('zh'))).toEqual(blocks);
  for (const language of ['en', 'zh'])
    expect(guide(language).match(/^```/gm)?.length).toBe(2 * blocks.length);
});

test('every refusal is explained in both languages with its exit code', () => {
  const exitCodes = { usage: 2, data: 3, state: 4, store: 5, fault: 1 };
  for (const language of ['en', 'zh']) {
    const rows = [...guide(language).matchAll(/^\| `([a-z-]+)` \| (\d) \|/gm)].map(([, code, exit]) => [
      code,
      Number(exit),
    ]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(ERROR_KINDS).map(([code, kind]) => [code, exitCodes[kind]])),
    );
  }
});

describe('the walk', () => {
  let desk: CliDesk;
  let folder: string;
  let database: TestDatabase;
  const urls = new Map<string, string>();

  beforeAll(async () => {
    desk = await openCliDesk();
    // Batch numbers as printed: a database that nothing was loaded into.
    database = await createDatabase();
    urls.set('owner', database.url);
    folder = join(desk.folder, 'guide');
    mkdirSync(folder);
    const program = join(desk.folder, 'bin');
    mkdirSync(program);
    const main = fileURLToPath(new URL('loader-cli/main.ts', ROOT));
    const bun = runtimePath('bun');
    const words = [bun, ...runtimeFlags(bun), main].map((word) => `'${word}'`).join(' ');
    writeFileSync(join(program, 'fangbang'), `#!/bin/sh\nexec ${words} "$@"\n`);
    chmodSync(join(program, 'fangbang'), 0o755);
  });
  afterAll(async () => {
    await database.drop();
    await desk.close();
  });

  /** What `preview` asks for: the first candidate's credentials, as one types them. */
  function credentials(): string {
    const path = join(folder, 'results.credentials.csv');
    if (!existsSync(path)) return '';
    const [first]: Record<string, string>[] = parse(readFileSync(path), { columns: true, to: 1 });
    return `${first?.['candidateNumber']}\n${first?.['identityNumber']}\n`;
  }

  async function run({ person, commands }: Block): Promise<{ exitCode: number | null; output: string }> {
    const child = spawn('bash', ['--norc', '-euo', 'pipefail', '-c', commands], {
      cwd: folder,
      env: {
        PATH: `${join(desk.folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        HOME: folder,
        DATABASE_URL: urls.get(person) ?? '',
        REDIS_URL: desk.redisUrl,
        FANGBANG_PEPPER_FILE: desk.pepperFile,
      },
      stdio: 'pipe',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(credentials());
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { exitCode, output };
  }

  test.each(blocks.map((block, i) => [i + 1, block.person, block] as const))(
    'block %i, by the %s, ends as it says',
    async (_place, person, block) => {
      if (person !== 'owner' && !urls.has(person))
        urls.set(person, (await database.createLogin(person, 'fangbang_loader')).url);
      const { exitCode, output } = await run(block);
      expect(`${exitCode}\n${exitCode === block.exitCode ? '' : output}`).toBe(`${block.exitCode}\n`);
    },
  );

  test('ends with the correction open, the first batch behind it, and the first candidate withheld', async () => {
    const env = { DATABASE_URL: urls.get('loader') ?? '' };
    const status = jsonOf(await desk.asLoader(['status', '--json'], { env }));
    expect(status).toMatchObject({
      series: [{ series: 'zj-gaokao-2026', state: 'open', current: { batch: 2 }, next: null }],
    });
    const answer = await desk.asLoader(['preview', '2', '--json'], { env, input: credentials() });
    expect(jsonOf(answer)).toMatchObject({
      batch: { number: 2, corrected: true },
      status: { code: 'withheld' },
      components: [],
    });
    expect(existsSync(join(folder, 'changes.csv'))).toBe(false);
  });
});
