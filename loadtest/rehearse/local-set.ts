/**
 * @module A throw-away set for a rehearsal without an address: real stores, synthetic candidates brought to
 * their release by the CLI as staff do it, and the service, all on this machine.
 *
 * Failure policy: what cannot be had is a SetupError; what was started is undone by the steps given to `undo`,
 * the last first.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { CliOptions } from '../../infra/local/fangbang-cli.ts';
import { askVerb, runVerb } from '../../infra/local/fangbang-cli.ts';
import { cliTime } from '../../infra/local/cli-time.ts';
import { runtimePath } from '../../infra/local/hand-over.mjs';
import { ensureDatabase, ensureLogins, onPostgres } from '../../infra/local/logins.ts';
import { freePort } from '../../infra/local/port.ts';
import { throwAwayFolder } from '../../infra/local/private-folder.ts';
import type { Progress } from '../../infra/local/progress.ts';
import { startService } from '../../infra/local/service.ts';
import { SetupError } from '../../infra/local/setup-error.ts';
import { bringUpStores } from '../../infra/local/stores.ts';

export interface LocalSet {
  readonly url: string;
  readonly series: string;
  /** Path. */
  readonly credentialsFile: string;
  readonly servicePid: number;
  readonly redis: Redis;
  /** Of Redis, for each candidate, as its own count of memory rose with the warming. */
  readonly redisBytesPerCandidate: number;
  /** Moves the release that is planned to so many seconds from now, or a little later; returns it in milliseconds since 1970. */
  readonly moveRelease: (inSeconds: number) => Promise<number>;
  /** Connections of the service to Postgres at this moment. */
  readonly postgresConnections: () => Promise<number>;
  readonly versions: Readonly<Record<string, string>>;
}

export interface LocalSetOptions {
  readonly candidates: number;
  readonly seed: number;
  /** The release is planned for an hour later, to be moved; else it is open at once. */
  readonly isReleasedLater: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly stop: AbortSignal;
  readonly undo: (step: () => Promise<void> | void) => void;
}

const SERIES = 'zj-gaokao-2026';
const HOUR_MS = 3_600_000;

