/**
 * @module A release on a set of Redis servers that is about to break: two instances of the service, a load
 * whose answers are checked, and the CLI in the hands of two persons.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SeriesDefinition } from '../../service/results/definition.ts';
import type { Installation, TestCandidate } from './batch.ts';
import { startCheckedLoad, type CheckedLoad } from './checked-load.ts';
import { runCli, type CliResult } from './cli.ts';
import { gaokaoDefinition, officialCandidates, officialFile } from './official-gaokao.ts';
import { makeOwnInstallation } from './own-installation.ts';
import { EASY_PROOFS } from './proof-of-work.ts';
import { succeed } from './release.ts';
import { startService, type RunningService, type Runtime } from './service.ts';
import { startOwnPostgres, type OwnServer } from './stores.ts';
import { startTcpProxy, throughProxy, type TcpProxy } from '../../infra/local/tcp-proxy.ts';

export interface FailoverStage {
  readonly installation: Installation;
  readonly definition: SeriesDefinition;
  readonly candidates: readonly TestCandidate[];
  /** Well-formed, and nobody's. */
  readonly strangers: readonly TestCandidate[];
  /** The open batch. */
  readonly batch: string;
  /** The official file. */
  readonly file: string;
  readonly services: readonly RunningService[];
  /** The way of the last instance to Postgres, which a test may cut. */
  readonly toPostgres: TcpProxy;
  readonly loader: (...args: string[]) => Promise<CliResult>;
  readonly startLoad: (perSecond: number) => CheckedLoad;
  readonly close: () => Promise<void>;
}

const CANDIDATES = 1_500;
const STRANGERS = 4_000;

/** Loads, warms, verifies, approves and publishes by the CLI, then starts an instance on each runtime. */
export async function openFailoverStage(
  redisUrl: string,
  runtimes: readonly Runtime[],
  env: Readonly<Record<string, string>> = {},
): Promise<FailoverStage> {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).toReversed()) await closer();
  };
  try {
    const postgres = await startOwnPostgres();
    closers.push(postgres.discard);
    return await openOn(postgres, redisUrl, runtimes, env, closers, close);
  } catch (fault) {
    await close();
    throw fault;
  }
}

async function openOn(
  postgres: OwnServer,
  redisUrl: string,
  runtimes: readonly Runtime[],
  env: Readonly<Record<string, string>>,
  closers: (() => unknown)[],
  close: () => Promise<void>,
): Promise<FailoverStage> {
  const installation = await makeOwnInstallation(postgres.url, redisUrl);
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-failover-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const definition = gaokaoDefinition('zj-gaokao-2026');
  const people = officialCandidates(CANDIDATES + STRANGERS);
  const all = people.map(({ candidateNumber, identityNumber, slip }): TestCandidate => ({
    credentials: { candidateNumber, identityNumber, name: slip.name },
    slip,
  }));
  const entered = officialCandidates(CANDIDATES);
  const candidates = entered.map(({ slip }, i) => ({ credentials: all[i]?.credentials ?? {}, slip }));
  const file = join(folder, 'official.csv');
  const yaml = join(folder, 'series.yaml');
  writeFileSync(file, officialFile(definition, entered));
  writeFileSync(yaml, definition.source);

  const as =
    (databaseUrl: string) =>
    (...args: string[]): Promise<CliResult> =>
      runCli(args, {
        env: {
          DATABASE_URL: databaseUrl,
          REDIS_URL: redisUrl,
          FANGBANG_PEPPER_FILE: installation.pepperFile,
        },
      });
  const [loader, approver] = [as(installation.loaderUrl), as(installation.approverUrl)];
  await succeed(loader('series', 'add', yaml, '--json'));
  const loaded = await succeed(loader('load', file, '--series', definition.id, '--json'));
  const batch = String(loaded['batch']);
  await succeed(loader('warm', batch, '--json'));
  await succeed(loader('verify', batch, '--file', file, '--json'));
  const word = ['--checksum', String(loaded['checksum']), '--not-before', 'now', '--json'];
  await succeed(approver('approve', batch, ...word));
  await succeed(loader('publish', batch, '--at', 'now', '--json'));

  const toPostgres = await startTcpProxy(postgres.port);
  closers.push(() => toPostgres.close());
  const services: RunningService[] = [];
  closers.push(() => Promise.all(services.map((one) => one.stop())));
  for (const [i, runtime] of runtimes.entries()) {
    const isLast = i === runtimes.length - 1;
    services.push(
      await startService({
        runtime,
        databaseUrl: isLast ? throughProxy(installation.serviceUrl, toPostgres) : installation.serviceUrl,
        redisUrl,
        pepperFile: installation.pepperFile,
        env: { ...EASY_PROOFS, TRUSTED_PROXIES: '127.0.0.0/8', LOG_LEVEL: 'info', ...env },
      }),
    );
  }
  const strangers = all.slice(CANDIDATES);
  const urls = services.map(({ url }) => url);
  return {
    installation,
    definition,
    candidates,
    strangers,
    batch,
    file,
    services,
    toPostgres,
    loader,
    startLoad: (perSecond) => startCheckedLoad({ urls, definition, candidates, strangers, perSecond }),
    close,
  };
}
