/**
 * @module Runs `fangbang` as its users do: a process of its own, judged by stdout, stderr and exit code.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { CHILD_ENVIRONMENT } from './child-environment.ts';

export interface CliResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Text for standard input, which is closed after it. */
  readonly input?: string;
  readonly runtime?: 'node' | 'bun';
  readonly cwd?: string;
  /** Called with the process, to send it signals. */
  readonly onStart?: (child: { kill(signal: NodeJS.Signals): boolean; pid?: number | undefined }) => void;
}

const MAIN = fileURLToPath(new URL('../../loader-cli/main.ts', import.meta.url));

/** Runs one verb to its end. Only PATH, HOME and what `env` gives are in its environment. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const runtime = runtimePath(options.runtime ?? 'bun');
  const child = spawn(runtime, [...runtimeFlags(runtime), MAIN, ...args], {
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: process.env['HOME'] ?? '',
      ...CHILD_ENVIRONMENT,
      ...options.env,
    },
    cwd: options.cwd,
    stdio: 'pipe',
  });
  options.onStart?.(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { exitCode, stdout, stderr };
}
