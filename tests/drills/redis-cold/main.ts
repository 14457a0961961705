/**
 * @module `npm run drill:redis-cold`: Redis is emptied, and loses one key in ten, under a load whose every answer is
 * held against the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { gaokaoCandidates, warmBatch, withRedis } from '../../helpers/batch.ts';
import { EASY_PROOFS } from '../../helpers/proof-of-work.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import { oneOf, runDrill, wholeNumber, type Drill, type Outcome } from '../common/drill.ts';
import { shuffled } from '../common/guesses.ts';
import { openInstallation, preload, serveAll } from '../common/installation.ts';
import { startCrowd } from './crowd.ts';
import { feel, type Fault, type Felt } from './faults.ts';
import { judgeCold } from './judge.ts';
import { listQueries } from './postgres-watch.ts';

const SABOTAGES = ['each-for-itself', 'no-bounds', 'no-healing'] as const;

const USAGE = `npm run drill:redis-cold -- [options]

  --per-second <n>   lookups a second, one in ten by a stranger (400)
  --surge <n>        lookups that come at once besides, three times after each fault (300)
  --instances <n>    of the service (2)
  --runtime <name>   bun or node for all instances (in turn)
  --sabotage <name>  must fall short: each-for-itself (no query is shared), no-bounds (any number of connections to
                     Postgres), no-healing (what was lost is not written back)
  --seed <n>         which keys Redis loses
  --json             one JSON object on standard output, all else on standard error

Each candidate is asked for by two at the same moment at every instance, some 2,000 of them in turn. Nobody warms
Redis again: slips come back as they are asked for. What Postgres is asked is what it says itself. A 503 or 429 that
says when to come again is not wrong, but is counted: in a surge, whoever finds the line to Postgres full.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:redis-cold -- --per-second 200 --runtime node --seed 7
`;

/** No multiple of what the load steps by, so that it comes to all of them, and to each from every instance. */
const CANDIDATES = 2_003;
const STRANGERS = 12_000;
const LOST_SHARE = 0.1;
const WARM_UP_MS = 6_000;

await runDrill({
  name: 'redis-cold',
  usage: USAGE,
  options: {
    'per-second': { type: 'string' },
    surge: { type: 'string' },
    instances: { type: 'string' },
    runtime: { type: 'string' },
    sabotage: { type: 'string' },
  },
  run: goCold,
});

async function goCold(drill: Drill): Promise<Outcome> {
  const { values, seed, stop, progress, undo } = drill;
  const perSecond = wholeNumber(values, 'per-second', { least: 50, usual: 400 });
  const surgeOf = wholeNumber(values, 'surge', { least: 1, usual: 300 });
  const instances = wholeNumber(values, 'instances', { least: 2, usual: 2 });
  const only = oneOf(values, 'runtime', RUNTIMES);
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const { postgres, redis, installation, definition, candidates, batch, serve } = await openInstallation(
    drill,
    CANDIDATES,
  );
  await listQueries(postgres.url);
  const runtimes = Array.from(
    { length: instances },
    (_, n) => only ?? RUNTIMES[n % RUNTIMES.length] ?? 'bun',
  );
  const services = await serveAll(drill, { serve }, runtimes, async (runtime) => ({
    ...EASY_PROOFS,
    ...(sabotage === undefined ? {} : preload(runtime, new URL(`./${sabotage}.mjs`, import.meta.url))),
    // A login of its own: Postgres tells the instances apart by it.
    DATABASE_URL: await installation.database.urlFor('fangbang_service'),
  }));

  const strangers = gaokaoCandidates(definition, STRANGERS, { from: CANDIDATES + 1 });
  const urls = services.map(({ url }) => url);
  const crowd = startCrowd({ urls, definition, candidates, strangers, perSecond });
  undo(() => crowd.stop());
  await progress('warming up', () => sleep(WARM_UP_MS, undefined, { signal: stop }));
  const faults: readonly Fault[] = [
    {
      name: 'Redis is emptied',
      lose: () =>
        withRedis(redis.url, async (client) => {
          await client.flushall();
          return batch.sealed.length;
        }),
    },
    {
      name: 'one key in ten is lost',
      lose: () =>
        withRedis(redis.url, async (client) => {
          const lost = Math.round(batch.sealed.length * LOST_SHARE);
          return await client.unlink(
            shuffled(batch.sealed, seed)
              .slice(0, lost)
              .map(({ key }) => key),
          );
        }),
    },
  ];
  const felt: Felt[] = [];
  for (const fault of faults) {
    stop.throwIfAborted();
    felt.push(
      await progress(fault.name, () =>
        feel({ services, crowd, surgeOf, superuserUrl: postgres.url, stop }, fault),
      ),
    );
    // What nobody has asked for yet is not to be counted for the next fault.
    await warmBatch(installation, batch);
  }
  return judgeCold({ runtimes, perSecond, surgeOf, felt, whole: await crowd.stop() });
}
