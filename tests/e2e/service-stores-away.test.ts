/**
 * What the service answers while its stores are away, frozen, emptied or cut off, on both runtimes. Every test
 * checks answers against the truth: no wrong one is ever allowed, whatever the fault.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { EPOCH_KEY } from '#results/redis-keys.ts';
import type { Installation, TestBatch, TestCandidate } from '../helpers/batch.ts';
import {
  approveBatch,
  expectedMarks,
  fieldsOf,
  gaokaoCandidates,
  loadBatch,
  openBatch,
  presetDefinition,
  publishBatch,
  warmBatch,
  withRedis,
  withdrawSeries,
} from '../helpers/batch.ts';
import { makeOwnInstallation } from '../helpers/own-installation.ts';
import { EASY_PROOFS, lookupWithProof } from '../helpers/proof-of-work.ts';
import type { Answer, RunningService } from '../helpers/service.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import type { OwnServer } from '../helpers/stores.ts';
import { startOwnPostgres, startOwnRedis } from '../helpers/stores.ts';
import type { TcpProxy } from '../../infra/local/tcp-proxy.ts';
import { startTcpProxy, throughProxy } from '../../infra/local/tcp-proxy.ts';
import { until } from '../helpers/until.ts';

const SERIES = presetDefinition('gaokao', 'zj-gaokao-2026');
const candidates = gaokaoCandidates(SERIES, 300);
const [first] = candidates;
const [stranger] = gaokaoCandidates(SERIES, 1, { from: 5_000 });
if (first === undefined || stranger === undefined) throw new Error('no candidates');

const UNAVAILABLE = {
  status: 503,
  retryAfterSeconds: expect.any(Number) as number,
  json: { type: 'urn:fangbang:problem:temporarily-unavailable' },
};

describe.each(RUNTIMES)('the service on %s', (runtime) => {
  let postgres: OwnServer;
  let redis: OwnServer;
  let toPostgres: TcpProxy;
  let toRedis: TcpProxy;
  let installation: Installation;
  let service: RunningService;
  let batch: TestBatch;

  const ask = (candidate: TestCandidate): Promise<Answer> =>
    service.lookup(SERIES.id, fieldsOf(SERIES, candidate));
  /** Without Redis a wrong attempt needs a proof of work, and is one of very few. */
  const wrong = (): Promise<Answer> => lookupWithProof(service.url, SERIES.id, fieldsOf(SERIES, stranger));
  /**
   * What is wrong with the answers to some candidates: nothing, if all is well. On a machine that is short of
   * time a read of a store may be given up: 503, seldom, and right when asked again.
   */
  const faultsFor = async (some: readonly TestCandidate[]): Promise<string[]> => {
    const faults: string[] = [];
    let turnedAway = 0;
    for (const candidate of some) {
      let answer = await ask(candidate);
      for (let again = 0; answer.status === 503 && again < 20; again += 1) {
        turnedAway += 1;
        await sleep(100);
        answer = await ask(candidate);
      }
      const expected = expectedMarks(SERIES, candidate);
      const got = Object.fromEntries(Object.keys(expected).map((key) => [key, answer.json[key]]));
      if (answer.status !== 200) faults.push(`${answer.status} ${answer.text}`);
      else if (!isDeepStrictEqual(got, expected))
        faults.push(`not the marks of the candidate: ${answer.text}`);
    }
    if (turnedAway > 2 + some.length / 5) faults.push(`${turnedAway} times 503`);
    return faults;
  };
  const found = (): Promise<number> => service.metric('fangbang_postgres_reads_total{outcome="found"}');
  const damaged = (): Promise<number> => service.metric('fangbang_redis_reads_total{outcome="damaged"}');
  const pollAge = (): Promise<number> => service.metric('fangbang_poll_age_seconds');
  const hits = (): Promise<number> => service.metric('fangbang_redis_reads_total{outcome="hit"}');
  /** Asks for them all, and says whether Redis has answered. */
  const hitsGrow = (some: readonly TestCandidate[]) => async (): Promise<boolean> => {
    const before = await hits();
    expect(await faultsFor(some)).toEqual([]);
    return (await hits()) >= before + some.length;
  };
  /** Both stores are used, and Redis has the epoch: whoever loses Postgres after a flush has nobody to vouch. */
  const isHealthy = async (): Promise<boolean> => {
    const inRedis = await withRedis(redis.url, (client) => client.get(EPOCH_KEY));
    return (
      Number(inRedis) === (await service.metric('fangbang_epoch')) &&
      (await pollAge()) < 2 &&
      (await ask(first)).status === 200
    );
  };

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startOwnPostgres(), startOwnRedis()]);
    [toPostgres, toRedis] = await Promise.all([startTcpProxy(postgres.port), startTcpProxy(redis.port)]);
    installation = await makeOwnInstallation(postgres.url, redis.url);
    batch = await openBatch(installation, SERIES, candidates);
    service = await startService({
      runtime,
      databaseUrl: throughProxy(installation.serviceUrl, toPostgres),
      redisUrl: throughProxy(redis.url, toRedis),
      pepperFile: installation.pepperFile,
      env: EASY_PROOFS,
    });
  });
  afterEach(async () => {
    toPostgres.mend();
    toRedis.mend();
  });
  afterAll(async () => {
    await service?.stop();
    await Promise.all([toPostgres?.close(), toRedis?.close()]);
    await Promise.all([postgres?.discard(), redis?.discard()]);
  });

  it('answers right from Postgres while Redis is stopped, and heals it when it comes back empty', async () => {
    await redis.kill();
    expect(await faultsFor(candidates.slice(0, 40))).toEqual([]);
    expect((await wrong()).status).toBe(404);
    expect(await found()).toBeGreaterThanOrEqual(40);

    await redis.start();
    await until('the epoch is in Redis again', () =>
      withRedis(redis.url, async (client) => (await client.exists(EPOCH_KEY)) === 1),
    );
    await until('a lost slip is written back', async () => {
      expect(await faultsFor([first])).toEqual([]);
      return withRedis(redis.url, async (client) => (await client.dbsize()) >= 2);
    });
    await until('it is answered from there', hitsGrow([first]));
  });

  it('heals a cold Redis slip by slip, asking Postgres once for each', async () => {
    await withRedis(redis.url, (client) => client.flushdb());
    const before = await found();
    expect(await faultsFor(candidates.slice(100, 150))).toEqual([]);
    await until('all are written back', async () => {
      expect(await faultsFor(candidates.slice(100, 150))).toEqual([]);
      return withRedis(redis.url, async (client) => (await client.dbsize()) >= 50);
    });
    const asked = await found();
    expect(asked - before).toBeGreaterThanOrEqual(50);
    expect(asked - before).toBeLessThanOrEqual(60);
    await until('they are answered from there', hitsGrow(candidates.slice(100, 150)));
  });

  it('asks Postgres once when many ask for the same lost slip at once', async () => {
    await warmBatch(installation, batch);
    const lost = batch.sealed[7];
    await withRedis(redis.url, (client) => client.del(lost?.key ?? ''));
    const before = await found();
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(candidates[7] ?? first)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    // The connections of the test do not all come in one turn: far fewer than the 40 that asked.
    expect((await found()) - before).toBeLessThan(10);
  });

  it.each([
    ['cut short', (value: Buffer) => value.subarray(1)],
    [
      'changed in one bit',
      (value: Buffer) => Buffer.concat([Buffer.from([(value[0] ?? 0) ^ 1]), value.subarray(1)]),
    ],
    ['empty', () => Buffer.alloc(0)],
    ["another candidate's", () => batch.sealed[11]?.value ?? Buffer.alloc(0)],
  ])('takes a value that is %s for lost, answers right and mends it', async (_title, damage) => {
    const one = batch.sealed[10];
    const candidate = candidates[10];
    if (one === undefined || candidate === undefined) throw new Error('no such candidate');
    await withRedis(redis.url, (client) => client.set(one.key, damage(one.value)));
    const before = await damaged();
    await until('it is seen', async () => {
      expect(await faultsFor([candidate])).toEqual([]);
      return (await damaged()) > before;
    });
    await until('it is mended', async () => {
      expect(await faultsFor([candidate])).toEqual([]);
      return withRedis(
        redis.url,
        async (client) => (await client.getBuffer(one.key))?.equals(one.value) === true,
      );
    });
  });

  it('answers right from Postgres while Redis is frozen, and from Redis again after it', async () => {
    await warmBatch(installation, batch);
    redis.freeze();
    try {
      expect(await faultsFor(candidates.slice(0, 20))).toEqual([]);
    } finally {
      redis.thaw();
    }
    await until('Redis is used again', hitsGrow([first]));
  });

  it('goes on with all that is warm while Postgres is down for everyone, also after 10 s', async () => {
    await warmBatch(installation, batch);
    await until('it is healthy', isHealthy);
    await postgres.stop();
    expect(await faultsFor(candidates)).toEqual([]);
    expect((await wrong()).status).toBe(404);
    await until('the last poll is 11 s old', async () => (await pollAge()) > 11);
    expect(await faultsFor(candidates)).toEqual([]);
    expect((await wrong()).status).toBe(404);
    // One that Redis has lost cannot be answered, and nothing hangs.
    await withRedis(redis.url, (client) => client.del(batch.sealed[20]?.key ?? ''));
    expect(await ask(candidates[20] ?? first)).toMatchObject(UNAVAILABLE);
    expect((await fetch(`${service.adminUrl}/readyz`)).status).toBe(200);

    await postgres.start();
    await until(
      'the lost one is answered again',
      async () => (await ask(candidates[20] ?? first)).status === 200,
    );
    expect(await faultsFor(candidates.slice(15, 25))).toEqual([]);
  });

  it('says 503 with Retry-After while both stores are down, and recovers by itself', async () => {
    await until('it is healthy', isHealthy);
    await Promise.all([postgres.stop(), redis.stop()]);
    for (const candidate of candidates.slice(0, 10)) expect(await ask(candidate)).toMatchObject(UNAVAILABLE);
    await until('the last poll is 10 s old', async () => (await pollAge()) > 10);
    // Nobody says any longer that the filter is the one in service.
    expect(await wrong()).toMatchObject(UNAVAILABLE);
    await Promise.all([postgres.start(), redis.start()]);
    await until('it is healthy again', isHealthy);
    expect(await faultsFor(candidates.slice(0, 10))).toEqual([]);
  });

  it('stops serving at once when cut off from Postgres while the series is withdrawn', async () => {
    await warmBatch(installation, batch);
    await until('it is healthy', isHealthy);
    toPostgres.cut();
    expect(await faultsFor(candidates.slice(0, 5))).toEqual([]);
    await withdrawSeries(installation, SERIES.id);
    // Acknowledged: Redis has the epoch. From here on not one answer.
    for (const candidate of candidates.slice(0, 50)) expect(await ask(candidate)).toMatchObject(UNAVAILABLE);
    toPostgres.mend();
    await until('it knows of the withdrawal', async () => (await ask(first)).status === 403);
  });

  it('stops serving 10 s after its last poll when Redis does not know the epoch either', async () => {
    const next = await loadBatch(installation, SERIES, candidates);
    await warmBatch(installation, next);
    await approveBatch(installation, next);
    await publishBatch(installation, next);
    await until('it is healthy', isHealthy);
    toPostgres.cut();
    await withRedis(redis.url, (client) => client.del(EPOCH_KEY));
    await withdrawSeries({ loaderUrl: installation.loaderUrl, redisUrl: undefined }, SERIES.id);
    const servedAt: number[] = [];
    const others: Answer[] = [];
    for (let ageBefore = 0; ageBefore < 11.5; ageBefore = await pollAge()) {
      const answer = await ask(first);
      if (answer.status === 200) servedAt.push(ageBefore);
      else others.push(answer);
    }
    for (const answer of others) expect(answer).toMatchObject(UNAVAILABLE);
    expect(Math.max(...servedAt)).toBeGreaterThan(5);
    expect(Math.max(...servedAt)).toBeLessThan(10);
    toPostgres.mend();
    await until('it knows of the withdrawal', async () => (await ask(first)).status === 403);
  });

  it('answers from Postgres when it alone is cut off from Redis', async () => {
    batch = await openBatch(installation, SERIES, candidates);
    await until('it is healthy', isHealthy);
    toRedis.cut();
    expect(await faultsFor(candidates.slice(0, 20))).toEqual([]);
    toRedis.mend();
    await until('Redis is used again', hitsGrow([first]));
  });

  it('hangs for nobody while both stores hang', async () => {
    await until('it is healthy', isHealthy);
    toPostgres.stall();
    toRedis.stall();
    const answers = await Promise.all(candidates.slice(0, 60).map(ask));
    for (const answer of answers) expect(answer).toMatchObject(UNAVAILABLE);
    expect((await wrong()).status).toBe(404);
    toPostgres.mend();
    toRedis.mend();
    await until('it is healthy again', isHealthy);
    expect(await faultsFor(candidates.slice(0, 20))).toEqual([]);
  });

  it('stops with exit code 0 after all of this', async () => {
    expect(await service.stop()).toBe(0);
  });
});
