/**
 * Postgres and Redis by TLS, as the service on both runtimes and the CLI use them: nobody in the middle is taken
 * for a store.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Installation } from '../helpers/batch.ts';
import {
  expectedMarks,
  fieldsOf,
  gaokaoCandidates,
  openBatch,
  presetDefinition,
  queryOne,
} from '../helpers/batch.ts';
import { runCli, type CliResult } from '../helpers/cli.ts';
import { makeOwnInstallation } from '../helpers/own-installation.ts';
import { startRedisNode, type RedisNode } from '../helpers/redis-node.ts';
import { succeed } from '../helpers/release.ts';
import { RUNTIMES, startService, type RunningService } from '../helpers/service.ts';
import { startOwnPostgres, type OwnServer } from '../helpers/stores.ts';
import { makeTlsAuthority, type TlsAuthority } from '../helpers/tls-authority.ts';
import { until } from '../helpers/until.ts';

const SERIES = presetDefinition('gaokao', 'zj-gaokao-2026');
const [candidate] = gaokaoCandidates(SERIES, 1);
if (candidate === undefined) throw new Error('no candidate');

let authority: TlsAuthority;
let postgres: OwnServer;
let redis: RedisNode;
let installation: Installation;
let batch: number;

beforeAll(async () => {
  authority = await makeTlsAuthority();
  [postgres, redis] = await Promise.all([
    startOwnPostgres(),
    startRedisNode({ name: 'redis-by-tls', tls: authority.server }),
  ]);
  const { certificateFile, keyFile } = authority.server;
  for (const [name, value] of [
    ['ssl_cert_file', certificateFile],
    ['ssl_key_file', keyFile],
    ['ssl', 'on'],
  ])
    await queryOne(postgres.url, `alter system set ${name} = '${value}'`);
  await queryOne(postgres.url, 'select pg_reload_conf()');
  installation = await makeOwnInstallation(postgres.url, undefined);
  batch = (await openBatch(installation, SERIES, [candidate])).number;
});
afterAll(async () => {
  await Promise.all([postgres?.discard(), redis?.discard()]);
  authority?.remove();
});

const byTls = (url: string, authorityFile: string): string =>
  `${url}?${new URLSearchParams({ sslmode: 'verify-full', sslrootcert: authorityFile }).toString()}`;
const redisUrl = (): string => `rediss://127.0.0.1:${redis.port}`;
const trusting = (authorityFile: string): Record<string, string> => ({ NODE_EXTRA_CA_CERTS: authorityFile });

describe.each(RUNTIMES)('the service on %s', (runtime) => {
  let service: RunningService | undefined;
  afterEach(() => service?.stop());

  const start = async (trusted: { postgres: string; redis: string }): Promise<RunningService> => {
    service = await startService({
      runtime,
      databaseUrl: byTls(installation.serviceUrl, trusted.postgres),
      redisUrl: redisUrl(),
      pepperFile: installation.pepperFile,
      env: { ...trusting(trusted.redis), LOG_LEVEL: 'info' },
      until: 'listening',
    });
    return service;
  };
  const right = { status: 200, json: expectedMarks(SERIES, candidate) };
  const hits = (from: RunningService): Promise<number> =>
    from.metric('fangbang_redis_reads_total{outcome="hit"}');
  const isReady = async (one: RunningService): Promise<boolean> =>
    (await fetch(`${one.adminUrl}/readyz`)).status === 200;
  const sessions = async (): Promise<unknown> =>
    await queryOne(
      postgres.url,
      `select count(*)::int as all, count(*) filter (where s.ssl)::int as by_tls
       from pg_stat_activity a join pg_stat_ssl s using (pid) where application_name like 'fangbang-%'`,
    );

  it('answers from stores whose authority it knows', async () => {
    const { authorityFile } = authority.server;
    const one = await start({ postgres: authorityFile, redis: authorityFile });
    await until('it is ready', () => isReady(one));
    // What the cache has not is answered from Postgres and written back.
    await until('a lookup is answered from Redis', async () => {
      expect(await one.lookup(SERIES.id, fieldsOf(SERIES, candidate))).toMatchObject(right);
      return (await hits(one)) > 0;
    });
    const { all, by_tls } = (await sessions()) as { all: number; by_tls: number };
    expect(all).toBeGreaterThan(0);
    expect(by_tls).toBe(all);
  });

  it('says nothing to a Postgres whose authority it does not know', async () => {
    const one = await start({ postgres: authority.strangerFile, redis: authority.server.authorityFile });
    await until('it has tried', () => one.log().some(({ store }) => store === 'postgres'));
    expect(await isReady(one)).toBe(false);
    expect(await sessions()).toMatchObject({ all: 0 });
    expect((await one.lookup(SERIES.id, fieldsOf(SERIES, candidate))).status).toBe(503);
  });

  it('says nothing to a Redis whose authority it does not know, and answers from Postgres', async () => {
    const one = await start({ postgres: authority.server.authorityFile, redis: authority.strangerFile });
    await until('it has tried', () => one.log().some(({ store }) => store === 'redis'));
    await until('it is ready', () => isReady(one));
    expect(await one.lookup(SERIES.id, fieldsOf(SERIES, candidate))).toMatchObject(right);
    expect(await hits(one)).toBe(0);
    expect(one.log()).not.toContainEqual(expect.objectContaining({ msg: 'Redis is connected' }));
  });
});

describe('the CLI', () => {
  const run = (verb: readonly string[], trusted: { postgres: string; redis: string }): Promise<CliResult> =>
    runCli([...verb, '--json'], {
      env: {
        DATABASE_URL: byTls(installation.loaderUrl, trusted.postgres),
        REDIS_URL: redisUrl(),
        FANGBANG_PEPPER_FILE: installation.pepperFile,
        ...trusting(trusted.redis),
      },
    });

  it('warms a Redis whose authority it knows, and neither store of another', async () => {
    const { authorityFile: known } = authority.server;
    const warm = ['warm', String(batch)];
    await succeed(run(warm, { postgres: known, redis: known }));
    const noRedis = await run(warm, { postgres: known, redis: authority.strangerFile });
    expect(noRedis.stderr).toContain('the TLS connection to Redis is refused');
    const noPostgres = await run(warm, { postgres: authority.strangerFile, redis: known });
    expect(noPostgres.stderr).toContain('the TLS connection to the database is refused');
    expect([noRedis.exitCode, noPostgres.exitCode]).toEqual([5, 5]);
  });
});
