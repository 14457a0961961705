import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Redis as RedisClient } from 'ioredis';
import { checkout } from '../../infra/local/checkout.ts';
import { startPostgres } from '../../infra/local/postgres.ts';
import { throwAwayFolder, unprivilegedUser } from '../../infra/local/private-folder.ts';
import { findRedis, unpackRedis } from '../../infra/local/redis-program.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { SetupError } from '../../infra/local/setup-error.ts';
import {
  cloneMigratedDatabase,
  createDatabase,
  redisDatabase,
  startOwnPostgres,
  startOwnRedis,
  testDatabaseUrl,
  withClient,
  type OwnServer,
} from '../helpers/stores.ts';

const run = promisify(execFile);

function isRunning(pid: number): boolean {
  try {
    // A process that ended and waits for its parent counts as ended.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`still not true after 15 s: ${what}`);
    await sleep(50);
  }
}

describe('databases of the run', () => {
  it('are empty, and gone after drop', async () => {
    const database = await createDatabase();
    const count = await withClient(database.url, (client) =>
      client.query(`SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'public'::regnamespace`),
    );
    expect(count.rows).toEqual([{ n: 0 }]);
    await database.drop();
    const found = await withClient(testDatabaseUrl(), (client) =>
      client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database.name]),
    );
    expect(found.rows).toEqual([]);
  });

  it('are cloned eight at once from one migrated template', async () => {
    const databases = await Promise.all(Array.from({ length: 8 }, () => cloneMigratedDatabase()));
    expect(new Set(databases.map(({ name }) => name)).size).toBe(8);
    await Promise.all(databases.map((database) => database.drop()));
  });

  it('have logins that are members of our roles and leave nothing behind', async () => {
    const database = await cloneMigratedDatabase();
    const login = await database.createLogin('anna', 'fangbang_loader');
    const who = await withClient(login.url, (client) =>
      client.query(
        `SELECT session_user AS name, pg_has_role('fangbang_loader', 'MEMBER') AS loader, pg_has_role('fangbang_service', 'MEMBER') AS service`,
      ),
    );
    expect(who.rows).toEqual([{ name: login.name, loader: true, service: false }]);
    await database.drop();
    const left = await withClient(testDatabaseUrl(), (client) =>
      client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [login.name]),
    );
    expect(left.rows).toEqual([]);
  });

  it('speak UTF-8 and UTC', async () => {
    const database = await createDatabase();
    const settings = await withClient(database.url, (client) =>
      client.query(
        `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone, upper('é') AS upper`,
      ),
    );
    expect(settings.rows).toEqual([{ encoding: 'UTF8', zone: 'UTC', upper: 'É' }]);
    await database.drop();
  });

  it('give each caller a Redis database of its own, empty', async () => {
    const [one, other] = await Promise.all([redisDatabase(), redisDatabase()]);
    expect(one.url).not.toBe(other.url);
    const redis = new RedisClient(one.url);
    expect(await redis.dbsize()).toBe(0);
    await redis.set('here', '1');
    await one.flush();
    expect(await redis.dbsize()).toBe(0);
    redis.disconnect();
  });
});

