/**
 * @module The two stores that a local run needs, brought up unless they were given from outside.
 *
 * Failure policy: a store that can't be had is a SetupError, and what was already started is stopped. A store
 * given from outside is only connected to by whoever uses it; it is never stopped or emptied here.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keep, keepFolder } from './checkout.ts';
import { startPostgres } from './postgres.ts';
import {
  persistentFolder,
  throwAwayFolder,
  unprivilegedUser,
  type ThrowAwayFolder,
} from './private-folder.ts';
import { findRedis } from './redis-program.ts';
import { startRedis } from './redis.ts';

export interface StoresOptions {
  /** true: Postgres keeps its data under `.fangbang/`; false: all is thrown away by `stop`. */
  readonly persistent: boolean;
  /** Given from outside: a Postgres URL with the rights of a superuser. */
  readonly databaseUrl: string | undefined;
  /** Given from outside. */
  readonly redisUrl: string | undefined;
  /** PATH, where a Redis is looked for. */
  readonly searchPath: string;
  readonly say?: (line: string) => void;
}

export interface Store {
  readonly url: string;
  /** Settles when a store that we started ends; never for one given from outside. */
  readonly ended: Promise<unknown>;
  readonly stop: () => Promise<void>;
}

export interface Stores {
  /** URL of a superuser where we started it. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Resolves to a store's name when one that we started ends. */
  readonly ended: Promise<string>;
  /** Stops what was started, and nothing else; harmless the second time. */
  readonly stop: () => Promise<void>;
}

/** Both stores, side by side. */
export async function bringUpStores(options: StoresOptions): Promise<Stores> {
  const started = await Promise.allSettled([bringUpPostgres(options), bringUpRedis(options)]);
  const stop = async (): Promise<void> => {
    await Promise.all(
      started.map(async (store) => store.status === 'fulfilled' && (await store.value.stop())),
    );
  };
  const [postgres, redis] = started;
  if (postgres.status === 'fulfilled' && redis.status === 'fulfilled') {
    const ended = Promise.race([
      postgres.value.ended.then(() => 'Postgres'),
      redis.value.ended.then(() => 'Redis'),
    ]);
    return { databaseUrl: postgres.value.url, redisUrl: redis.value.url, ended, stop };
  }
  await stop();
  throw [postgres, redis].find((store) => store.status === 'rejected')?.reason;
}

const never = new Promise<never>(() => {});

function givenStore(url: string): Store {
  return { url, ended: never, stop: () => Promise.resolve() };
}

async function bringUpPostgres(options: StoresOptions): Promise<Store> {
  if (options.databaseUrl !== undefined) return givenStore(options.databaseUrl);
  return options.persistent ? await persistentPostgres(options) : await throwAwayPostgres();
}

async function persistentPostgres({ say }: StoresOptions): Promise<Store> {
  const user = unprivilegedUser();
  const folder = persistentFolder('postgres', user);
  if (!folder.startsWith(keepFolder)) {
    const note = `Postgres keeps its data in ${folder}: it may not run as root, and another user cannot enter this checkout`;
    writeFileSync(join(keep('postgres'), 'README'), `${note}.\n`);
    say?.(note);
  }
  const preferredPort = rememberedPort('postgres');
  const postgres = await startPostgres({
    folder,
    passwordFile: join(keep(), 'postgres-password'),
    logFile: join(keep('log'), 'postgres.log'),
    durable: true,
    user,
    preferredPort,
  });
  rememberPort('postgres', postgres.port);
  return { url: postgres.url, ended: postgres.exited, stop: postgres.stop };
}

async function throwAwayPostgres(): Promise<Store> {
  const user = unprivilegedUser();
  const folder = throwAwayFolder('postgres', user);
  return await orRemove(folder, () =>
    startPostgres({
      folder: folder.path,
      passwordFile: join(folder.path, 'password'),
      logFile: join(folder.path, 'log'),
      durable: false,
      user,
    }),
  );
}

/** A server in a throw-away folder, which goes with it. */
async function orRemove(
  folder: ThrowAwayFolder,
  start: () => Promise<{ url: string; exited: Promise<unknown>; stop: () => Promise<void> }>,
): Promise<Store> {
  try {
    const server = await start();
    return { url: server.url, ended: server.exited, stop: () => server.stop().finally(folder.remove) };
  } catch (fault) {
    folder.remove();
    throw fault;
  }
}

async function bringUpRedis(options: StoresOptions): Promise<Store> {
  if (options.redisUrl !== undefined) return givenStore(options.redisUrl);
  const program = await findRedis({ ...options, folder: join(keep('redis'), 'program') });
  if (!options.persistent) {
    const folder = throwAwayFolder('redis', undefined);
    return await orRemove(folder, () =>
      startRedis({ program, folder: folder.path, logFile: join(folder.path, 'log') }),
    );
  }
  const redis = await startRedis({
    program,
    folder: keep('redis', 'work'),
    logFile: join(keep('log'), 'redis.log'),
    preferredPort: rememberedPort('redis'),
  });
  rememberPort('redis', redis.port);
  return { url: redis.url, ended: redis.exited, stop: redis.stop };
}

/** The port of the last start is taken again if it is free, so that a shell with local.env in it goes on working. */
function rememberedPort(store: string): number {
  const file = portFile(store);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0;
}

function rememberPort(store: string, port: number): void {
  writeFileSync(portFile(store), `${port}\n`);
}

function portFile(store: string): string {
  return join(keep(), `${store}-port`);
}
