/**
 * @module `npm run drill:release`: nobody learns a score before T, at whatever address, from instances whose
 * machines' clocks are wrong by a minute or jump; and at T every one of them opens.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Runtime } from '../../helpers/service.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import {
  approveBatch,
  gaokaoCandidates,
  loadBatch,
  presetDefinition,
  publishBatch,
  warmBatch,
} from '../../helpers/batch.ts';
import { until } from '../../helpers/until.ts';
import type { Check, Drill, Outcome } from '../common/drill.ts';
import { oneOf, runDrill, wholeNumber } from '../common/drill.ts';
import type { DrillInstallation } from '../common/installation.ts';
import { openInstallation } from '../common/installation.ts';
import { Asker } from './asker.ts';
import type { Instance } from './instances.ts';
import { SABOTAGES, startInstances } from './instances.ts';
import type { Told } from './judge.ts';
import { Judge } from './judge.ts';
import type { Opening } from './opening.ts';
import { sweep, watchOpening } from './opening.ts';
import type { PostgresTime } from './postgres-time.ts';
import { readPostgresTime } from './postgres-time.ts';
import type { Coming } from './tries.ts';
import { makeTry } from './tries.ts';

const USAGE = `npm run drill:release -- [options]

  --tries <n>        before T, at least (10000)
  --seconds <n>      from the publishing to T (45); less than the clocks are wrong
  --runtime <name>   bun or node (both)
  --sabotage <name>  must fall short: clock (instances release by their machine's clock), list (only list and pages
                     go by it)
  --seed <n>         what is tried
  --json             one JSON object on standard output, all else on standard error

On each runtime four instances: one whose machine's clock is 60 s fast, one 60 s slow, one right, one that jumps
between these. Two batches open: the first of a series, and one over a batch that is open. Tried is with right
and wrong credentials at the API, the form, the pages and the list; times are Postgres's.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:release -- --runtime node --seed 7
`;

const CANDIDATES = 200;
/** reliability.md section 3, row 1. */
const FIRST_WITHIN_MS = 250;
/** Answers at so few requests take some milliseconds: whoever waits so long waits for the machine. */
const BUSY_MS = 100;
/** Of what is tried at the same time by connections of their own. */
const PER_INSTANCE = 2;
/** More than needed, since a busy machine has no time for all. */
const MORE = 1.3;

await runDrill({
  name: 'release',
  usage: USAGE,
  options: {
    tries: { type: 'string' },
    seconds: { type: 'string' },
    runtime: { type: 'string' },
    sabotage: { type: 'string' },
  },
  run: release,
});

async function release(drill: Drill): Promise<Outcome> {
  const { values, progress, stop, seed } = drill;
  const tries = wholeNumber(values, 'tries', { least: 100, usual: 10_000 });
  const seconds = wholeNumber(values, 'seconds', { least: 10, usual: 45 });
  const only = oneOf(values, 'runtime', RUNTIMES);
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const runtimes: readonly Runtime[] = only === undefined ? RUNTIMES : [only];

  const made = await openInstallation(drill, CANDIDATES);
  const instances = await progress(`${runtimes.length * 4} instances with clocks of their own`, () =>
    startInstances(made, runtimes, sabotage),
  );
  stop.throwIfAborted();
  const coming = await progress('two batches, published for later', () => publishLater(made, seconds));
  const time = await readPostgresTime(made.postgres.url);
  await progress('every instance knows of them', () => untilKnown(instances, coming));

  const judge = new Judge(time);
  const broken: string[] = [];
  const watching = { time, judge, stop };
  const [openings] = await progress(`tries until T, in ${seconds} s at most, and the opening`, () =>
    Promise.all([
      Promise.all(
        instances.flatMap((instance) => coming.map((series) => watchOpening(instance, series, watching))),
      ),
      ...instances.flatMap((instance, i) =>
        Array.from({ length: PER_INSTANCE }, (_, n) =>
          tryUntilOpen(instance, coming, {
            ...watching,
            seed: seed + i * PER_INSTANCE + n,
            tries: Math.ceil((tries * MORE) / instances.length / PER_INSTANCE),
            broken,
          }),
        ),
      ),
    ]),
  );
  const wrong = await progress('every slip, from every instance', async () =>
    (
      await Promise.all(
        instances.flatMap((instance) => coming.map(async (series) => await sweep(instance, series))),
      )
    ).flat(),
  );
  return outcomeOf({ tries, instances, judge, openings, wrong, broken, time });
}

/** The same people in a series that is still closed, and in a batch over the one that is open. */
async function publishLater(made: DrillInstallation, seconds: number): Promise<Coming[]> {
  const { installation, definition, candidates, batch: open } = made;
  const nextYear = presetDefinition('gaokao', 'zj-gaokao-2027');
  const plans = [
    { definition: nextYear, candidates: gaokaoCandidates(nextYear, CANDIDATES, { shift: 9 }) },
    {
      definition,
      candidates: gaokaoCandidates(definition, CANDIDATES + 10, { shift: 5 }),
      before: { number: open.number, candidates },
    },
  ];
  const loaded = [];
  for (const plan of plans) {
    const batch = await loadBatch(installation, plan.definition, plan.candidates);
    await warmBatch(installation, batch);
    await approveBatch(installation, batch);
    loaded.push({ ...plan, batch });
  }
  const coming: Coming[] = [];
  for (const { definition: one, batch, before } of loaded) {
    const { opensAtMs } = await publishBatch(installation, batch, seconds * 1_000);
    coming.push({ definition: one, batch, opensAtMs, before });
  }
  return coming;
}

