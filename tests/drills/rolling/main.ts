/**
 * @module `npm run drill:rolling`: instances exchanged one by one, and one killed, under constant load.
 */
import { isDeepStrictEqual } from 'node:util';
import { sentenceFor } from '../../../infra/local/setup-error.ts';
import { connectionsMigrate } from '../../../service/supervisor/kernel.ts';
import type { RunningService } from '../../helpers/service.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import { until } from '../../helpers/until.ts';
import type { Check, Drill, Outcome } from '../common/drill.ts';
import { oneOf, runDrill, wholeNumber } from '../common/drill.ts';
import { openInstallation, preload } from '../common/installation.ts';
import { instancesOf, untilEnded, untilRolled } from './instances.ts';
import type { Failure } from './load.ts';
import { Load, learnTruth } from './load.ts';
import { runInOwnNetwork } from './own-network.ts';

const USAGE = `npm run drill:rolling -- [options]

  --requests <n>     at least so many over the exchanges (100000)
  --exchanges <n>    of all instances, by SIGHUP (3)
  --instances <n>    on one port (2)
  --runtime <name>   bun or node (bun)
  --sabotage <name>  must fall short: hasty-stop (instances end without draining), resets (the kernel resets
                     connections that wait at a closing listener, as it does unless it is told otherwise)
  --seed <n>         where the clients begin
  --json             one JSON object on standard output, all else on standard error

16 clients keep their connections, 16 make a new one for each request, none is ever without a request; every answer
is held against the truth. Then one instance is killed (kill -9). Runs in a network of its own, with
net.ipv4.tcp_migrate_req set there; that takes root, unshare and ip, unless the machine has the setting itself.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:rolling -- --requests 20000 --exchanges 1 --runtime node
`;

const CANDIDATES = 5_000;
const KEPT = 16;
const FRESH = 16;
/** Requests before and after what is done to the instances. */
const CALM = 500;
const LONG_MS = 30 * 60_000;
const BACK_WITHIN_MS = 10_000;
const SABOTAGES = ['hasty-stop', 'resets'] as const;

const wantsResets = process.argv.some((word) => /^(?:--sabotage=)?resets$/.test(word));
if (connectionsMigrate() === wantsResets && !process.argv.includes('--help')) {
  try {
    const code = await runInOwnNetwork(!wantsResets);
    if (code !== undefined) process.exit(code);
  } catch (fault) {
    process.stderr.write(`fangbang: ${sentenceFor(fault)}\n`);
    process.exit(1);
  }
}

await runDrill({
  name: 'rolling',
  usage: USAGE,
  options: {
    requests: { type: 'string' },
    exchanges: { type: 'string' },
    instances: { type: 'string' },
    runtime: { type: 'string' },
    sabotage: { type: 'string' },
  },
  run: rolling,
});

