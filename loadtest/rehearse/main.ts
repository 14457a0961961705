/**
 * @module `npm run rehearse`: a load profile against a running service or a set of its own, every answer
 * checked, with a report.
 *
 * Failure policy: exit codes as in the usage; whatever ends it, also Ctrl-C, all that was started is stopped.
 */
import { progressOn } from '../../infra/local/progress.ts';
import { SetupError, sentenceFor } from '../../infra/local/setup-error.ts';
import { showFindings } from '../profiles/report.ts';
import type { RehearseOptions } from './options.ts';
import { USAGE, UsageError, readOptions } from './options.ts';

const INTERRUPTED = 130;
const environment = process.env;
const say = (line: string): void => void process.stderr.write(`${line}\n`);
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!interruption.signal.aborted) say('stopping …');
    interruption.abort();
  });
}

/** What is to be undone, the last first. */
const undo: (() => Promise<void> | void)[] = [];

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(USAGE);
  else process.exitCode = await run(options);
} catch (fault) {
  if (interruption.signal.aborted) process.exitCode = INTERRUPTED;
  else if (fault instanceof UsageError || fault instanceof SetupError) {
    say(`fangbang: ${fault instanceof SetupError ? sentenceFor(fault) : fault.message}`);
    process.exitCode = 2;
  } else throw fault;
} finally {
  for (const step of undo.toReversed()) await undoOne(step);
}

/** Returns the exit code. */
async function run(options: RehearseOptions): Promise<number> {
  // Loading what draws the report takes a second: a wrong option is told before.
  const { rehearse } = await import('./rehearse.ts');
  const { writeReport } = await import('../report/write.ts');
  const record = await rehearse(options, {
    env: environment,
    progress: progressOn(process.stderr),
    say,
    stop: interruption.signal,
    undo: (step) => undo.push(step),
  });
  const { summary, isStopped, findings } = record;
  const report = writeReport(record, options.report);
  const outcome = isStopped ? 'stopped early' : summary.passed ? 'passed' : 'FAILED';
  const capacity = summary.capacityPerSecond === null ? '' : `, C = ${summary.capacityPerSecond}/s`;
  const text = `${summary.profile}: ${outcome}, ${summary.requests} requests at ${summary.ratePerSecond}/s${capacity}\n${showFindings(findings)}\n  report: ${report}\n`;
  if (options.json) process.stderr.write(text);
  process.stdout.write(options.json ? `${JSON.stringify({ ...summary, report })}\n` : text);
  if (isStopped) return INTERRUPTED;
  return summary.passed ? 0 : 1;
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
