import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { checkout } from '../../infra/local/checkout.ts';
import { guardProcess } from '../../infra/local/guardian.ts';
import { freePort } from '../../infra/local/port.ts';
import { throwAwayFolder, unprivilegedUser, type ThrowAwayFolder } from '../../infra/local/private-folder.ts';

const run = promisify(execFile);

/** A copy of this checkout, so that `.fangbang/` here is left alone. */
let folder: ThrowAwayFolder;
let ports: { PORT: string; ADMIN_PORT: string };

beforeAll(async () => {
  folder = throwAwayFolder('start', unprivilegedUser());
  mkdirSync(folder.path, { recursive: true });
  for (const name of ['infra', 'service', 'loader-cli', 'package.json', 'package-lock.json']) {
    cpSync(join(checkout, name), join(folder.path, name), { recursive: true });
  }
  symlinkSync(join(checkout, 'node_modules'), join(folder.path, 'node_modules'));
  ports = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) };
});
// What a failed test left would fail the others.
afterEach(() => killInFolder(''));
afterAll(() => folder.remove());

interface Run {
  readonly child: ChildProcess;
  /** All that it has printed. */
  readonly output: () => string;
  readonly closed: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

function npmStart(): Run {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...rest } = process.env;
  const child = spawn(process.execPath, ['infra/local/start.mjs'], {
    cwd: folder.path,
    env: { ...rest, ...ports },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Nor may it outlive a killed test run.
  if (child.pid !== undefined) child.once('close', guardProcess(child.pid));
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, output: () => output, closed };
}

/** Waits for its last line. */
async function isUp({ child, output, closed }: Run): Promise<void> {
  const ended = closed.then(() => {
    throw new Error(`npm start ended: ${output()}`);
  });
  const up = new Promise<void>((resolve) => {
    child.stdout?.on('data', () => output().includes('Ctrl-C stops everything') && resolve());
  });
  await Promise.race([up, ended]);
}

/** Runs the line that it prints for a shell. */
async function answerToPrintedCurl(output: string): Promise<unknown> {
  const line = output.split('\n').find((text) => text.trim().startsWith('curl ')) ?? 'false';
  return JSON.parse((await run('sh', ['-c', line])).stdout);
}

/** The command lines of the processes that run from, or in, the copy, by process id. */
function processesInFolder(): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const isHere = readlinkSync(`/proc/${name}/cwd`).startsWith(folder.path);
      if (isHere || line.includes(`${folder.path}/`)) found.set(Number(name), line);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

function killInFolder(script: string): void {
  for (const [pid, line] of processesInFolder()) if (line.includes(script)) process.kill(pid, 'SIGKILL');
}

async function untilNothingRuns(): Promise<void> {
  await expect.poll(() => [...processesInFolder().values()], { timeout: 15_000 }).toEqual([]);
}

const slip = {
  series: { id: 'zj-gaokao-2026' },
  candidate: { number: expect.any(String) },
  status: { code: expect.any(String) },
};

it(
  'a first start opens a series whose candidate is answered by the line that it prints',
  { timeout: 120_000 },
  async () => {
    const start = npmStart();
    await isUp(start);
    expect(await answerToPrintedCurl(start.output())).toMatchObject(slip);

    const second = npmStart();
    expect(await second.closed).toEqual({ code: 1, signal: null });
    expect(second.output()).toContain('Another "npm start" (process ');
    expect(await answerToPrintedCurl(start.output())).toMatchObject(slip);

    start.child.kill('SIGINT');
    expect(await start.closed).toEqual({ code: 0, signal: null });
    expect(start.output()).not.toContain('fangbang:');
    await untilNothingRuns();
  },
);

it(
  'every candidate in the credentials file is answered, under exactly its header’s names',
  { timeout: 120_000 },
  async () => {
    const start = npmStart();
    await isUp(start);
    const [header = '', ...rows] = readFileSync(join(folder.path, '.fangbang/demo-credentials.csv'), 'utf8')
      .trim()
      .split('\n');
    expect(header).toBe('candidateNumber,identityNumber');
    expect(rows).toHaveLength(10_000);
    for (const row of [rows[1], rows.at(-1)]) {
      const [candidateNumber, identityNumber] = (row ?? '').split(',');
      const answer = await fetch(`http://127.0.0.1:${ports.PORT}/v1/series/zj-gaokao-2026/lookup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ candidateNumber, identityNumber }),
      });
      expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status: 200, body: slip });
    }
    start.child.kill('SIGTERM');
    await start.closed;
    await untilNothingRuns();
  },
);

it(
  'a later start keeps the data, fills Redis again and is as good as the first',
  { timeout: 120_000 },
  async () => {
    const start = npmStart();
    await isUp(start);
    expect(start.output()).not.toContain('synthetic candidates');
    expect(start.output()).toContain('warming Redis with batch 1');
    expect(await answerToPrintedCurl(start.output())).toMatchObject(slip);
    const metrics = await (await fetch(`http://127.0.0.1:${ports.ADMIN_PORT}/readyz`)).text();
    expect(metrics).not.toBe('');
    start.child.kill('SIGINT');
    await start.closed;
    await untilNothingRuns();
  },
);

it(
  'after kill -9 nothing goes on running, and the next start recovers by itself',
  { timeout: 120_000 },
  async () => {
    const start = npmStart();
    await isUp(start);
    start.child.kill('SIGKILL');
    // start.mjs has handed over; its program is killed as well.
    killInFolder('start.ts');
    await untilNothingRuns();
    const next = npmStart();
    await isUp(next);
    expect(await answerToPrintedCurl(next.output())).toMatchObject(slip);
    next.child.kill('SIGINT');
    await next.closed;
    await untilNothingRuns();
  },
);

it(
  'Ctrl-C in the middle of a first load stops everything, and the next start loads',
  { timeout: 120_000 },
  async () => {
    await run('rm', ['-rf', join(folder.path, '.fangbang')]);
    const start = npmStart();
    await new Promise<void>((resolve) => {
      start.child.stdout?.on('data', () => start.output().includes('loading them') && resolve());
    });
    start.child.kill('SIGINT');
    expect(await start.closed).toEqual({ code: 130, signal: null });
    await untilNothingRuns();
    const next = npmStart();
    await isUp(next);
    expect(await answerToPrintedCurl(next.output())).toMatchObject(slip);
    next.child.kill('SIGINT');
    await next.closed;
    await untilNothingRuns();
  },
);

it.each(['PORT', 'ADMIN_PORT'] as const)('a taken %s is said before anything is started', async (name) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(Number(ports[name]), '127.0.0.1', resolve));
  const start = npmStart();
  expect(await start.closed).toEqual({ code: 1, signal: null });
  blocker.close();
  expect(start.output().trim().split('\n')).toEqual([
    expect.stringContaining(`choose another port with "${name}=`),
  ]);
  await untilNothingRuns();
});

it(
  'a service that ends by itself ends the start with a sentence, and the stores with it',
  { timeout: 120_000 },
  async () => {
    const start = npmStart();
    await isUp(start);
    killInFolder('service/main.ts');
    expect(await start.closed).toEqual({ code: 1, signal: null });
    expect(start.output()).toContain('The service has ended by itself');
    await untilNothingRuns();
    expect(existsSync(join(folder.path, '.fangbang/postgres/data/postmaster.pid'))).toBe(false);
  },
);
