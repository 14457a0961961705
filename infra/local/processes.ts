/**
 * @module Children that we look after: servers that write to a log file and must not outlive us.
 *
 * Failure policy: a child that can't be started is a SetupError. A child that ends by itself is seen through
 * `exited`. When we die without a word (kill -9, a crash), its guardian stops it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardProcess } from './guardian.ts';
import { SetupError } from './setup-error.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  /** How a person calls it: "Postgres", "Redis", "the service". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Receives standard output and standard error; appended to. */
  readonly logFile: string;
  /** Sent in this order until the child is gone, each followed by its wait; SIGKILL comes after them. */
  readonly stopSignals?: readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];
}

export interface Child {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly running: () => boolean;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Stops it, with growing force; done when the process is gone. Harmless the second time. */
  readonly stop: () => Promise<void>;
}

const defaultStopSignals = [{ signal: 'SIGTERM', waitMs: 10_000 }] as const;

/** Starts a child in a session of its own, so that Ctrl-C in the terminal reaches only us and we stop it in order. */
export async function startChild(options: ChildOptions): Promise<Child> {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = openSync(options.logFile, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(options.command, options.args, {
      stdio: ['ignore', log, log],
      detached: true,
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...options.user,
    });
  } finally {
    closeSync(log);
  }
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const { pid } = child;
  if (pid === undefined) throw await startFault(child, options);
  const dismiss = guardProcess(pid);
  void exited.then(dismiss);
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const signal = (name: NodeJS.Signals): void => {
    if (running()) child.kill(name);
  };
  const stop = async (): Promise<void> => {
    for (const step of options.stopSignals ?? defaultStopSignals) {
      if (!running()) return;
      signal(step.signal);
      await Promise.race([exited, sleep(step.waitMs, undefined, { ref: false })]);
    }
    signal('SIGKILL');
    await exited;
  };
  return { pid, exited, running, signal, stop };
}

async function startFault(child: ChildProcess, options: ChildOptions): Promise<SetupError> {
  const fault = await new Promise<NodeJS.ErrnoException>((resolve) => child.once('error', resolve));
  return new SetupError(
    `${options.name} could not be started (${fault.code} on ${options.command}): run "npm ci", or see ${options.logFile}.`,
  );
}

/** Runs a short program to its end; its standard output and error come back as one text. */
export async function runToEnd(options: {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly user?: { readonly uid: number; readonly gid: number };
}): Promise<{ code: number; output: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; output: string }>();
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...options.user,
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.once('error', reject);
  child.once('close', (code, signal) => resolve({ code: code ?? (signal === null ? 1 : 128), output }));
  return await promise;
}

/** Ends when `probe` answers true; throws what `failure` makes of it when the child ends or the time is up. */
export async function waitUntilReady(
  child: Child,
  probe: () => Promise<boolean>,
  options: { readonly timeoutMs: number; readonly failure: (why: string) => Error },
): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    if (await probe()) return;
    if (!child.running()) throw options.failure('it ended by itself');
    if (Date.now() > deadline) throw options.failure(`not ready after ${options.timeoutMs / 1000} s`);
    await sleep(20);
  }
}

/** The command line of a running process, its parts separated by blanks; undefined if there is none (or no /proc). */
export function commandLineOf(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    // A process that has ended and was not waited for yet has an empty one.
    return line === '' ? undefined : line;
  } catch {
    return undefined;
  }
}

/**
 * Stops a process that an earlier run left behind. `belongs` looks at its command line, because the number may
 * meanwhile be another program's.
 */
export async function stopLeftOver(pid: number, belongs: (commandLine: string) => boolean): Promise<void> {
  const lives = (): boolean => {
    const line = commandLineOf(pid);
    return line !== undefined && belongs(line);
  };
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    const deadline = Date.now() + 10_000;
    if (!lives()) return;
    process.kill(pid, signal);
    while (lives() && Date.now() < deadline) await sleep(50);
  }
}