/** Brings it up; the service is ready, and the release planned or done, when this returns. */
export async function startLocalSet(options: LocalSetOptions): Promise<LocalSet> {
  const { progress, stop, undo, env } = options;
  const folder = throwAwayFolder('rehearse', undefined);
  undo(folder.remove);
  const stores = await progress('Postgres and Redis', () =>
    bringUpStores({
      persistent: false,
      databaseUrl: undefined,
      redisUrl: undefined,
      searchPath: env['PATH'] ?? '',
    }),
  );
  undo(stores.stop);
  stop.throwIfAborted();

  const ownerUrl = await ensureDatabase(stores.databaseUrl, 'fangbang');
  const pepperFile = join(folder.path, 'pepper');
  writeFileSync(pepperFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const base = {
    PATH: env['PATH'],
    HOME: env['HOME'],
    REDIS_URL: stores.redisUrl,
    FANGBANG_PEPPER_FILE: pepperFile,
  };
  const runtime = runtimePath(env['FANGBANG_RUNTIME'] === 'node' ? 'node' : 'fastest');
  const as = (databaseUrl: string): CliOptions => ({
    runtime,
    env: { ...base, DATABASE_URL: databaseUrl },
    abort: stop,
  });
  await runVerb(['db', 'migrate'], as(ownerUrl));
  const logins = await ensureLogins(ownerUrl, {
    passwordsFile: join(folder.path, 'logins.json'),
    ownServer: true,
  });
  const redis = new Redis(stores.redisUrl, { maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  undo(() => redis.disconnect());
  const asLoader = as(logins.loader);
  const results = join(folder.path, `${SERIES}.csv`);
  const { batch, checksum, redisBytes } = await progress(
    `${options.candidates.toLocaleString('en')} synthetic candidates: load, warm, verify`,
    () => loadCandidates({ options, asLoader, results, redis }),
  );

  const [port, adminPort] = [await freePort(), await freePort()];
  const service = await progress('the service', () =>
    startService({
      runtime,
      env: {
        ...base,
        DATABASE_URL: logins.service,
        HOST: '127.0.0.1',
        PORT: String(port),
        ADMIN_PORT: String(adminPort),
        // Each candidate comes from an address of its own.
        TRUSTED_PROXIES: '127.0.0.1/32',
        LOG_LEVEL: 'warn',
      },
      logFile: join(folder.path, 'service.log'),
      adminUrl: `http://127.0.0.1:${adminPort}`,
    }),
  );
  undo(service.stop);

  const notBefore = cliTime(Date.now() - 5 * 60_000);
  await runVerb(['approve', batch, '--checksum', checksum, '--not-before', notBefore], as(logins.approver));
  const publish = async (atMs: number | 'now'): Promise<void> => {
    const at = atMs === 'now' ? atMs : cliTime(atMs);
    await runVerb(['publish', batch, '--at', at], asLoader);
  };
  await publish(options.isReleasedLater ? wholeSecond(Date.now() + HOUR_MS) : 'now');
  return {
    url: `http://127.0.0.1:${port}`,
    series: SERIES,
    credentialsFile: results.replace(/\.csv$/, '.credentials.csv'),
    servicePid: service.pid,
    redis,
    moveRelease: async (inSeconds) => {
      const atMs = wholeSecond(Date.now() + inSeconds * 1_000);
      await publish(atMs);
      return atMs;
    },
    redisBytesPerCandidate: redisBytes / options.candidates,
    postgresConnections: () => connectionsOf(ownerUrl, new URL(logins.service).username),
    versions: await versionsOf(ownerUrl, redis),
  };
}

/** The service tells of a release to the second. */
function wholeSecond(atMs: number): number {
  return Math.ceil(atMs / 1_000) * 1_000;
}

/** Makes, loads, warms and verifies them. */
async function loadCandidates({
  options,
  asLoader,
  results,
  redis,
}: {
  options: LocalSetOptions;
  asLoader: CliOptions;
  results: string;
  redis: Redis;
}): Promise<{ batch: string; checksum: string; redisBytes: number }> {
  const definition = results.replace(/\.csv$/, '.yaml');
  writeFileSync(definition, await runVerb(['series', 'preset', 'gaokao'], asLoader));
  await runVerb(['series', 'add', definition], asLoader);
  const size = ['--rows', String(options.candidates), '--seed', String(options.seed)];
  await runVerb(['sample', '--series', SERIES, ...size, '--out', results], asLoader);
  const { batch, checksum } = await askVerb(['load', results, '--series', SERIES], asLoader);
  if (typeof batch !== 'number' || typeof checksum !== 'string')
    throw new SetupError('"fangbang load" named no batch and checksum: is this checkout complete?');
  const number = String(batch);
  const before = await usedMemory(redis);
  await runVerb(['warm', number], asLoader);
  const redisBytes = (await usedMemory(redis)) - before;
  await runVerb(['verify', number, '--file', results], asLoader);
  return { batch: number, checksum, redisBytes };
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/^used_memory:([0-9]+)/m.exec(await redis.info('memory'))?.[1]);
}

async function connectionsOf(ownerUrl: string, login: string): Promise<number> {
  return await onPostgres(ownerUrl, async (client) => {
    const found = await client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = $1',
      [decodeURIComponent(login)],
    );
    return found.rows[0]?.count ?? 0;
  });
}

async function versionsOf(ownerUrl: string, redis: Redis): Promise<Record<string, string>> {
  const info = await redis.info('server');
  const postgres = await onPostgres(ownerUrl, async (client) => {
    const found = await client.query<{ server_version: string }>('SHOW server_version');
    return found.rows[0]?.server_version ?? 'unknown';
  });
  return { Postgres: postgres, Redis: /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown' };
}
