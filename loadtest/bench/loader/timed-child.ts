/**
 * @module A program run to its end: how long, how much CPU, how much memory at its peak. Linux only.
 *
 * Failure policy: a program that ends with another code than 0 is a SetupError with its last words.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { SetupError } from '../../../infra/local/setup-error.ts';

export interface ChildRun {
  /** How a person calls it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** A file for its standard input; none without it. */
  readonly inputFile?: string;
  readonly stop: AbortSignal;
}

export interface Timed {
  readonly seconds: number;
  /** User and system time of all its threads, to 10 ms. */
  readonly cpuSeconds: number;
  /** Resident memory at its peak, in MB of 2²⁰ bytes. */
  readonly peakRssMb: number;
  readonly stdout: string;
}

/** The kernel keeps the peak itself; only what a process takes in its last moments is missed. */
const LOOK_EVERY_MS = 20;
/** Linux counts in hundredths of a second on every architecture (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Runs one program; nothing else may end beside it in this process, or its CPU time would be counted too. */
export async function runTimed(run: ChildRun): Promise<Timed> {
  const input = run.inputFile === undefined ? 'ignore' : openSync(run.inputFile, 'r');
  const before = endedChildrenTicks(readFileSync('/proc/self/stat', 'utf8'));
  const startedAtMs = performance.now();
  const child = spawn(run.command, run.args, {
    env: run.env,
    stdio: [input, 'pipe', 'pipe'],
    signal: run.stop,
  });
  if (input !== 'ignore') closeSync(input);
  const { stdout, stderr } = child;
  // With 'pipe' there always are both.
  if (stdout === null || stderr === null) throw new Error(`${run.name} has no standard output`);
  let peakKb = 0;
  const look = setInterval(() => {
    peakKb = Math.max(peakKb, peakResidentKb(child.pid));
  }, LOOK_EVERY_MS);
  let output = '';
  let complaint = '';
  stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
    const code = await promise;
    const seconds = (performance.now() - startedAtMs) / 1000;
    if (code !== 0) {
      const words = complaint.trim().split('\n').slice(-4).join('\n  ');
      throw new SetupError(`${run.name} ended with code ${code}:\n  ${words}`);
    }
    const ticks = endedChildrenTicks(readFileSync('/proc/self/stat', 'utf8')) - before;
    return { seconds, cpuSeconds: ticks / TICKS_PER_SECOND, peakRssMb: peakKb / 1024, stdout: output };
  } finally {
    clearInterval(look);
  }
}

/** cutime and cstime of a line of /proc/<pid>/stat: of all children that have ended and were waited for. */
export function endedChildrenTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[13]) + Number(fields[14]);
}

/** VmHWM of a process, in kB; 0 when it has just ended. */
function peakResidentKb(pid: number | undefined): number {
  try {
    return peakIn(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return 0;
  }
}

/** The same from the text of /proc/<pid>/status; a process that has ended has none. */
export function peakIn(status: string): number {
  return Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1] ?? 0);
}
