/**
 * `npm run bench` once through in little: that it starts everybody, finds every answer right, prints one object and
 * leaves nothing. Never how fast anything is.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../loadtest/bench/report.ts';

const MAIN = fileURLToPath(new URL('../../loadtest/bench/main.ts', import.meta.url));
/** Rows without packages of npm, which the test would have to fetch. */
const OURS = ['fangbang-bun', 'fangbang-bun-wrong', 'fangbang-bun-unreleased', 'fangbang-bun-shed'];
const PEERS = ['nginx-lua-redis', 'nginx-lua-redis-equal', 'webdis', 'bun-constant'];
const QUICK = ['--rounds', '1', '--turns', '1', '--seconds', '1', '--warm-up', '0', '--credentials', '300'];

/** Few connections: this machine may be busy with other tests, and our service has time limits. */
const SMALL = [...QUICK, '--connections', '16', '--json'];

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Process ids of the run's when it was interrupted. */
  readonly whileItRan: readonly string[];
}

async function runBench(args: readonly string[], interruptAt?: RegExp): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  let stdout = '';
  let stderr = '';
  let isInterrupted = false;
  let whileItRan: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (interruptAt?.test(stderr) === true && !isInterrupted) {
      isInterrupted = true;
      whileItRan = running();
      child.kill('SIGINT');
    }
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', (code) => resolve(code));
  return { code: await promise, stdout, stderr, whileItRan };
}

/** Where the bench puts all of its throw-away folders: whatever has this path in it is of our runs. */
let temporary = '';
beforeAll(() => {
  temporary = mkdtempSync(join(tmpdir(), 'bench-smoke-'));
  // Postgres is another user.
  chmodSync(temporary, 0o755);
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Processes of our runs: each has a file of its stage among its arguments or in its environment. */
function running(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) =>
      ['cmdline', 'environ'].some((file) => textOf(`/proc/${pid}/${file}`).includes(temporary)),
    );
}

/** Empty for a process that has just ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

describe('a short bench', () => {
  let run: Run;
  let report: Report;
  beforeAll(async () => {
    run = await runBench([...SMALL, '--only', [...OURS, ...PEERS].join(',')]);
    report = JSON.parse(run.stdout) as Report;
  }, 120_000);

  it('ends well: every answer that was looked at was right', () => {
    expect(report.faults).toEqual([]);
    expect(run.code, run.stderr).toBe(0);
  });

  it('prints one object with a row for everybody, or the reason why not', () => {
    const names = [...report.rows, ...report.notAvailable].map(({ name }) => name);
    expect(names.toSorted()).toEqual([...OURS, ...PEERS].toSorted());
    for (const { reason } of report.notAvailable) expect(reason).toContain('sudo apt-get install');
    for (const row of report.rows) {
      for (const figure of [row.cpuUsPerRequest, row.requestsPerSecond, row.p99Ms])
        expect(figure, row.name).toBeGreaterThan(0);
      expect(row.measuredTurns).toBe(1);
      expect(row.spread.cpuUsPerRequest).toEqual({ min: row.cpuUsPerRequest, max: row.cpuUsPerRequest });
    }
    expect(report.rounds).toBe(1);
    expect(report.machine['server core']).not.toBe(report.machine['load and Redis core']);
  });

  it('compares CPU by pairs', () => {
    const cpu = (name: string): number =>
      report.rows.find((row) => row.name === name)?.cpuUsPerRequest ?? Number.NaN;
    const ratio = report.ratios['fangbang-bun-wrong']?.['fangbang-bun']?.median;
    expect(ratio).toBeCloseTo(cpu('fangbang-bun-wrong') / cpu('fangbang-bun'), 2);
  });

  it('says as text on standard error what the object says', () => {
    for (const { name } of report.rows) expect(run.stderr).toContain(`\n${name} `);
  });
});

describe('a bench that is interrupted', () => {
  it('while it measures ends with 130, with nothing on standard output and nothing running', async () => {
    // The answers have been asked for: the first contestant is being started, checked or measured.
    const run = await runBench([...SMALL, '--only', 'fangbang-bun'], /peers to serve … [0-9]/);
    expect(run.code, run.stderr).toBe(130);
    expect(run.stdout).toBe('');
    // The bench itself, Postgres with its own processes, Redis.
    expect(run.whileItRan.length).toBeGreaterThan(3);
    expect(running()).toEqual([]);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
