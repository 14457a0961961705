/**
 * @module `npm run drill:pg-down`: Postgres is killed, and stands still, under a constant load whose every answer is
 * held against the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { gaokaoCandidates, withRedis } from '../../helpers/batch.ts';
import {
  startCheckedLoad,
  summarize,
  type CheckedLoad,
  type CheckedLoadOptions,
} from '../../helpers/checked-load.ts';
import { RUNTIMES, type RunningService } from '../../helpers/service.ts';
import { oneOf, runDrill, wholeNumber, type Drill, type Outcome } from '../common/drill.ts';
import { openInstallation, preload, serveAll } from '../common/installation.ts';
import { feel, type Fault, type Felt } from './faults.ts';
import { freezerOf } from './freeze-postgres.ts';
import { judgePostgresDown } from './judge.ts';

const SABOTAGES = ['library-defaults', 'no-listener'] as const;

const USAGE = `npm run drill:pg-down -- [options]

  --seconds <n>      that Postgres is away, each time (30)
  --per-second <n>   lookups a second that Redis can answer, one in ten by a stranger (200)
  --runtime <name>   bun or node for both instances (one of each)
  --sabotage <name>  must fall short: library-defaults (nothing that is asked of Postgres is given up), no-listener
                     (nobody listens for the end of an idle connection)
  --seed <n>         which strangers guess
  --json             one JSON object on standard output, all else on standard error

Postgres is killed (kill -9) and started again; then the server and all its sessions are stopped (SIGSTOP), so that
it keeps its connections, takes new ones, and answers nothing. 60 lookups a second besides are for candidates whose
slips Redis has lost: more than an instance has connections to Postgres for. 2 minutes.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:pg-down -- --seconds 10 --runtime node
`;

const WARM = 2_000;
const MISSES_PER_SECOND = 60;
/** Each guesses at most twice, so that no limit stands in their way. */
const STRANGERS = 6_000;
/** Others than in another run, all within what makes different identity numbers. */
const MOST_SHIFT = 4_000;
const QUIET_MS = 4_000;
/** Besides the two faults; generous, since a candidate whose slip has come back is no miss any more. */
const OTHER_SECONDS = 60;

await runDrill({
  name: 'pg-down',
  usage: USAGE,
  options: {
    seconds: { type: 'string' },
    'per-second': { type: 'string' },
    runtime: { type: 'string' },
    sabotage: { type: 'string' },
  },
  run: takeDown,
});

async function takeDown(drill: Drill): Promise<Outcome> {
  const { values, seed, stop, progress, undo } = drill;
  const seconds = wholeNumber(values, 'seconds', { least: 2, usual: 30 });
  const perSecond = wholeNumber(values, 'per-second', { least: 50, usual: 200 });
  const only = oneOf(values, 'runtime', RUNTIMES);
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const cold = oddOneOut(MISSES_PER_SECOND * (2 * seconds + OTHER_SECONDS));
  const { postgres, redis, definition, candidates, batch, serve } = await openInstallation(
    drill,
    WARM + cold,
  );
  const freezer = freezerOf(postgres);
  undo(freezer.thaw);
  const lost = batch.sealed.slice(batch.sealed.length - cold);
  await withRedis(redis.url, (client) => client.unlink(lost.map(({ key }) => key)));
  const runtimes = only === undefined ? RUNTIMES : [only, only];
  const services = await serveAll(drill, { serve }, runtimes, (runtime) =>
    sabotage === undefined ? {} : preload(runtime, new URL(`./${sabotage}.mjs`, import.meta.url)),
  );
  const ended = watchEnds(services);

  const strangers = gaokaoCandidates(definition, STRANGERS, {
    from: candidates.length + 1 + (seed % MOST_SHIFT),
  });
  const urls = services.map(({ url }) => url);
  const begin = (options: Omit<CheckedLoadOptions, 'definition'>): CheckedLoad => {
    const load = startCheckedLoad({ definition, ...options });
    undo(() => load.stop());
    return load;
  };
  const half = STRANGERS / 2;
  const loads = {
    warm: begin({ urls, candidates: candidates.slice(0, WARM), strangers: strangers.slice(half), perSecond }),
    cold: begin({
      // The other way round, so that strangers come to both instances.
      urls: urls.toReversed(),
      candidates: candidates.slice(WARM),
      strangers: strangers.slice(0, half),
      perSecond: MISSES_PER_SECOND,
    }),
  };
  // Just started programs are slow; after it there is no excuse.
  const pause = (): Promise<void> => sleep(QUIET_MS, undefined, { signal: stop });
  await progress('warming up', pause);
  const quietMs = performance.now();
  await progress('how it is without a fault', pause);
  const quietly = ({ answers }: CheckedLoad) =>
    summarize(answers.filter(({ sentMs, isStranger }) => sentMs >= quietMs && !isStranger));
  const quiet = { hits: quietly(loads.warm), misses: quietly(loads.cold) };
  const faults: readonly Fault[] = [
    { name: 'Postgres is killed', begin: postgres.kill, end: postgres.start },
    { name: 'Postgres is frozen', begin: freezer.freeze, end: freezer.thaw },
  ];
  const felt: Felt[] = [];
  for (const fault of faults) {
    stop.throwIfAborted();
    const stage = { services, ...loads, lastsMs: seconds * 1_000, stop };
    felt.push(await progress(fault.name, () => feel(stage, fault)));
  }
  await Promise.all([loads.warm.stop(), loads.cold.stop()]);
  // Before they are told to.
  const endedBefore = [...ended];
  return judgePostgresDown({
    runtimes,
    perSecond,
    missesPerSecond: MISSES_PER_SECOND,
    quiet,
    felt,
    whole: summarize([...loads.warm.answers, ...loads.cold.answers]),
    ended: endedBefore,
    exitCodes: await Promise.all(services.map((one) => one.stop())),
  });
}

/** No multiple of 7, which the load steps by: so it asks for each candidate once before it asks again. */
function oddOneOut(count: number): number {
  return count % 7 === 0 ? count + 1 : count;
}

/** Grows by the words for each instance that ends. */
function watchEnds(services: readonly RunningService[]): readonly string[] {
  const ended: string[] = [];
  for (const { exited } of services)
    void exited.then(({ code, signal }) => ended.push(signal ?? `exit code ${code ?? 'unknown'}`));
  return ended;
}
