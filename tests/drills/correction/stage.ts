/**
 * @module The stage of the drill: own stores, two persons with the CLI, a batch that is open and a correction of it
 * that is ready, and two instances, of which one can be cut off from either store.
 *
 * Failure policy: what cannot be had rejects; the drill's frame undoes what was started.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli, type CliResult } from '../../helpers/cli.ts';
import { gaokaoDefinition, officialFile } from '../../helpers/official-gaokao.ts';
import { makeOwnInstallation } from '../../helpers/own-installation.ts';
import { EASY_PROOFS, NO_LIMITS } from '../../helpers/proof-of-work.ts';
import { succeed } from '../../helpers/release.ts';
import { startService, type RunningService, type Runtime } from '../../helpers/service.ts';
import { startOwnPostgres, startOwnRedis, type OwnServer } from '../../helpers/stores.ts';
import { startTcpProxy, throughProxy, type TcpProxy } from '../../../infra/local/tcp-proxy.ts';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import type { Drill } from '../common/drill.ts';
import { makeFiles, type Batch, type Person } from './people.ts';
import { halveBatch, sabotagedEnv, type Sabotage } from './sabotage.ts';

export const SERIES = 'zj-gaokao-2026';

export interface Stage {
  readonly definition: SeriesDefinition;
  readonly people: readonly Person[];
  /** Numbers of the batch that is open, and of the correction that is ready to be published. */
  readonly numbers: Readonly<Record<Batch, number>>;
  readonly redis: OwnServer;
  readonly connected: RunningService;
  readonly cutOff: RunningService;
  /** The ways of `cutOff` to the stores. */
  readonly ways: Readonly<Record<'postgres' | 'redis', TcpProxy>>;
  /** Runs a verb as the person who loads. */
  readonly loader: (...args: string[]) => Promise<CliResult>;
}

export async function setStage(
  { undo, progress }: Drill,
  runtimes: Readonly<Record<'connected' | 'cutOff', Runtime>>,
  sabotage: Sabotage | undefined,
): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-drill-'));
  undo(() => rmSync(folder, { recursive: true, force: true }));
  const { postgres, redis, installation } = await progress('Postgres and Redis', async () => {
    const first = await startOwnPostgres();
    undo(first.discard);
    const second = await startOwnRedis();
    undo(second.discard);
    const made = await makeOwnInstallation(first.url, second.url);
    return { postgres: first, redis: second, installation: made };
  });
  const { loaderUrl, approverUrl, serviceUrl, pepperFile } = installation;
  const as =
    (databaseUrl: string) =>
    (...args: string[]): Promise<CliResult> =>
      runCli(args, {
        cwd: folder,
        env: { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, FANGBANG_PEPPER_FILE: pepperFile },
      });
  const [loader, approver] = [as(loaderUrl), as(approverUrl)];
  const makeReady = async (loaded: Record<string, unknown>, file: string): Promise<number> => {
    const batch = String(loaded['batch']);
    await succeed(loader('warm', batch, '--json'));
    await succeed(loader('verify', batch, '--file', file, '--json'));
    const agreed = ['--checksum', String(loaded['checksum']), '--not-before', 'now', '--json'];
    await succeed(approver('approve', batch, ...agreed));
    return Number(batch);
  };

  const definition = gaokaoDefinition(SERIES);
  const { first, correction, people } = makeFiles(definition);
  const [yaml = '', whole = '', corrections = ''] = [
    ['series.yaml', definition.source] as const,
    ['results.csv', officialFile(definition, first)] as const,
    ['correction.csv', officialFile(definition, correction)] as const,
  ].map(([name, text]) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
  const numbers = await progress('an open batch, and a correction that is ready', async () => {
    await succeed(loader('series', 'add', yaml, '--json'));
    const loaded = await succeed(loader('load', whole, '--series', SERIES, '--json'));
    const open = await makeReady(loaded, whole);
    await succeed(loader('publish', String(open), '--at', 'now', '--json'));
    const corrected = await succeed(loader('correct', corrections, '--series', SERIES, '--json'));
    return { first: open, corrected: await makeReady(corrected, corrections) };
  });
  if (sabotage === 'half-batch') await halveBatch(postgres.url, redis.url, numbers);

  const [toPostgres, toRedis] = await Promise.all([startTcpProxy(postgres.port), startTcpProxy(redis.port)]);
  undo(() => Promise.all([toPostgres.close(), toRedis.close()]));
  const serve = async (runtime: Runtime, databaseUrl: string, redisUrl: string): Promise<RunningService> => {
    const service = await startService({
      runtime,
      databaseUrl,
      redisUrl,
      pepperFile,
      env: {
        ...EASY_PROOFS,
        // Some are told 404 again and again, until the correction comes.
        ...NO_LIMITS,
        ...sabotagedEnv(sabotage, runtime),
        // Turning away on a machine that is busy otherwise has a drill of its own.
        MAX_LOOP_DELAY_MS: '10000',
      },
    });
    undo(service.stop);
    return service;
  };
  const [connected, cutOff] = await progress(
    `two instances (${runtimes.connected}; ${runtimes.cutOff}, to be cut off)`,
    () =>
      Promise.all([
        serve(runtimes.connected, serviceUrl, redis.url),
        serve(runtimes.cutOff, throughProxy(serviceUrl, toPostgres), throughProxy(redis.url, toRedis)),
      ]),
  );
  const ways = { postgres: toPostgres, redis: toRedis };
  return { definition, people, numbers, redis, connected, cutOff, ways, loader };
}
