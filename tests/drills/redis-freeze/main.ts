/**
 * @module `npm run drill:redis-freeze`: Redis stands still, and is slow after it, under a constant load whose every
 * answer is held against the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { gaokaoCandidates } from '../../helpers/batch.ts';
import { startCheckedLoad, summarize } from '../../helpers/checked-load.ts';
import { EASY_PROOFS } from '../../helpers/proof-of-work.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import { startTcpProxy, throughProxy } from '../../../infra/local/tcp-proxy.ts';
import { oneOf, runDrill, wholeNumber, type Drill, type Outcome } from '../common/drill.ts';
import { openInstallation, preload, serveAll } from '../common/installation.ts';
import { feel, type Fault, type Felt } from './faults.ts';
import { judgeFreeze } from './judge.ts';

const SABOTAGES = ['library-defaults', 'patience'] as const;

const USAGE = `npm run drill:redis-freeze -- [options]

  --seconds <n>      that Redis is frozen, and then slow (30)
  --per-second <n>   lookups a second, one in ten by a stranger (200)
  --runtime <name>   bun or node for both instances (one of each)
  --sabotage <name>  must fall short: library-defaults (of the clients of Redis), patience (the same, and no lookup
                     gives up waiting)
  --seed <n>         which strangers guess
  --json             one JSON object on standard output, all else on standard error

Redis is stopped (SIGSTOP), so that it keeps its connections, takes new ones, and answers nothing; later each of its
answers takes 200 ms. Candidates are answered from Postgres meanwhile; strangers are told to bring a proof of work, as
their guesses cannot be counted together. A 503 or 429 that says when to come again is not wrong, but is counted.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:redis-freeze -- --seconds 10 --runtime node
`;

const CANDIDATES = 3_001;
/** Each guesses at most twice, so that no limit stands in their way. */
const STRANGERS = 6_000;
/** Others than in another run, all within what makes different identity numbers. */
const MOST_SHIFT = 10_000;
const LATENCY_MS = 200;
const QUIET_MS = 4_000;

await runDrill({
  name: 'redis-freeze',
  usage: USAGE,
  options: {
    seconds: { type: 'string' },
    'per-second': { type: 'string' },
    runtime: { type: 'string' },
    sabotage: { type: 'string' },
  },
  run: freeze,
});

async function freeze(drill: Drill): Promise<Outcome> {
  const { values, seed, stop, progress, undo } = drill;
  const lastsMs = wholeNumber(values, 'seconds', { least: 2, usual: 30 }) * 1_000;
  const perSecond = wholeNumber(values, 'per-second', { least: 50, usual: 200 });
  const only = oneOf(values, 'runtime', RUNTIMES);
  const probe = oneOf(values, 'sabotage', SABOTAGES) ?? 'tell-queues';
  const { redis, installation, definition, candidates, serve } = await openInstallation(drill, CANDIDATES);
  const proxy = await startTcpProxy(redis.port);
  undo(proxy.close);
  undo(redis.thaw);
  const runtimes = only === undefined ? RUNTIMES : [only, only];
  const services = await serveAll(drill, { serve }, runtimes, (runtime) => ({
    ...EASY_PROOFS,
    ...preload(runtime, new URL(`./${probe}.mjs`, import.meta.url)),
    REDIS_URL: throughProxy(installation.redisUrl ?? '', proxy),
  }));

  const strangers = gaokaoCandidates(definition, STRANGERS, { from: CANDIDATES + 1 + (seed % MOST_SHIFT) });
  const urls = services.map(({ url }) => url);
  const load = startCheckedLoad({ urls, definition, candidates, strangers, perSecond });
  undo(() => load.stop());
  // Just started programs are slow; after it there is no excuse.
  const pause = (): Promise<void> => sleep(QUIET_MS, undefined, { signal: stop });
  await progress('warming up', pause);
  const quietMs = performance.now();
  await progress('how it is without a fault', pause);
  const quiet = summarize(load.answers.filter(({ sentMs }) => sentMs >= quietMs));
  const faults: readonly Fault[] = [
    { name: 'Redis is frozen', begin: redis.freeze, end: redis.thaw },
    {
      name: `Redis answers ${LATENCY_MS} ms late`,
      begin: () => proxy.delay(LATENCY_MS),
      end: () => proxy.delay(0),
    },
  ];
  const felt: Felt[] = [];
  for (const fault of faults) {
    stop.throwIfAborted();
    felt.push(await progress(fault.name, () => feel({ services, load, lastsMs, stop }, fault)));
    await pause();
  }
  return judgeFreeze({ runtimes, perSecond, quiet, felt, whole: await load.stop() });
}
