/**
 * @module `npm run rehearse`: one load profile against a running service, every answer checked.
 */
import { findings, makeReport, showFindings } from '../profiles/report.ts';
import { drive } from './drive.ts';
import type { RehearseOptions } from './options.ts';
import { USAGE, UsageError, readOptions } from './options.ts';
import { askForSeries, readCandidates } from './prepare.ts';

const INTERRUPTED = 130;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!interruption.signal.aborted) say('stopping …');
    interruption.abort();
  });
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(USAGE);
  else process.exitCode = await rehearse(options);
} catch (fault) {
  if (!(fault instanceof UsageError)) throw fault;
  say(`fangbang: ${fault.message}`);
  process.exitCode = 2;
}

/** Returns the exit code. */
async function rehearse(options: RehearseOptions): Promise<number> {
  const { profile, url, seed, json } = options;
  const candidates = readCandidates(options);
  const series = await askForSeries(options, candidates);
  say(
    `${profile.name}: ${profile.ratePerSecond} requests/s for ${profile.seconds} s to ${url}, ` +
      `${candidates.length} candidates of ${series.id}, seed ${seed}`,
  );
  const figures = await drive({
    profile,
    url,
    series,
    candidates,
    seed,
    stop: interruption.signal,
    say,
  });
  const { aborted } = interruption.signal;
  const found = findings(profile, figures);
  const report = makeReport(profile, figures, !aborted && found.every(({ held }) => held));
  const outcome = aborted ? 'stopped early' : report.passed ? 'passed' : 'FAILED';
  const text = `${profile.name}: ${outcome}, ${report.requests} requests at ${report.ratePerSecond}/s\n${showFindings(found)}\n`;
  if (json) process.stderr.write(text);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : text);
  if (aborted) return INTERRUPTED;
  return report.passed ? 0 : 1;
}
