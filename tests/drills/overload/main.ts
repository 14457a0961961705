/**
 * @module `npm run drill:overload`: what is left of the service when far more is asked than it can do.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drill, Outcome } from '../common/drill.ts';
import { oneOf, runDrill, wholeNumber } from '../common/drill.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import { judgeOverload } from './judge.ts';
import type { Measured } from './measure.ts';
import { measure } from './measure.ts';
import { watchRecovery } from './recovery.ts';
import { soak } from './soak.ts';
import { setStage } from './stage.ts';

const USAGE = `npm run drill:overload -- [options]

  --seconds <n>       length of the overload (60); of the soak (3600)
  --connections <n>   kept connections of the overload, never without a request (so many as carry 5 × C when an
                      answer takes 50 ms: C / 4, at least 1,024)
  --runtime <name>    bun or node (bun)
  --soak              the same load for an hour, and the slope of the service's memory
  --sabotage          without any admission: must fall short
  --seed <n>          for the report alone: the load has no choice in it
  --json              one JSON object on standard output, all else on standard error

The service has one core; load, Redis and Postgres another. First the capacity C: a closed load that the service
can just answer, before and after. Then the overload, every answer held against the truth.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:overload -- --seconds 20 --runtime node
`;

const TIMES_CAPACITY = 5;
/** Of a 503 as it comes from a service that answers at once but is busy. */
const ROUND_TRIP_SECONDS = 0.05;
/** Twice what is admitted by default. */
const LEAST_CONNECTIONS = 1_024;

/** Enough for full batches to Redis, far fewer than are admitted. */
const CAPACITY_CONNECTIONS = 128;
const CAPACITY_SECONDS = 8;
const WARM_UP_SECONDS = 5;
/** Admission for everybody, whatever the loop says. */
const SABOTAGE = { MAX_IN_FLIGHT: '100000', MAX_LOOP_DELAY_MS: '10000' } as const;

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
  const runtime = oneOf(values, 'runtime', RUNTIMES) ?? 'bun';
  const env = values['sabotage'] === true ? SABOTAGE : {};
  const stage = await setStage(drill, { runtime, env });
  const closed = (what: string, forSeconds: number): Promise<Measured> =>
    progress(what, () => measure(stage, { connections: CAPACITY_CONNECTIONS, seconds: forSeconds, stop }));

  await closed('warming up', WARM_UP_SECONDS);
  const before = await closed('the capacity C', CAPACITY_SECONDS);
  const connections = wanted === 0 ? connectionsFor(before.rightPerSecond) : wanted;
  if (isSoak) return await soak(drill, stage, { connections, seconds, before, runtime });
  const under = await progress(`${seconds} s of overload over ${connections} connections`, () =>
    measure(stage, { connections, seconds, stop }),
  );
  const recovery = await progress('and afterwards', () => watchRecovery(stage, stop));
  await sleep(500);
  const after = await closed('the capacity C again', CAPACITY_SECONDS);
  return judgeOverload({ runtime, connections, before, after, under, recovery });
}

/** Requests under way at once when so many arrive (Little's law). */
function connectionsFor(capacityPerSecond: number): number {
  return Math.max(LEAST_CONNECTIONS, Math.round(TIMES_CAPACITY * capacityPerSecond * ROUND_TRIP_SECONDS));
}