/** A series that was just published is unknown for a second; the time of both comes with the same poll. */
async function untilKnown(instances: readonly Instance[], coming: readonly Coming[]): Promise<void> {
  const id = coming[0]?.definition.id ?? '';
  for (const { name, service } of instances)
    await until(`${name} knows ${id}`, async () => {
      const list = await (await fetch(`${service.url}/v1/series`)).text();
      return list.includes(id);
    });
  // One poll more: the second batch was published after the first.
  await sleep(2_500);
}

interface Trying {
  readonly time: PostgresTime;
  readonly judge: Judge;
  readonly stop: AbortSignal;
  readonly seed: number;
  readonly tries: number;
  readonly broken: string[];
}

/** Spread evenly over what is left until T. */
async function tryUntilOpen(
  instance: Instance,
  coming: readonly Coming[],
  { time, judge, stop, seed, tries, broken }: Trying,
): Promise<void> {
  const asker = new Asker(instance.service.url);
  const opensAtMs = Math.min(...coming.map((series) => series.opensAtMs));
  const startedMs = time.mostAt(performance.now());
  const everyMs = (opensAtMs - startedMs) / tries;
  for (let n = 0; n < tries; n += 1) {
    stop.throwIfAborted();
    const nowMs = time.mostAt(performance.now());
    if (nowMs >= opensAtMs) break;
    await sleep(Math.max(0, startedMs + n * everyMs - nowMs));
    // The series of which nothing is open has far more addresses.
    const series = coming[n % 4 === 0 ? 1 : 0];
    if (series === undefined) break;
    const one = makeTry(series, seed, n);
    try {
      const answer = await asker.ask(one.request);
      instance.note(answer, time);
      judge.take(one, answer, instance.name);
    } catch (fault) {
      broken.push(`${instance.name}, ${one.kind}: ${fault instanceof Error ? fault.message : String(fault)}`);
    }
  }
  asker.close();
}

interface Seen {
  readonly tries: number;
  readonly instances: readonly Instance[];
  readonly judge: Judge;
  readonly openings: readonly Opening[];
  readonly wrong: readonly string[];
  readonly broken: readonly string[];
  readonly time: PostgresTime;
}

function outcomeOf({ tries, instances, judge, openings, wrong, broken, time }: Seen): Outcome {
  const slowest = openings.toSorted((a, b) => (b.firstMs ?? Infinity) - (a.firstMs ?? Infinity))[0];
  const closedAgain = openings.reduce((sum, one) => sum + one.closedAgain, 0);
  const errors = instances.map(({ name, errorsMs }) => `${name} ${errorsMs.join(' to ')} ms`);
  const checks: Check[] = [
    {
      what: 'the machines’ clocks are as wrong as they had to be',
      seen: errors.join('; '),
      needed: '60,000 ms, -60,000 ms, 0 and all of these, within 3 s',
      holds: instances.every((one) => one.isAsWrongAsWanted),
    },
    {
      what: `scores before T, in ${judge.judged.toLocaleString('en')} tries`,
      seen: some(judge.scores),
      needed: `0 in at least ${tries.toLocaleString('en')}`,
      holds: judge.scores.length === 0 && judge.judged >= tries,
    },
    {
      what: 'answers before T that tell right from wrong, or a time that is not Postgres’s',
      seen: some(judge.told),
      needed: '0',
      holds: judge.told.length === 0,
    },
    {
      what: 'tries without an answer',
      seen: broken.length === 0 ? '0' : `${broken.length}: ${broken.slice(0, 3).join('; ')}`,
      needed: '0',
      holds: broken.length === 0,
    },
    {
      what: 'first success after T, on the slowest of all instances',
      seen:
        slowest?.firstMs === undefined
          ? `none within 4 s (${slowest?.instance}, ${slowest?.series})`
          : `${slowest.firstMs} ms (${slowest.instance}, ${slowest.series})`,
      needed: `at most ${FIRST_WITHIN_MS} ms`,
      holds: slowest?.firstMs !== undefined && slowest.firstMs <= FIRST_WITHIN_MS,
    },
    {
      what: 'answers of another batch, or none, once an instance had opened',
      seen: String(closedAgain),
      needed: '0',
      holds: closedAgain === 0,
    },
    {
      what: 'slips after T that are not the right ones',
      seen: wrong.length === 0 ? '0' : `${wrong.length}: ${wrong.slice(0, 3).join('; ')}`,
      needed: '0',
      holds: wrong.length === 0,
    },
  ];
  const slowestBeforeTMs = Math.max(...openings.map((one) => one.slowestBeforeTMs));
  const later = judge.later + openings.reduce((sum, one) => sum + one.later, 0);
  return {
    checks,
    figures: {
      triesBeforeT: judge.judged,
      scoresBeforeT: judge.scores.length,
      tellingBeforeT: judge.told.length,
      kinds: judge.kinds,
      later,
      openings,
      clockErrorsMs: Object.fromEntries(instances.map(({ name, errorsMs }) => [name, errorsMs])),
      uncertaintyMs: Math.round(time.uncertaintyMs * 1_000) / 1_000,
    },
    notes: [
      `Postgres’s clock is known to ${time.uncertaintyMs.toFixed(2)} ms; an answer is early when its last byte came before T for certain.`,
      ...(slowestBeforeTMs <= BUSY_MS
        ? []
        : [
            `the slowest answer of the last 3 s before T took ${slowestBeforeTMs} ms: this machine is too busy for the bound in time`,
          ]),
      ...(later === 0 ? [] : [`${later} answers were 503, for want of time: no tries.`]),
    ],
  };
}

function some(told: readonly Told[]): string {
  if (told.length === 0) return '0';
  const kinds = [...new Set(told.map(({ kind, where, what }) => `${where}, ${kind}: ${what}`))];
  return `${told.length}: ${kinds.slice(0, 3).join('; ')}`;
}
