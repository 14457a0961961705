/**
 * @module The service as a process of its own, on Bun or on Node, against given stores.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { CHILD_ENVIRONMENT } from './child-environment.ts';

export type Runtime = 'bun' | 'node';
export const RUNTIMES: readonly Runtime[] = ['bun', 'node'];

export interface ServiceOptions {
  readonly runtime: Runtime;
  readonly databaseUrl: string;
  /** A URL of Redis, or `none`. */
  readonly redisUrl: string;
  readonly pepperFile: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether to wait until it is ready, or only until it listens; ready when left out. */
  readonly until?: 'ready' | 'listening';
  /** service/main.ts, or service/serve.ts with several of them; main when left out. */
  readonly program?: Program;
}

export type Program = 'main' | 'serve';

export interface RunningService {
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** All that it has written so far. */
  readonly output: () => string;
  /** The lines of the log, parsed. */
  readonly log: () => Record<string, unknown>[];
  /** A lookup by the API. */
  readonly lookup: (series: string, fields: Record<string, unknown>) => Promise<Answer>;
  /** The value of a metric, such as `fangbang_redis_reads_total{outcome="hit"}`. */
  readonly metric: (name: string) => Promise<number>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM, and the exit code. */
  readonly stop: () => Promise<number | null>;
}

export interface Answer {
  readonly status: number;
  /** Of Retry-After; undefined without it. */
  readonly retryAfterSeconds: number | undefined;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** The service as a process with exactly this environment, for tests of its start. */
export function spawnService(
  runtime: Runtime,
  env: Readonly<Record<string, string>>,
  program: Program = 'main',
): ChildProcess {
  const path = runtimePath(runtime);
  const script = fileURLToPath(new URL(`../../service/${program}.ts`, import.meta.url));
  return spawn(path, [...runtimeFlags(path), script], {
    env: { PATH: '/usr/bin:/bin', PRACTICE_LOOKUPS: '0', ...CHILD_ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Starts the service on free ports and waits for it. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const env = {
    DATABASE_URL: options.databaseUrl,
    REDIS_URL: options.redisUrl,
    FANGBANG_PEPPER_FILE: options.pepperFile,
    PORT: '0',
    ADMIN_PORT: '0',
    ...options.env,
  };
  const child = spawnService(options.runtime, env, options.program);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text));
  let isOver = false;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      isOver = true;
      resolve({ code, signal });
    });
  });
  const log = (): Record<string, unknown>[] =>
    output
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    const deadline = Date.now() + 30_000;
    while (!(await holds())) {
      if (isOver || Date.now() > deadline) {
        child.kill('SIGKILL');
        throw new Error(`the service is not ${what}; it wrote:\n${output}`);
      }
      await sleep(20);
    }
  };

  await until('listening', () => log().some((line) => line['msg'] === 'listening'));
  const listening = log().find((line) => line['msg'] === 'listening') ?? {};
  const url = `http://127.0.0.1:${String(listening['port'])}`;
  const adminUrl = `http://127.0.0.1:${String(listening['adminPort'])}`;
  if (options.until !== 'listening')
    await until('ready', async () => (await fetch(`${adminUrl}/readyz`)).status === 200);
  return {
    url,
    adminUrl,
    pid: child.pid ?? 0,
    output: () => output,
    log,
    lookup: (series, fields) => lookupAt(url, series, fields),
    metric: async (name) => {
      const text = await (await fetch(`${adminUrl}/metrics`)).text();
      const line = text.split('\n').find((one) => one.startsWith(`${name} `));
      if (line === undefined) throw new Error(`there is no metric ${name}`);
      return Number(line.slice(name.length + 1));
    },
    signal: (signal) => child.kill(signal),
    exited,
    stop: async () => {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      return (await exited).code;
    },
  };
}

/** A lookup by the API of the service at `url`. */
export async function lookupAt(
  url: string,
  series: string,
  fields: Record<string, unknown>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${url}/v1/series/${series}/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(fields),
    // Far longer than any answer may take: what hangs fails here.
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  const retryAfter = response.headers.get('retry-after');
  return {
    status: response.status,
    retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
    headers: response.headers,
    text,
    json: JSON.parse(text) as Record<string, unknown>,
  };
}
