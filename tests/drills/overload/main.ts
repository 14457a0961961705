/**
 * @module `npm run drill:overload`: what is left of the service when far more is asked than it can do.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drill, Outcome } from '../common/drill.ts';
import { oneOf, runDrill, UsageError, wholeNumber } from '../common/drill.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import type { Turn } from './judge.ts';
import { judgeOverload } from './judge.ts';
import { CONNECTING_SECONDS, measure } from './measure.ts';
import { watchRecovery } from './recovery.ts';
import { soak } from './soak.ts';
import { WITHOUT_ADMISSION, setStage } from './stage.ts';

const USAGE = `npm run drill:overload -- [options]

  --seconds <n>       of overload that are counted (60); length of the soak (3600)
  --connections <n>   kept connections of the overload, never without a request (so many as carry 5 × C when an
                      answer takes 50 ms: C / 4, at least 1,024)
  --runtime <name>    bun or node (bun)
  --soak              the same load for an hour, and the slope of the service's memory
  --sabotage          without any admission: must fall short
  --seed <n>          for the report alone: the load has no choice in it
  --json              one JSON object on standard output, all else on standard error

The service has one core; load, Redis and Postgres another. The capacity C is what a service that turns nobody away
gives to the same load, over as many connections, since thousands cost the system itself more than a hundred.
Capacity and overload take turns of three seconds, after one in which all connect: what others do to the machine lasts
longer. Every answer is held against the truth.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:overload -- --seconds 20 --runtime node
`;

const TIMES_CAPACITY = 5;
/** Of a 503 as it comes from a service that answers at once but is busy. */
const ROUND_TRIP_SECONDS = 0.05;
/** Twice what is admitted by default. */
const LEAST_CONNECTIONS = 1_024;

/** Enough for full batches to Redis, far fewer than are admitted: they get more than any crowd does. */
const FEW_CONNECTIONS = 128;
const WARM_UP_SECONDS = 5;
/** What others do to the machine lasts for seconds: short turns have the same of it, and there are many. */
const TURN_SECONDS = 3;

await runDrill({
  name: 'overload',
  usage: USAGE,
  options: {
    seconds: { type: 'string' },
    connections: { type: 'string' },
    runtime: { type: 'string' },
    soak: { type: 'boolean' },
    sabotage: { type: 'boolean' },
  },
  run: overload,
});

async function overload(drill: Drill): Promise<Outcome> {
  const { values, progress, stop } = drill;
  const isSoak = values['soak'] === true;
  const seconds = wholeNumber(values, 'seconds', { least: 3, usual: isSoak ? 3_600 : 60 });
  const wanted = wholeNumber(values, 'connections', { least: 256, usual: 0 });
  const most = mostConnections();
  if (wanted > most)
    throw new UsageError(
      `--connections takes at most ${most} here: beyond half of its local ports this machine spends the load's time on the search for a free one. More are to be had by "sysctl -w net.ipv4.ip_local_port_range='10000 65000'".`,
    );
  const runtime = oneOf(values, 'runtime', RUNTIMES) ?? 'bun';
  const env = values['sabotage'] === true ? WITHOUT_ADMISSION : {};
  const { stage, open } = await setStage(drill, { runtime, env });
  const warmUp = { connections: FEW_CONNECTIONS, seconds: WARM_UP_SECONDS, stop };
  await progress('warming up', () => measure(open, warmUp));
  await progress('warming up', () => measure(stage, warmUp));
  const few = await progress('what a few connections get', () => measure(stage, warmUp));
  const connections = wanted === 0 ? connectionsFor(few.rightPerSecond) : wanted;
  if (isSoak) return await soak(drill, stage, { connections, seconds, before: few, runtime });
  const turns: Turn[] = [];
  const count = Math.ceil(seconds / TURN_SECONDS);
  for (let i = 1; i <= count; i += 1) {
    const run = { connections, seconds: Math.ceil(seconds / count) + CONNECTING_SECONDS, stop };
    const capacity = await progress(`${i} of ${count}: the capacity C`, () => measure(open, run));
    await sleep(500);
    const under = await progress(`${i} of ${count}: overload over ${connections} connections`, () =>
      measure(stage, run),
    );
    turns.push({ capacity, under });
  }
  const recovery = await progress('and afterwards', () => watchRecovery(stage, stop));
  return judgeOverload({ runtime, connections, few, turns, recovery });
}

/**
 * To one address. Linux takes even local ports first, and once they are gone looks through all of them for each
 * further connection: 4 ms, seen with 18,000 on the usual 28,232 ports, where nothing else happened any more.
 */
function mostConnections(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8');
    const [lowest = NaN, highest = NaN] = range.trim().split(/\s+/).map(Number);
    return Math.floor((highest - lowest + 1) / 2);
  } catch {
    return Infinity;
  }
}

/** Requests under way at once when so many arrive (Little's law). */
function connectionsFor(capacityPerSecond: number): number {
  return Math.max(LEAST_CONNECTIONS, Math.round(TIMES_CAPACITY * capacityPerSecond * ROUND_TRIP_SECONDS));
}