async function rolling(drill: Drill): Promise<Outcome> {
  const { values, progress, seed, stop } = drill;
  const requests = wholeNumber(values, 'requests', { least: 1_000, usual: 100_000 });
  const exchanges = wholeNumber(values, 'exchanges', { least: 1, usual: 3 });
  const count = wholeNumber(values, 'instances', { least: 1, usual: 2 });
  const runtime = oneOf(values, 'runtime', RUNTIMES) ?? 'bun';
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const { serve, definition, candidates } = await openInstallation(drill, CANDIDATES);
  const service = await progress(`${count} instances on ${runtime}`, async () => {
    const running = await serve({
      runtime,
      program: 'serve',
      env: {
        INSTANCES: String(count),
        // Held here is the exchange; turning away on a machine that is busy otherwise has a drill of its own.
        MAX_LOOP_DELAY_MS: '10000',
        ...(sabotage === 'hasty-stop' ? preload(runtime, new URL('./hasty-stop.mjs', import.meta.url)) : {}),
      },
    });
    await untilReady(running, count);
    return running;
  });
  const port = Number(new URL(service.url).port);
  const truths = await progress('every right answer', () => learnTruth(port, definition, candidates));
  const load = new Load({ port, truths, kept: KEPT, fresh: FRESH, seed });
  drill.undo(() => load.stop());

  const startedMs = performance.now();
  const exchangesAtMs: (readonly [begin: number, end: number])[] = [];
  const generations = [instancesOf(service.log())];
  for (let n = 1; n <= exchanges; n += 1) {
    await progress(`exchange ${n}`, async () => {
      await reached(load, Math.max(CALM, (requests * n) / (exchanges + 1)), stop);
      const sentMs = performance.now();
      service.signal('SIGHUP');
      await untilRolled(service, n);
      exchangesAtMs.push([Math.round(sentMs - startedMs), Math.round(performance.now() - startedMs)]);
      generations.push(instancesOf(service.log()).slice(-count));
    });
  }
  await progress('the rest of the requests', () =>
    reached(load, Math.max(requests, load.requests + CALM), stop),
  );
  await load.stop();
  const seconds = (performance.now() - startedMs) / 1_000;
  const found = await service.metric('fangbang_lookups_total{outcome="found"}');
  const redisAway = await service.metric('fangbang_redis_reads_total{outcome="away"}');
  const postgresAway = await service.metric('fangbang_postgres_reads_total{outcome="away"}');
  const exchangeMs = exchangesAtMs.map(([begin, end]) => end - begin);
  const known = new Set(generations.flat());
  const checks: Check[] = [
    {
      what: `every one of ${load.requests.toLocaleString('en')} requests over ${exchanges} exchanges has its right answer`,
      seen: load.failures.length === 0 ? 'all' : `${load.failures.length} failed: ${reasons(load.failures)}`,
      needed: `all, of at least ${requests.toLocaleString('en')}`,
      holds: load.failures.length === 0 && load.requests >= requests,
    },
    {
      what: 'each exchange leaves no instance of before',
      seen: `${known.size} instances in all`,
      needed: `${count * (exchanges + 1)}`,
      holds: known.size === count * (exchanges + 1),
    },
    {
      what: 'no count is lost with an instance',
      seen: `${found} lookups counted`,
      needed: `${load.answered + truths.length}`,
      holds: found === load.answered + truths.length,
    },
  ];
  const killed = await progress('kill -9', () => killOne(drill, { service, port, truths, count }));
  return {
    checks: [...checks, ...killed.checks],
    figures: {
      runtime,
      instances: count,
      requests: load.requests,
      failed: load.failures.length,
      requestsPerSecond: Math.round(load.requests / seconds),
      exchangesAtMs,
      // Beside the exchanges: which failures are theirs.
      failedAtMs: load.failures.map(({ failedMs }) => Math.round(failedMs - startedMs)),
      redisAway,
      postgresAway,
      ...killed.figures,
    },
    notes: [
      `${Math.round(load.requests / seconds)} requests a second, client, stores and instances on one machine; an exchange of all took ${exchangeMs.join(', ')} ms.`,
    ],
  };
}

async function killOne(
  { seed, stop }: Drill,
  stage: {
    service: RunningService;
    port: number;
    truths: Awaited<ReturnType<typeof learnTruth>>;
    count: number;
  },
): Promise<Outcome> {
  const { service, port, truths, count } = stage;
  const load = new Load({ port, truths, kept: KEPT, fresh: FRESH, seed: seed + 1 });
  try {
    await reached(load, CALM, stop);
    const victim = instancesOf(service.log()).at(-1) ?? 0;
    const killedMs = performance.now();
    process.kill(victim, 'SIGKILL');
    await untilEnded(service, victim);
    const seenMs = performance.now();
    await untilReady(service, count);
    const backMs = Math.round(performance.now() - killedMs);
    await reached(load, load.requests + CALM, stop);
    const late = load.failures.filter(({ startedMs }) => startedMs > seenMs).length;
    const restarts = await service.metric('fangbang_instance_restarts_total');
    return {
      checks: [
        {
          what: 'kill -9 of an instance loses at most what was under way',
          seen: `${load.failures.length} failed${load.failures.length === 0 ? '' : `: ${reasons(load.failures)}`}; ${late} of them began after its end`,
          needed: `at most ${load.underWay}, none later`,
          holds: load.failures.length <= load.underWay && late === 0,
        },
        {
          what: 'it is back',
          seen: `${backMs} ms, ${restarts} started again`,
          needed: `within ${BACK_WITHIN_MS} ms, 1`,
          holds: isDeepStrictEqual([restarts, backMs <= BACK_WITHIN_MS], [1, true]),
        },
      ],
      figures: { failedByKill: load.failures.length, backMs },
    };
  } finally {
    await load.stop();
  }
}

async function reached(load: Load, requests: number, stop: AbortSignal): Promise<void> {
  await until(`${requests} requests`, () => stop.aborted || load.requests >= requests, LONG_MS);
  stop.throwIfAborted();
}

async function untilReady({ adminUrl }: RunningService, count: number): Promise<void> {
  await until(`${count} instances are ready`, async () => {
    const answer = await fetch(`${adminUrl}/readyz`);
    return (await answer.text()) === `ready: ${count} of ${count} instances\n`;
  });
}

function reasons(failures: readonly Failure[]): string {
  const counts = new Map<string, number>();
  for (const { why } of failures) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, times]) => `${why} ${times}×`).join(', ');
}