describe('a Postgres of our own', () => {
  let server: OwnServer;
  beforeAll(async () => {
    server = await startOwnPostgres();
  });
  afterAll(() => server.discard());

  it('wants the password', async () => {
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(withClient(wrong.href, (client) => client.query('SELECT 1'))).rejects.toThrow(
      'password authentication failed',
    );
  });

  it('has after kill -9 and a start on the same port what was committed', async () => {
    await withClient(server.url, async (client) => {
      await client.query('CREATE TABLE kept (n int)');
      await client.query('INSERT INTO kept VALUES (42)');
    });
    await server.kill();
    await server.start();
    const rows = await withClient(server.url, (client) => client.query('SELECT n FROM kept'));
    expect(rows.rows).toEqual([{ n: 42 }]);
  });

  it('never runs as root', () => {
    const uids = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid()}/status`, 'utf8'));
    expect(Number(uids?.[1])).not.toBe(0);
  });

  it('writes no statement and no value into its log', async () => {
    const secret = 'gaokao-candidate-0001';
    await withClient(server.url, async (client) => {
      await client.query('CREATE TABLE one (name text PRIMARY KEY)');
      await client.query(`INSERT INTO one VALUES ('${secret}')`);
      await expect(client.query(`INSERT INTO one VALUES ('${secret}')`)).rejects.toThrow('duplicate key');
    });
    const pidFolder = readFileSync(`/proc/${server.pid()}/cmdline`, 'utf8').split('\0')[2] ?? '';
    const log = readFileSync(join(pidFolder, '..', 'log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain(secret);
  });
});

describe('a start on what a killed run left', () => {
  it('stops the server that still runs on the data and takes them over', async () => {
    const user = unprivilegedUser();
    const folder = throwAwayFolder('left-over', user);
    const options = {
      folder: folder.path,
      passwordFile: join(folder.path, 'password'),
      logFile: join(folder.path, 'log'),
      durable: false,
      user,
    };
    const left = await startPostgres(options);
    const next = await startPostgres(options);
    expect(isRunning(left.pid)).toBe(false);
    await withClient(next.url, (client) => client.query('SELECT 1'));
    await next.stop();
    folder.remove();
  });

  it('stops the Redis of the last run', async () => {
    const folder = throwAwayFolder('left-over', undefined);
    const program = await findRedis({
      searchPath: process.env['PATH'] ?? '',
      folder: join(checkout, '.fangbang', 'redis', 'program'),
    });
    const left = await startRedis({ program, folder: folder.path, logFile: join(folder.path, 'log') });
    const next = await startRedis({ program, folder: folder.path, logFile: join(folder.path, 'log') });
    expect(isRunning(left.pid)).toBe(false);
    await next.stop();
    folder.remove();
  });

  it('leaves nothing when the run was killed: the servers end and the folders go', async () => {
    const script = `
      const { bringUpStores } = await import('./infra/local/stores.ts');
      const { readdirSync } = await import('node:fs');
      const stores = await bringUpStores({ persistent: false, databaseUrl: undefined, redisUrl: undefined, searchPath: process.env.PATH });
      console.log(JSON.stringify({ pg: new URL(stores.databaseUrl).port, redis: new URL(stores.redisUrl).port }));
      setInterval(() => {}, 1000);
    `;
    const temporary = throwAwayFolder('killed', unprivilegedUser());
    const { promise, resolve } = Promise.withResolvers<string>();
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: checkout,
      env: { ...process.env, TMPDIR: temporary.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    await promise;
    const folders = (await run('ls', [temporary.path])).stdout.trim().split('\n');
    expect(folders).toHaveLength(2);
    const pids = (
      await run('sh', ['-c', `grep -la -- "${temporary.path}/" /proc/[0-9]*/cmdline || true`])
    ).stdout
      .split('\n')
      .map((path) => Number(path.split('/')[2]))
      .filter((pid) => pid > 0 && pid !== process.pid);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    child.kill('SIGKILL');
    await until('the folders are gone', () =>
      folders.every((name) => !existsSync(join(temporary.path, name))),
    );
    await until('the servers are gone', () => pids.every((pid) => !isRunning(pid)));
    temporary.remove();
  });
});

describe('a Redis of our own', () => {
  let server: OwnServer;
  beforeAll(async () => {
    server = await startOwnRedis();
  });
  afterAll(() => server.discard());

  it('never evicts and never saves', async () => {
    const redis = new RedisClient(server.url);
    expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    expect(await redis.config('GET', 'save')).toEqual(['save', '']);
    redis.disconnect();
  });

  it('gives out databases that an earlier round left full as empty ones', async () => {
    vi.stubEnv('FANGBANG_TEST_REDIS_URL', server.url);
    // A fresh server: its first number is among these.
    const full = [1, 2, 3].map((number) => new RedisClient(`${server.url}/${number}`));
    await Promise.all(full.map((redis) => redis.set('left', '1')));
    const redis = new RedisClient((await redisDatabase()).url);
    vi.unstubAllEnvs();
    expect(await redis.dbsize()).toBe(0);
    const sizes = await Promise.all(full.map((one) => one.dbsize()));
    expect(sizes.filter((size) => size === 1)).toHaveLength(2);
    for (const one of [redis, ...full]) one.disconnect();
  });

  it('comes back empty on the same port after kill -9', async () => {
    const redis = new RedisClient(server.url, { retryStrategy: () => 50 });
    redis.on('error', () => {});
    await redis.set('here', '1');
    await server.kill();
    await server.start();
    expect(await redis.dbsize()).toBe(0);
    redis.disconnect();
  });

  it('says that a given port is taken, and where its log is', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => {
        const address = blocker.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const folder = throwAwayFolder('taken', undefined);
    const program = await findRedis({
      searchPath: process.env['PATH'] ?? '',
      folder: join(checkout, '.fangbang', 'redis', 'program'),
    });
    const start = startRedis({ program, folder: folder.path, port, logFile: join(folder.path, 'log') });
    await expect(start).rejects.toThrow(SetupError);
    await expect(start).rejects.toThrow(`Redis does not start on port ${port}`);
    blocker.close();
    folder.remove();
  });
});

const hasApt = existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg');

describe("Debian's Redis package", () => {
  it.skipIf(!hasApt)('is unpacked without the system changing, and runs', async () => {
    const folder = throwAwayFolder('unpacked', undefined);
    const program = await unpackRedis(join(folder.path, 'program'));
    expect(program.command.startsWith(folder.path)).toBe(true);
    const redis = await startRedis({
      program,
      folder: join(folder.path, 'work'),
      logFile: join(folder.path, 'log'),
    });
    expect(isRunning(redis.pid)).toBe(true);
    await redis.stop();
    folder.remove();
  });

  it('that can not be fetched is answered with the command to run', async () => {
    const folder = throwAwayFolder('no-apt', undefined);
    const script = `
      const { unpackRedis } = await import('./infra/local/redis-program.ts');
      await unpackRedis(${JSON.stringify(join(folder.path, 'program'))}).catch((fault) => console.log(fault.message));
    `;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: checkout,
      env: { PATH: '/nowhere' },
    });
    expect(stdout).toContain('apt-get install redis-server');
    folder.remove();
  });
});
