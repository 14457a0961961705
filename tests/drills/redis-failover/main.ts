/**
 * @module `npm run drill:redis-failover`: masters of a real Redis Cluster and of real Sentinels are moved, killed
 * and frozen under a constant load, every answer held against the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { impairedMs, summarize } from '../../helpers/checked-load.ts';
import { openFailoverStage } from '../../helpers/failover-stage.ts';
import { startRedisCluster } from '../../helpers/redis-cluster.ts';
import { startRedisSentinels } from '../../helpers/redis-sentinels.ts';
import type { Runtime } from '../../helpers/service.ts';
import { oneOf, runDrill, wholeNumber, type Check, type Drill, type Outcome } from '../common/drill.ts';
import { SLOW_MS, clusterFaults, feel, sentinelFaults, type Fault, type Felt } from './faults.ts';

const KINDS = ['cluster', 'sentinel'] as const;
type Kind = (typeof KINDS)[number];

const USAGE = `npm run drill:redis-failover -- [options]

  --only <kind>       cluster or sentinel (both)
  --per-second <n>    lookups a second (300)
  --sabotage          the service with the library's defaults for connections: must fall short
  --seed <n>          which slots move, and which master freezes
  --json              one JSON object on standard output, all else on standard error

Three masters with a replica each, a node timeout of 1 s; a master, two replicas and three Sentinels that wait
700 ms. Two instances, Bun and Node. One lookup in ten is by a stranger.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:redis-failover -- --only sentinel --seed 7
`;

/** Milliseconds (reliability.md section 3, row 4). */
const MOST_IMPAIRED_MS = 4_000;
const QUIET_MS = 4_000;

await runDrill({
  name: 'redis-failover',
  usage: USAGE,
  options: { only: { type: 'string' }, 'per-second': { type: 'string' }, sabotage: { type: 'boolean' } },
  run: async (drill) => {
    const only = oneOf(drill.values, 'only', KINDS);
    const outcomes: Outcome[] = [];
    for (const kind of KINDS)
      if (only === undefined || only === kind) outcomes.push(await failOver(drill, kind));
    return {
      checks: outcomes.flatMap(({ checks }) => checks),
      figures: Object.assign({}, ...outcomes.map(({ figures }) => figures)) as Record<string, unknown>,
      notes: outcomes.flatMap(({ notes = [] }) => notes),
    };
  },
});

async function failOver(drill: Drill, kind: Kind): Promise<Outcome> {
  const { values, seed, stop, progress, undo } = drill;
  const perSecond = wholeNumber(values, 'per-second', { least: 50, usual: 300 });
  const isSabotaged = values['sabotage'] === true;
  const { url, faults, discard } = await progress(`a Redis set: ${kind}`, () => bringUp(kind, seed));
  undo(discard);
  stop.throwIfAborted();
  // Bun has another way to load the sabotage.
  const runtimes: readonly Runtime[] = isSabotaged ? ['node', 'node'] : ['bun', 'node'];
  const sabotage = { NODE_OPTIONS: `--import=${new URL('./library-defaults.mjs', import.meta.url).href}` };
  const stage = await progress('a released series, two instances', () =>
    openFailoverStage(url, runtimes, isSabotaged ? sabotage : {}),
  );
  undo(stage.close);
  stop.throwIfAborted();

  const load = stage.startLoad(perSecond);
  undo(() => load.stop());
  await sleep(QUIET_MS);
  // Just started programs are slow; from here on there is no excuse.
  const quietMs = performance.now();
  await sleep(QUIET_MS);
  const quiet = summarize(load.answers.filter(({ sentMs }) => sentMs >= quietMs));
  const quietImpairedMs = impairedMs(load.answers, quietMs, SLOW_MS);
  const felt: Felt[] = [];
  for (const fault of faults) {
    stop.throwIfAborted();
    felt.push(await progress(fault[0], () => feel(stage, load, fault)));
  }
  const all = await load.stop();
  const notes =
    quietImpairedMs === 0
      ? []
      : [
          `${kind}: ${quiet.byJudgement.later} of ${quiet.count} lookups were turned away, and the slowest took ${quiet.slowestMs} ms, before any fault: this machine is too busy for the bounds in time`,
        ];
  return {
    checks: [
      ...felt.flatMap(checksOf),
      {
        what: `${kind}: wrong answers, and lookups without one`,
        seen: `${all.byJudgement.wrong} and ${all.byJudgement.broken} of ${all.count}${all.faults
          .slice(0, 3)
          .map((one) => `; ${one}`)
          .join('')}`,
        needed: '0 and 0',
        holds: all.faults.length === 0,
      },
    ],
    figures: { [kind]: { perSecond, quiet, felt, all } },
    notes,
  };
}

async function bringUp(
  kind: Kind,
  seed: number,
): Promise<{ url: string; faults: readonly Fault[]; discard: () => Promise<void> }> {
  if (kind === 'cluster') {
    const cluster = await startRedisCluster();
    return { url: cluster.url, faults: clusterFaults(cluster, seed), discard: cluster.discard };
  }
  const set = await startRedisSentinels();
  return { url: set.url, faults: sentinelFaults(set), discard: set.discard };
}

function checksOf({ fault, impairedMs: impaired, cacheBackMs, load }: Felt): Check[] {
  return [
    {
      what: `${fault}: candidates felt it for`,
      seen: `${impaired} ms (${load.byJudgement.later} of ${load.count} told to come later, slowest ${load.slowestMs} ms)`,
      needed: `at most ${MOST_IMPAIRED_MS} ms`,
      holds: impaired <= MOST_IMPAIRED_MS,
    },
    {
      what: `${fault}: every instance used the cache again after`,
      seen: cacheBackMs === null ? 'more than 20 s' : `${cacheBackMs} ms`,
      needed: `at most ${MOST_IMPAIRED_MS} ms`,
      holds: cacheBackMs !== null && cacheBackMs <= MOST_IMPAIRED_MS,
    },
  ];
}
