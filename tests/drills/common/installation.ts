/**
 * @module A drill's own Postgres and Redis with a released gaokao series, and instances of the service on them.
 *
 * Failure policy: what cannot be had rejects; what was started until then is undone by the drill's frame.
 */
import { makeOwnInstallation } from '../../helpers/own-installation.ts';
import type { Installation, TestBatch, TestCandidate } from '../../helpers/batch.ts';
import { gaokaoCandidates, openBatch, presetDefinition } from '../../helpers/batch.ts';
import type { RunningService, Runtime, ServiceOptions } from '../../helpers/service.ts';
import { startService } from '../../helpers/service.ts';
import type { OwnServer } from '../../helpers/stores.ts';
import { startOwnPostgres, startOwnRedis } from '../../helpers/stores.ts';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import type { Drill } from './drill.ts';

export interface DrillInstallation {
  readonly postgres: OwnServer;
  readonly redis: OwnServer;
  readonly installation: Installation;
  readonly definition: SeriesDefinition;
  readonly candidates: readonly TestCandidate[];
  readonly batch: TestBatch;
  /** An instance that is ready; stopped at the end, when it was not before. */
  readonly serve: (options: Pick<ServiceOptions, 'runtime' | 'env' | 'program'>) => Promise<RunningService>;
}

const SERIES = 'zj-gaokao-2026';

/** Brings it up; the series is open. */
export async function openInstallation(
  { undo, progress, stop }: Drill,
  candidateCount: number,
): Promise<DrillInstallation> {
  const [postgres, redis] = await progress('Postgres and Redis', async () => {
    const started = await Promise.allSettled([startOwnPostgres(), startOwnRedis()]);
    for (const one of started) if (one.status === 'fulfilled') undo(one.value.discard);
    const [first, second] = started;
    if (first.status === 'rejected') throw first.reason;
    if (second.status === 'rejected') throw second.reason;
    return [first.value, second.value] as const;
  });
  stop.throwIfAborted();
  const definition = presetDefinition('gaokao', SERIES);
  const candidates = gaokaoCandidates(definition, candidateCount);
  const { installation, batch } = await progress(
    `a released series of ${candidateCount.toLocaleString('en')} candidates`,
    async () => {
      const made = await makeOwnInstallation(postgres.url, redis.url);
      return { installation: made, batch: await openBatch(made, definition, candidates) };
    },
  );
  stop.throwIfAborted();
  return {
    postgres,
    redis,
    installation,
    definition,
    candidates,
    batch,
    serve: async (options) => {
      const service = await startService({
        databaseUrl: installation.serviceUrl,
        redisUrl: redis.url,
        pepperFile: installation.pepperFile,
        ...options,
      });
      undo(service.stop);
      return service;
    },
  };
}

/** Environment that makes a runtime load a module before the service: for sabotage, which must be seen to fail. */
export function preload(runtime: 'bun' | 'node', module: URL): Record<string, string> {
  return runtime === 'bun'
    ? { BUN_OPTIONS: `--preload=${module.pathname}` }
    : { NODE_OPTIONS: `--import=${module.href}` };
}

/**
 * Instances beside one another, behind a proxy that they trust.
 * @param runtimes one for each.
 * @param env what an instance has besides.
 */
export async function serveAll(
  { progress, stop }: Pick<Drill, 'progress' | 'stop'>,
  { serve }: Pick<DrillInstallation, 'serve'>,
  runtimes: readonly Runtime[],
  env: (runtime: Runtime) => Record<string, string> | Promise<Record<string, string>>,
): Promise<RunningService[]> {
  const services = await progress(`${runtimes.length} instances (${runtimes.join(', ')})`, () =>
    Promise.all(
      runtimes.map(async (runtime) =>
        serve({
          runtime,
          env: {
            TRUSTED_PROXIES: '127.0.0.0/8',
            // Who is turned away on a machine that is busy otherwise waits for a second or two on purpose.
            MAX_LOOP_DELAY_MS: '10000',
            ...(await env(runtime)),
          },
        }),
      ),
    ),
  );
  stop.throwIfAborted();
  return services;
}
