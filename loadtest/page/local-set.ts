/**
 * @module A throw-away set for the page's measurements: real stores, a released series, one service.
 *
 * Failure policy: what cannot be had is a SetupError; whatever was started is undone by the steps given to
 * `undo`, the last first.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliOptions } from '../../infra/local/fangbang-cli.ts';
import { runVerb } from '../../infra/local/fangbang-cli.ts';
import { runtimePath } from '../../infra/local/hand-over.mjs';
import { ensureDatabase, ensureLogins } from '../../infra/local/logins.ts';
import { freePort } from '../../infra/local/port.ts';
import { throwAwayFolder } from '../../infra/local/private-folder.ts';
import { progressOn } from '../../infra/local/progress.ts';
import { startService } from '../../infra/local/service.ts';
import { bringUpStores } from '../../infra/local/stores.ts';
import { release } from '../bench/release.ts';
import type { Candidate } from '../profiles/credentials-csv.ts';

export interface LocalSet {
  readonly url: string;
  /** Of the service. */
  readonly pid: number;
  readonly series: string;
  readonly candidates: readonly Candidate[];
}

export interface LocalSetOptions {
  readonly rows: number;
  /** When the series opens: an ISO instant, or `now`. */
  readonly at: string;
  readonly runtime: 'bun' | 'node';
  readonly env: NodeJS.ProcessEnv;
  readonly stop: AbortSignal;
  readonly undo: (step: () => Promise<void> | void) => void;
}

const SERIES = 'zj-gaokao-2026';

/** Brings it up; the service is ready when this returns. */
export async function startLocalSet(options: LocalSetOptions): Promise<LocalSet> {
  const { env, stop, undo } = options;
  const progress = progressOn(process.stderr);
  const folder = throwAwayFolder('page', undefined);
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
  const common = {
    PATH: env['PATH'],
    HOME: env['HOME'],
    REDIS_URL: stores.redisUrl,
    FANGBANG_PEPPER_FILE: pepperFile,
  };
  const as = (databaseUrl: string): CliOptions => ({
    runtime: runtimePath('fastest'),
    env: { ...common, DATABASE_URL: databaseUrl },
    abort: stop,
  });
  await runVerb(['db', 'migrate'], as(ownerUrl));
  const logins = await ensureLogins(ownerUrl, {
    passwordsFile: join(folder.path, 'logins.json'),
    ownServer: true,
  });
  const persons = { asLoader: as(logins.loader), asApprover: as(logins.approver) };
  const candidates = await progress(`${options.rows.toLocaleString('en')} candidates, through the CLI`, () =>
    release(persons, { id: SERIES, rows: options.rows, at: options.at, folder: folder.path }),
  );

  const [port, adminPort] = [await freePort(), await freePort()];
  const service = await startService({
    runtime: runtimePath(options.runtime),
    env: {
      ...common,
      DATABASE_URL: logins.service,
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      LOG_LEVEL: 'warn',
    },
    logFile: join(folder.path, 'service.log'),
    adminUrl: `http://127.0.0.1:${adminPort}`,
  });
  undo(service.stop);
  return { url: `http://127.0.0.1:${port}`, pid: service.pid, series: SERIES, candidates };
}
