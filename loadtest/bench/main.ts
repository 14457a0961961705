/**
 * @module `npm run bench`: our service side by side with what an operator could put in its place.
 *
 * Failure policy: a machine on which nothing can be measured ends this with exit code 1 and a sentence. A row
 * that cannot be had here is reported as not available, one that answers wrongly as failed (exit code 1); the
 * others go on. Whatever ends it, also Ctrl-C, all that was started is stopped and removed.
 */
import { loadavg, release as kernelRelease } from 'node:os';
import { readFileSync } from 'node:fs';
import { runtimePath } from '../../infra/local/hand-over.mjs';
import { runToEnd } from '../../infra/local/processes.ts';
import { progressOn } from '../../infra/local/progress.ts';
import { sentenceFor } from '../../infra/local/setup-error.ts';
import { makeContestants } from './contestants.ts';
import { chooseCores, machineName, pin, type Cores } from './cores.ts';
import type { BenchOptions } from './options.ts';
import { readOptions, USAGE, UsageError, wantedRows } from './options.ts';
import { makeReport } from './report.ts';
import { measureRounds } from './rounds.ts';
import { setStage } from './stage.ts';
import { showReport } from './table.ts';
import { findWrk } from './tools.ts';

const environment = process.env;
const INTERRUPTED = 130;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The second Ctrl-C is the first one passed on by npm; everything that we wait for has its own limit.
  process.on(signal, () => interruption.abort());
}
// The terminal, or the program that reads us, may go before we do.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

/** What is to be undone, the last first. */
const undo: (() => Promise<void> | void)[] = [];

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(USAGE);
  else process.exitCode = await bench(options);
} catch (fault) {
  if (interruption.signal.aborted) process.exitCode = INTERRUPTED;
  else if (fault instanceof UsageError) process.exitCode = 2;
  else process.exitCode = 1;
  if (process.exitCode !== INTERRUPTED)
    say(`fangbang: ${fault instanceof UsageError ? fault.message : sentenceFor(fault)}`);
} finally {
  for (const step of undo.toReversed()) await undoOne(step);
}

/** Returns the exit code. */
async function bench(options: BenchOptions): Promise<number> {
  const stop = interruption.signal;
  const rows = wantedRows(options);
  const finder = { searchPath: environment['PATH'] ?? '', say };
  const cores = chooseCores();
  const loadBefore = loadavg()[0] ?? 0;
  const wrk = await findWrk(finder);
  const stage = await setStage({
    ...options,
    cores,
    searchPath: finder.searchPath,
    env: environment,
    progress: progressOn(process.stderr),
    say,
    stop,
    undo: (step) => undo.push(step),
  });
  const { contestants, notAvailable } = await makeContestants({ stage, cores, finder }, rows);
  // From now on this process is idle but for the checks between two measurements.
  await pin(process.pid, [cores.load]);
  const settings = { wrk, stop, ...options };
  const { turns, faults } = await measureRounds(contestants, settings, say);
  const report = makeReport(turns, {
    notAvailable,
    faults,
    rounds: options.rounds,
    turnsPerRound: options.turns,
    secondsPerMeasurement: options.seconds,
    connections: options.connections,
    credentials: options.credentials,
    machine: await describeMachine(cores, loadBefore),
  });
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  (options.json ? process.stderr : process.stdout).write(`${showReport(report)}\n`);
  return faults.length === 0 ? 0 : 1;
}

async function versionOf(command: string): Promise<string> {
  return (await runToEnd({ command, args: ['--version'] })).output.trim();
}

async function describeMachine(cores: Cores, loadBefore: number): Promise<Record<string, string | number>> {
  return {
    cpu: machineName(cores),
    kernel: kernelRelease(),
    bun: await versionOf(runtimePath('bun')),
    node: await versionOf(runtimePath('node')),
    'server core': cores.server,
    'load and Redis core': cores.load,
    'load average before': Number(loadBefore.toFixed(1)),
    'load average after': Number((readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? '0').slice(0, 5)),
  };
}

/** One that fails must not keep the others from being undone. */
async function undoOne(step: () => Promise<void> | void): Promise<void> {
  try {
    await step();
  } catch (fault) {
    say(`fangbang: ${sentenceFor(fault)}`);
    process.exitCode = 1;
  }
}
