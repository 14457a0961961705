/**
 * @module Real stores for tests: a database of its own per file (empty, or cloned from a migrated template),
 * logins in our roles, a Redis database of its own, and whole servers that a test may kill.
 *
 * The stores of the run come from `npm test` (infra/local/test.ts). Names carry the run and a random part, so
 * that files and runs never meet.
 */
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as RedisClient } from 'ioredis';
import { Client } from 'pg';
import { keep } from '../../infra/local/checkout.ts';
import { startPostgres, type Postgres } from '../../infra/local/postgres.ts';
import { throwAwayFolder, unprivilegedUser, type ThrowAwayFolder } from '../../infra/local/private-folder.ts';
import { findRedis } from '../../infra/local/redis-program.ts';
import { startRedis, type Redis } from '../../infra/local/redis.ts';

/** The roles that the migrations create. */
export type FangbangRole = 'fangbang_loader' | 'fangbang_service' | 'fangbang_owner';

export interface TestDatabase {
  readonly name: string;
  /** URL of the superuser. */
  readonly url: string;
  /** A fresh login in one of our roles, and its URL for this database. `name` is for people. */
  readonly createLogin: (name: string, memberOf: FangbangRole) => Promise<TestLogin>;
  /** Shorthand: the URL of a fresh login in the role. */
  readonly urlFor: (memberOf: FangbangRole) => Promise<string>;
  /** Drops the database, whoever is connected, and its logins. */
  readonly drop: () => Promise<void>;
}

