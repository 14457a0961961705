/**
 * @module One run of wrk: a closed load over kept connections, one thread.
 *
 * Failure policy: a wrk that fails, or is ended by `stop`, rejects.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SetupError } from '../../infra/local/setup-error.ts';
import { pinned } from './cores.ts';
import type { Tool } from './tools.ts';
import { environmentOf } from './tools.ts';

export interface WrkRun {
  readonly wrk: Tool;
  readonly port: number;
  readonly requestsFile: string;
  /** This process's when left out. */
  readonly cores?: readonly number[];
  readonly connections: number;
  readonly seconds: number;
  /** Whether to count every answer's status, at a cost for the load's core. */
  readonly countStatuses: boolean;
  readonly stop: AbortSignal;
}

export interface WrkResult {
  /** Answers that came within the duration. */
  readonly requests: number;
  readonly durationUs: number;
  readonly bytes: number;
  /** Connections refused or broken, and answers that took over 2 s. */
  readonly errors: number;
  /** Answers of 4xx and 5xx. */
  readonly badStatuses: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers by status, when they were counted. */
  readonly statuses: Readonly<Record<string, number>>;
}

const SCRIPT = fileURLToPath(new URL('./wrk.lua', import.meta.url));

/** A wrk that starves or hangs is ended after its duration and this. */
const GRACE_MS = 30_000;

/** Runs wrk to its end. */
export async function runWrk(run: WrkRun): Promise<WrkResult> {
  const { port, requestsFile, connections, seconds, countStatuses } = run;
  const args = [
    `-t1`,
    `-c${connections}`,
    `-d${seconds}s`,
    `-s${SCRIPT}`,
    `http://127.0.0.1:${port}`,
    '--',
    requestsFile,
    ...(countStatuses ? ['count'] : []),
  ];
  return (await runWrkScript(run, args, 'bench')) as WrkResult;
}

/**
 * Runs wrk with a script of ours to its end.
 * @param label what the script's line of results begins with, before a colon and its JSON.
 */
export async function runWrkScript(
  { wrk, cores, seconds, stop: asked }: Pick<WrkRun, 'wrk' | 'cores' | 'seconds' | 'stop'>,
  args: readonly string[],
  label: string,
): Promise<unknown> {
  asked.throwIfAborted();
  const stop = AbortSignal.any([asked, AbortSignal.timeout(seconds * 1_000 + GRACE_MS)]);
  const { command, args: words } =
    cores === undefined ? { command: wrk.command, args } : pinned(cores, wrk.command, args);
  const child = spawn(command, words, {
    env: environmentOf(wrk),
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stop,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 1));
  const code = await promise;
  const line = new RegExp(`^${label}:(\\{.*\\})$`, 'm').exec(output)?.[1];
  if (code !== 0 || line === undefined)
    throw new SetupError(`wrk ended with code ${code}: ${output.trim().split('\n').at(-1) ?? ''}`);
  return JSON.parse(line);
}
