/**
 * @module `npm run fuzz:api`: generated requests against the service on both runtimes, every answer held against
 * /openapi.json.
 *
 * Failure policy: exit code 0 when every answer was as it is described, 1 when one was not or nothing could be
 * measured, 2 for wrong options, 130 after Ctrl-C; all that was started is stopped first.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { keep } from '../../../infra/local/checkout.ts';
import { runMeasurement, UsageError, wholeNumber, type Run } from '../../../loadtest/page/run.ts';
import type { RunningService } from '../../helpers/service.ts';
import { until } from '../../helpers/until.ts';
import { preload } from '../common/installation.ts';
import { PASSES, type Pass } from './passes.ts';
import { findSchemathesis } from './python.ts';
import { fuzz, type FuzzVerdict } from './schemathesis.ts';
import { setUp, type FuzzSet } from './set-up.ts';
import { sharpen, type KnownSeries } from './sharpen.ts';

const USAGE = `npm run fuzz:api -- [options]

  --cases <n>      generated requests for each runtime, at least (1000)
  --seed <n>       the same requests again (random)
  --sabotage       a member that is not described and a fault for rare input: must not end with 0
  --pass <name>    one of ${PASSES.map(({ name }) => name).join(', ')} (all of them)

Makes a set of its own (Postgres, Redis, one series open, one to come, the service on Bun and on Node) and runs
schemathesis over the service's own /openapi.json with all checks. It needs python3 (3.10 or newer, with venv and
pip); the first run installs the fuzzer under .fangbang/fuzz/, where the logs of the last run are, too.

Exit codes: 0 every answer was as described, 1 not so, 2 wrong options, 130 stopped by Ctrl-C.

Example: npm run fuzz:api -- --cases 10000 --seed 7
`;

const SABOTAGE = new URL('./sabotage.mjs', import.meta.url);
/** Cases that one example makes over all operations and phases: 28; too few are made up for by another round. */
const CASES_PER_EXAMPLE = 25;
/** Lookups that a store of a busy machine was too late for. */
const MOST_UNAVAILABLE = 0.01;

await runMeasurement(async (run) => {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return true;
  }
  const { seed, cases, passes, isSabotaged } = options;
  process.stdout.write(`fuzz:api, seed ${seed}\n`);
  const program = await findSchemathesis(process.env);
  const set = await setUp(run);
  const faults: string[] = [];
  for (const pass of passes)
    faults.push(...(await take(pass, { run, set, program, seed, cases, isSabotaged })));
  for (const fault of faults) process.stdout.write(`FAILS  ${fault}\n`);
  process.stdout.write(
    faults.length === 0
      ? 'Every answer was as /openapi.json says.\n'
      : `Not as /openapi.json says; the same again: npm run fuzz:api -- --seed ${seed} --cases ${cases}\n`,
  );
  return faults.length === 0;
});

interface Frame {
  readonly run: Run;
  readonly set: FuzzSet;
  readonly program: string;
  readonly seed: number;
  readonly cases: number;
  readonly isSabotaged: boolean;
}

/** One pass to its end; what was wrong in it. */
async function take(pass: Pass, { run, set, program, seed, cases, isSabotaged }: Frame): Promise<string[]> {
  const service = await set.serve(pass.runtime, {
    ...pass.env,
    ...(isSabotaged ? preload(pass.runtime, SABOTAGE) : {}),
  });
  const document = await describe(service, set);
  const wanted = Math.ceil(cases * pass.share);
  const startedMs = performance.now();
  const verdicts: FuzzVerdict[] = [];
  const count = (of: (verdict: FuzzVerdict) => number): number =>
    verdicts.reduce((sum, verdict) => sum + of(verdict), 0);
  while (count((verdict) => verdict.cases) < wanted) {
    const round = verdicts.length;
    const verdict = await fuzz({
      program,
      folder: keep('fuzz'),
      name: round === 0 ? pass.name : `${pass.name}-${round + 1}`,
      url: service.url,
      document,
      seed: seed + round,
      maxExamples: Math.max(2, Math.ceil(wanted / CASES_PER_EXAMPLE)),
      phases: round === 0 ? 'all' : 'random',
      env: process.env,
      stop: run.stop,
    });
    verdicts.push(verdict);
    if (verdict.failures.length > 0) process.stdout.write(failuresIn(verdict.logFile));
    if (verdict.cases === 0) throw new Error(`schemathesis made no cases, see ${verdict.logFile}`);
  }
  const outcomes = await outcomesOf(service);
  await service.stop();
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const seen = [...outcomes].filter(([, times]) => times > 0).map(([kind, times]) => `${kind} ${times}`);
  process.stdout.write(
    `  ${pass.name}: ${count((verdict) => verdict.cases)} cases, ${count((verdict) => verdict.casesWithFailures)} with failures, in ${seconds} s; lookups: ${seen.join(', ')}\n`,
  );
  return [
    ...verdicts.flatMap(({ failures }) => failures),
    ...pass.meets
      .filter((kind) => (outcomes.get(kind) ?? 0) === 0)
      .map((kind) => `no lookup was ${kind}: more cases, or another seed`),
    ...tooManyUnavailable(outcomes),
  ].map((fault) => `${pass.name}: ${fault}`);
}

async function describe(service: RunningService, set: FuzzSet): Promise<Readonly<Record<string, unknown>>> {
  const get = async (path: string): Promise<Record<string, unknown>> =>
    (await (await fetch(`${service.url}${path}`)).json()) as Record<string, unknown>;
  let series: readonly KnownSeries[] = [];
  await until('the service knows the series', async () => {
    series = (await get('/v1/series'))['series'] as readonly KnownSeries[];
    return series.length === set.seriesCount;
  });
  return sharpen(await get('/openapi.json'), { series, candidates: set.candidates });
}

/** Lookups by outcome, by the service's own count. */
async function outcomesOf(service: RunningService): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${service.adminUrl}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^fangbang_lookups_total\{outcome="(\w+)"\} (\d+)$/gm)].map(([, kind, times]) => [
      kind ?? '',
      Number(times),
    ]),
  );
}

function tooManyUnavailable(outcomes: ReadonlyMap<string, number>): string[] {
  const all = [...outcomes.values()].reduce((sum, times) => sum + times, 0);
  const away = outcomes.get('unavailable') ?? 0;
  return away <= all * MOST_UNAVAILABLE ? [] : [`${away} of ${all} lookups found a store away`];
}

/** What schemathesis says of its failures, with the requests to repeat them. */
function failuresIn(logFile: string): string {
  const log = readFileSync(logFile, 'utf8');
  const start = log.search(/^=+ (?:FAILURES|ERRORS) =+$/m);
  return log.slice(Math.max(0, start)).split('\n').slice(0, 120).join('\n');
}

function readOptions(
  args: readonly string[],
): { seed: number; cases: number; passes: readonly Pass[]; isSabotaged: boolean } | undefined {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: { cases: text, seed: text, pass: text, sabotage: flag, help: flag },
    }));
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
  if (values.help === true) return undefined;
  const passes = PASSES.filter(({ name }) => values.pass === undefined || name === values.pass);
  if (passes.length === 0)
    throw new UsageError(`--pass takes one of ${PASSES.map(({ name }) => name).join(', ')}.`);
  return {
    cases: wholeNumber(values.cases ?? '1000', '--cases', 1, 1_000_000),
    seed:
      values.seed === undefined ? randomInt(1_000_000) : wholeNumber(values.seed, '--seed', 0, 999_999_999),
    passes,
    isSabotaged: values.sabotage === true,
  };
}