export interface TestLogin {
  /** The role's name, as `session_user` says it. */
  readonly name: string;
  readonly url: string;
}

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set: run the tests by "npm test" or "npm run test:integration".`);
  }
  return value;
}

/** URL of the superuser of the run's Postgres. */
export function testDatabaseUrl(): string {
  return setting('FANGBANG_TEST_DATABASE_URL');
}

/** All databases and roles of this run begin with it; `npm test` drops by it. */
function runPrefix(): string {
  return `fangbang_test_${process.env['FANGBANG_TEST_RUN'] ?? `p${process.ppid}`}_`;
}

function freshName(hint = ''): string {
  return `${runPrefix()}${hint === '' ? '' : `${hint}_`}${randomBytes(5).toString('hex')}`;
}

function onDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** Runs statements on a connection of its own. */
export async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** A fresh, empty database. */
export async function createDatabase(): Promise<TestDatabase> {
  const name = freshName();
  await withClient(testDatabaseUrl(), (client) => client.query(`CREATE DATABASE "${name}"`));
  return testDatabase(name);
}

/** A fresh database with our schema, cloned from a template that the first caller of the run migrates. */
export async function cloneMigratedDatabase(): Promise<TestDatabase> {
  const name = freshName();
  const template = `${runPrefix()}template`;
  await withClient(testDatabaseUrl(), async (client) => {
    await ensureTemplate(client, template);
    await client.query(`CREATE DATABASE "${name}" TEMPLATE "${template}"`);
  });
  return testDatabase(name);
}

/** Under an advisory lock, since the workers come at once. A half-migrated template is never left under its name. */
async function ensureTemplate(client: Client, template: string): Promise<void> {
  const key = createHash('sha256').update(template).digest().readInt32BE(0);
  await client.query('SELECT pg_advisory_lock($1)', [key]);
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (found.rows.length > 0) return;
    const unfinished = freshName('unfinished');
    await client.query(`CREATE DATABASE "${unfinished}"`);
    // Loaded only here, so that tests of the stores alone do not need the schema.
    const { migrate } = await import('../../service/results/migrate.ts');
    await migrate(onDatabase(testDatabaseUrl(), unfinished));
    await client.query(`ALTER DATABASE "${unfinished}" RENAME TO "${template}"`);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [key]);
  }
}

function testDatabase(name: string): TestDatabase {
  const url = onDatabase(testDatabaseUrl(), name);
  const logins: string[] = [];
  const createLogin = async (hint: string, memberOf: FangbangRole): Promise<TestLogin> => {
    const login = freshName(hint);
    const password = randomBytes(12).toString('hex');
    await withClient(url, (client) =>
      client.query(`CREATE ROLE "${login}" LOGIN PASSWORD '${password}' IN ROLE "${memberOf}"`),
    );
    logins.push(login);
    const loginUrl = new URL(url);
    loginUrl.username = login;
    loginUrl.password = password;
    return { name: login, url: loginUrl.href };
  };
  const drop = async (): Promise<void> => {
    await withClient(testDatabaseUrl(), async (client) => {
      await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
      for (const login of logins.splice(0)) await client.query(`DROP ROLE IF EXISTS "${login}"`);
    });
  };
  const urlFor = async (memberOf: FangbangRole): Promise<string> =>
    (await createLogin(memberOf.replace('fangbang_', ''), memberOf)).url;
  return { name, url, createLogin, urlFor, drop };
}

export interface TestRedisDatabase {
  /** redis:// URL with the database's number. */
  readonly url: string;
  readonly flush: () => Promise<void>;
}

/**
 * An empty database of the run's Redis for the caller alone. Numbers go round after 255 (15 on a stock
 * Redis), long after the first file has ended.
 */
export async function redisDatabase(): Promise<TestRedisDatabase> {
  const base = setting('FANGBANG_TEST_REDIS_URL');
  const number = await withRedis(base, async (redis) => {
    const databases = Number((await redis.config('GET', 'databases'))[1] ?? 16);
    return ((await redis.incr('fangbang:test:databases')) % (databases - 1)) + 1;
  });
  const url = onDatabase(base, String(number));
  const flush = (): Promise<void> =>
    withRedis(url, async (redis) => {
      await redis.flushdb();
    });
  await flush();
  return { url, flush };
}

async function withRedis<T>(url: string, use: (redis: RedisClient) => Promise<T>): Promise<T> {
  const redis = new RedisClient(url, { retryStrategy: null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** A whole server of the test's own, to be stopped, killed, frozen and brought back on the same port. */
export interface OwnServer {
  readonly url: string;
  readonly port: number;
  readonly pid: () => number;
  /** An orderly end. */
  readonly stop: () => Promise<void>;
  /** kill -9. */
  readonly kill: () => Promise<void>;
  /** It keeps its connections and answers nothing (SIGSTOP). For Postgres only new connections hang. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** After stop or kill: the same port, and for Postgres the same data; Redis comes back empty. */
  readonly start: () => Promise<void>;
  /** Stops it and removes its folder: for afterAll. */
  readonly discard: () => Promise<void>;
}

/** A Redis of the test's own. */
export async function startOwnRedis(): Promise<OwnServer> {
  const folder = throwAwayFolder('own-redis', undefined);
  const program = await findRedis({
    searchPath: process.env['PATH'] ?? '',
    folder: join(keep('redis'), 'program'),
  });
  return await ownServer(folder, (port) =>
    startRedis({ program, folder: folder.path, logFile: join(folder.path, 'log'), ...port }),
  );
}

/** A Postgres of the test's own, empty; its URL is the superuser's. */
export async function startOwnPostgres(): Promise<OwnServer> {
  const user = unprivilegedUser();
  const folder = throwAwayFolder('own-postgres', user);
  const passwordFile = join(folder.path, 'password');
  return await ownServer(folder, (port) =>
    startPostgres({
      folder: folder.path,
      passwordFile,
      logFile: join(folder.path, 'log'),
      // Commits outlive kill -9 all the same; only the machine's own end would lose them.
      durable: false,
      user,
      ...port,
    }),
  );
}

async function ownServer(
  folder: ThrowAwayFolder,
  begin: (port: { port?: number }) => Promise<Redis | Postgres>,
): Promise<OwnServer> {
  let server = await begin({});
  const { url, port } = server;
  const stop = (): Promise<void> => {
    server.signal('SIGCONT');
    return server.stop();
  };
  return {
    url,
    port,
    pid: () => server.pid,
    stop,
    kill: async () => {
      server.signal('SIGKILL');
      await server.exited;
      // The sessions of a killed Postgres end a moment after it.
      await sleep(50);
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    start: async () => {
      server = await begin({ port });
    },
    discard: async () => {
      await stop();
      folder.remove();
    },
  };
}
