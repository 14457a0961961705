/**
 * @module Runs a real k6 script through small doubles of k6's modules: k6 itself may not be installed here (its
 * licence), and a script that nothing executes is not known to work. Everything but k6 is real: the script, the
 * files that it imports, the requests, the service.
 *
 * What the double holds a script to, as k6 does: init code runs once per virtual user, in modules of its own;
 * `open`, metrics and SharedArray only in init; requests and `add` only after it; no global of Node or a browser;
 * synchronous requests; known executors with known fields; thresholds on metrics that exist, in k6's grammar;
 * exit codes. What it does not show: the rate (it sends one request after the other, as fast as they are
 * answered), many users at once, k6's own JavaScript engine.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** k6's own exit codes. */
export const K6_EXIT = { passed: 0, thresholdsMissed: 99, invalidConfig: 104, scriptException: 107 } as const;

export interface K6Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What checks and custom metrics collected; undefined when the script stopped before the load. */
  readonly collected: K6Collected | undefined;
}

export interface K6Collected {
  readonly iterations: number;
  /** Iterations of each scenario. */
  readonly scenarios: Readonly<Record<string, number>>;
  /** By the name of the check. */
  readonly checks: Readonly<Record<string, { readonly passes: number; readonly fails: number }>>;
  /** What handleSummary was given. */
  readonly metrics: Readonly<
    Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>
  >;
  /** Messages of iterations that threw. */
  readonly exceptions: readonly string[];
}

export interface K6Options {
  /** `-e NAME=value` of k6: the only variables that the script sees. */
  readonly env: Readonly<Record<string, string>>;
  /** Where files of handleSummary go. */
  readonly cwd: string;
  /** Stops after so many, however many the scenarios plan. */
  readonly maxIterations?: number;
}

/** Runs the script in a process of its own, to its end. */
export async function runK6(script: string, options: K6Options): Promise<K6Result> {
  const program = fileURLToPath(new URL('./program.ts', import.meta.url));
  const child = fork(program, [script, JSON.stringify(options.env), String(options.maxIterations ?? 5_000)], {
    cwd: options.cwd,
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let stdout = '';
  let stderr = '';
  let collected: K6Collected | undefined;
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.on('message', (message) => {
    collected = message as K6Collected;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? -1));
  return { code: await promise, stdout, stderr, collected };
}
