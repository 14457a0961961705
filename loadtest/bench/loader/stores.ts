/**
 * @module Postgres and Redis of the bench's own. Postgres is set as for real data (it syncs, and keeps a log that
 * could be shipped): what is cheap only in a test must not count.
 *
 * Failure policy: what cannot be had is a SetupError; what was started until then is stopped by `undo`.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keep } from '../../../infra/local/checkout.ts';
import { ensureDatabase, ensureLogins, onPostgres } from '../../../infra/local/logins.ts';
import { startPostgres } from '../../../infra/local/postgres.ts';
import { throwAwayFolder, unprivilegedUser } from '../../../infra/local/private-folder.ts';
import type { RedisProgram } from '../../../infra/local/redis-program.ts';
import { findRedis } from '../../../infra/local/redis-program.ts';
import { startRedis } from '../../../infra/local/redis.ts';

export interface BenchStores {
  /** For what lives as long as the bench. */
  readonly folder: string;
  /** URL of the superuser on `postgres`. */
  readonly serverUrl: string;
  readonly redisUrl: string;
  readonly redisPort: number;
  readonly redisProgram: RedisProgram;
  readonly pepperFile: string;
}

type Undo = (step: () => Promise<void> | void) => void;

/** Starts both. */
export async function startStores(
  searchPath: string,
  undo: Undo,
  say: (line: string) => void,
): Promise<BenchStores> {
  const user = unprivilegedUser();
  const folder = throwAwayFolder('bench-loader', user);
  undo(folder.remove);
  const postgres = await startPostgres({
    folder: folder.path,
    passwordFile: join(folder.path, 'password'),
    logFile: join(folder.path, 'postgres.log'),
    durable: true,
    user,
  });
  undo(postgres.stop);
  const redisProgram = await findRedis({ searchPath, folder: join(keep('redis'), 'program'), say });
  const redis = await startRedis({
    program: redisProgram,
    folder: join(folder.path, 'redis'),
    logFile: join(folder.path, 'redis.log'),
  });
  undo(redis.stop);
  const pepperFile = join(folder.path, 'pepper');
  writeFileSync(pepperFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  return {
    folder: folder.path,
    serverUrl: postgres.url,
    redisUrl: redis.url,
    redisPort: redis.port,
    redisProgram,
    pepperFile,
  };
}

const TEMPLATE = 'fangbang_template';
const FRESH = 'fangbang';

/** A database that `prepare` brings to the state in which every round begins; answers the loader's URL on a fresh copy. */
export async function prepareDatabase(
  stores: BenchStores,
  prepare: (databaseUrl: string) => Promise<void>,
): Promise<string> {
  const template = await ensureDatabase(stores.serverUrl, TEMPLATE);
  await prepare(template);
  const logins = await ensureLogins(template, {
    passwordsFile: join(stores.folder, 'logins.json'),
    ownServer: true,
  });
  const url = new URL(logins.loader);
  url.pathname = `/${FRESH}`;
  return url.href;
}

/** The loader's database as `prepareDatabase` left it, whatever a round did to it; nothing waits to be written. */
export async function freshDatabase({ serverUrl }: BenchStores): Promise<void> {
  await onPostgres(serverUrl, async (client) => {
    await client.query(`drop database if exists ${FRESH} with (force)`);
    await client.query(`create database ${FRESH} template ${TEMPLATE}`);
    await client.query('checkpoint');
  });
}
