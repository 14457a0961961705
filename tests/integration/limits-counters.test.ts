/**
 * The counters over a real Redis, by several instances at once.
 */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, runManyOn } from '#lookup/limits/command-line.ts';
import { createLimiter } from '#lookup/limits/limiter.ts';
import { DEFAULT_LIMITS } from '#lookup/limits/settings.ts';
import type { Verdict, WrongAttempt } from '#lookup/limits/shared-counters.ts';
import { SharedCounters } from '#lookup/limits/shared-counters.ts';
import type { Visitor } from '#lookup/limits/visitor.ts';
import type { Logger, LookupObserver } from '#lookup/observer.ts';
import type { RedisClient } from '#lookup/redis-client.ts';
import { connectRedis } from '#lookup/redis-client.ts';
import { computeDigest, makePepper } from '#results/digest.ts';
import { DAY_SECONDS, WINDOW_SECONDS, makeCounterNamer } from '#results/limit-keys.ts';
import { withRedis } from '../helpers/batch.ts';
import type { TestRedisDatabase } from '../helpers/stores.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const quiet = (): void => {};
const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const NOW = Date.now();

const pepper = makePepper(randomBytes(32));
const numbers = makeCounterNamer(pepper, 'zj', 'candidateNumber', 1_000_000);
const identities = makeCounterNamer(pepper, 'zj', 'identityNumber', 1_000_000);

/** A client and a patience that outlast a busy machine: what is tested is the counting. */
const patientClient = (url: string): Redis => new Redis(url);
const countersOver = (client: RedisClient): SharedCounters =>
  new SharedCounters(new CommandLine(runManyOn(client), 20_000), DEFAULT_LIMITS);

/** One wrong attempt, with a proof of work unless it is said otherwise. */
const attempt = (number: string, identity: string, more: Partial<WrongAttempt> = {}): WrongAttempt => ({
  counters: [numbers(number), identities(identity)],
  network: 1,
  hasProof: true,
  nowMs: NOW,
  ...more,
});

describe('wrong attempts', () => {
  let database: TestRedisDatabase;
  const clients: RedisClient[] = [];
  let instances: SharedCounters[];

  beforeAll(async () => {
    database = await redisDatabase();
    for (let i = 0; i < 3; i += 1) clients.push(patientClient(database.url));
    await until('they are connected', () => clients.every(({ status }) => status === 'ready'));
    instances = clients.map(countersOver);
  });
  beforeEach(() => database.flush());
  afterAll(() => {
    for (const client of clients) client.disconnect();
  });

  const raise = async (one: WrongAttempt, instance = 0): Promise<Verdict | 'away'> => {
    const counted = await instances[instance]?.raise(one);
    if (counted === undefined) throw new Error('no such instance');
    return counted.verdict;
  };
  const kinds = (verdicts: readonly (Verdict | 'away')[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const one of verdicts) {
      const kind = one === 'away' ? one : one.kind;
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    return counts;
  };
  const pass = async (one: WrongAttempt): Promise<void> => {
    await withRedis(database.url, (redis) => redis.del(...one.counters.map(({ window }) => window)));
  };

  it.each([
    ['one candidate number with 500 identity numbers', (i: number) => attempt('1', `i${i}`)],
    ['one identity number with 500 candidate numbers', (i: number) => attempt(`n${i}`, '1')],
  ])('in parallel over three instances at %s get 5 verdicts', async (_title, one) => {
    const verdicts = await Promise.all(Array.from({ length: 500 }, (_, i) => raise(one(i), i % 3)));
    expect(kinds(verdicts)).toEqual({ allowed: 5, limited: 495 });
  });

  it('in parallel without a proof of work get 3 verdicts', async () => {
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, (_, i) => raise(attempt('1', `i${i}`, { hasProof: false }), i % 3)),
    );
    expect(kinds(verdicts)).toMatchObject({ allowed: 3 });
  });

  it('one after the other get 3 without and 2 more with a proof of work, and then have to wait', async () => {
    const seen: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const verdict = await raise(attempt('1', `i${i}`, { hasProof: false }));
      seen.push(verdict === 'away' ? verdict : verdict.kind);
    }
    for (let i = 5; i < 9; i += 1) {
      const verdict = await raise(attempt('1', `i${i}`));
      seen.push(verdict === 'away' ? verdict : verdict.kind);
    }
    expect(seen).toEqual([
      ...['allowed', 'allowed', 'allowed', 'proofRequired', 'proofRequired'],
      ...['allowed', 'allowed', 'limited', 'limited'],
    ]);
    expect(await raise(attempt('1', 'x'))).toEqual({
      kind: 'limited',
      untilMs: Math.floor((NOW + WINDOW_SECONDS * 1000) / 1000) * 1000,
    });
  });

  it('that are refused lengthen no wait and use up no day', async () => {
    for (let i = 0; i < 60; i += 1) await raise(attempt('1', `i${i}`));
    const [window, day] = [numbers('1').window, numbers('1').day];
    await withRedis(database.url, async (redis) => {
      expect(Number(await redis.get(window)) % 1_000_000).toBe(5);
      expect(Number(await redis.get(day)) % 1_000_000).toBe(5);
      await redis.expire(window, 100);
      await raise(attempt('1', 'more'));
      expect(await redis.ttl(window)).toBeLessThanOrEqual(100);
    });
    await pass(attempt('1', ''));
    expect(await raise(attempt('1', 'later'))).toMatchObject({ kind: 'allowed' });
  });

  it('in parallel in each window of a day get 20 verdicts a day', async () => {
    let allowed = 0;
    for (let window = 0; window < 6; window += 1) {
      const verdicts = await Promise.all(
        Array.from({ length: 50 }, (_, i) => raise(attempt('1', `w${window}i${i}`), i % 3)),
      );
      allowed += kinds(verdicts)['allowed'] ?? 0;
      if (window < 3) await pass(attempt('1', ''));
    }
    expect(allowed).toBe(20);
    // Four windows were full: the next is open only when the day is over.
    const verdict = await raise(attempt('1', 'x'));
    expect(verdict).toMatchObject({ kind: 'limited' });
    expect(verdict !== 'away' && verdict.kind === 'limited' && verdict.untilMs - NOW).toBeGreaterThan(
      86_000_000,
    );
    await withRedis(database.url, async (redis) => {
      const left = await redis.ttl(numbers('1').window);
      expect(left).toBeGreaterThan(86_000);
      expect(left).toBeLessThanOrEqual(DAY_SECONDS);
    });
  });

  it('of which the day has used up 18 get 2 more in a window', async () => {
    await withRedis(database.url, async (redis) => {
      const end = Math.ceil(NOW / 1000) + 5000;
      await redis.set(numbers('1').day, String(end * 1_000_000 + 18), 'EX', 5000);
    });
    const verdicts = await Promise.all(
      Array.from({ length: 30 }, (_, i) => raise(attempt('1', `i${i}`), i % 3)),
    );
    expect(kinds(verdicts)).toEqual({ allowed: 2, limited: 28 });
  });

  it('have counters that always end, also when one ended between two of our commands', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => raise(attempt('1', `i${i % 4}`), i % 3)));
    await withRedis(database.url, async (redis) => {
      for (const key of await redis.keysBuffer('*')) expect(await redis.ttl(key)).toBeGreaterThan(0);
      // As when it was raised in the moment after its end: without an expiry.
      await redis.set(numbers('2').window, '1');
      expect(await raise(attempt('2', 'x'))).toMatchObject({ kind: 'allowed' });
      await until('it has one', async () => (await redis.ttl(numbers('2').window)) > 0);
    });
  });

  it('from a network beyond its limit need a proof of work, at any counter', async () => {
    for (let i = 0; i < DEFAULT_LIMITS.freePerNetwork; i += 1)
      expect(await raise(attempt(`n${i}`, `i${i}`, { hasProof: false, network: 77 << 12 }))).toMatchObject({
        kind: 'allowed',
      });
    const more = attempt('other', 'other', { hasProof: false, network: 77 << 12 });
    await until('all have been counted', async () => {
      const key = await withRedis(database.url, (redis) => redis.get('n\0\0M'));
      return Number(key) % 1_000_000 === DEFAULT_LIMITS.freePerNetwork;
    });
    expect(await raise(more, 1)).toMatchObject({ kind: 'proofRequired' });
    expect(await raise({ ...more, hasProof: true }, 1)).toMatchObject({ kind: 'allowed' });
    expect(await raise({ ...more, network: 78 << 12 }, 1)).toMatchObject({ kind: 'allowed' });
  });

  it('bring the epoch along', async () => {
    await withRedis(database.url, (redis) => redis.set('epoch', '41'));
    expect((await instances[0]?.raise(attempt('1', '2')))?.epoch).toBe(41);
  });

  it('leave names that tell nothing, and never more than there are counters', async () => {
    const few = makeCounterNamer(pepper, 'zj', 'candidateNumber', 1);
    const canaries = Array.from({ length: 200 }, (_, i) => `26330101${String(i).padStart(6, '0')}`);
    await Promise.all(canaries.map((canary, i) => raise(attempt(canary, `33010620080101${1000 + i}`))));
    await withRedis(database.url, async (redis) => {
      const dump = Buffer.concat(
        await Promise.all(
          (await redis.keysBuffer('*')).flatMap(async (key) => [
            key,
            (await redis.getBuffer(key)) ?? Buffer.alloc(0),
          ]),
        ).then((pairs) => pairs.flat()),
      );
      for (const canary of canaries)
        for (const form of [canary, canary.slice(-6), Buffer.from(canary).toString('base64')])
          expect(dump.includes(form) && form.length > 6).toBe(false);
      await redis.flushdb();
    });
    const names = new Set<string>();
    for (let i = 0; i < 400_000; i += 1) names.add(few(`x${i}`).window.toString('latin1'));
    expect(names.size).toBeLessThanOrEqual(65_536);
    expect(names.size).toBeGreaterThan(65_000);
  });

  it('while Redis is away are one per counter and process, and need a proof of work', async () => {
    const gone = connectRedis({ kind: 'single', url: 'redis://127.0.0.1:1/0' }, 'gone', log);
    const observer: LookupObserver = {
      lookup: quiet,
      redis: quiet,
      postgres: quiet,
      filter: quiet,
      poll: quiet,
      heal: quiet,
      limit: quiet,
    };
    const limiter = createLimiter(
      DEFAULT_LIMITS,
      new SharedCounters(new CommandLine(runManyOn(gone)), DEFAULT_LIMITS),
      observer,
    );
    const visitor: Visitor = {
      network: 5,
      bringsProof: true,
      hasSucceeded: () => false,
      provenWork: () => Promise.resolve(99),
    };
    const wrong = (identity: string, hasProof: boolean): ReturnType<typeof limiter.countWrong> =>
      limiter.countWrong({
        visitor,
        digest: computeDigest(pepper, 'zj', 'set', ['1', identity]),
        counters: [numbers('1'), identities(identity)],
        nowMs: NOW,
        hasProof,
      });
    expect((await wrong('a', false)).verdict).toMatchObject({ kind: 'proofRequired' });
    expect((await wrong('a', true)).verdict).toMatchObject({ kind: 'allowed' });
    const others = await Promise.all(Array.from({ length: 50 }, (_, i) => wrong(`other${i}`, true)));
    expect(kinds(others.map(({ verdict }) => verdict))).toEqual({ limited: 50 });
    // A proof is taken once all the same.
    expect(await limiter.hasProof(visitor, 'zj')).toBe(true);
    expect(await limiter.hasProof(visitor, 'zj')).toBe(false);
    gone.disconnect();
  });
});

describe('a proof of work', () => {
  it('is taken once, by whichever instance comes first', async () => {
    const database = await redisDatabase();
    const clients = [patientClient(database.url), patientClient(database.url)];
    await until('they are connected', () => clients.every(({ status }) => status === 'ready'));
    const instances = clients.map(countersOver);
    const taken = await Promise.all(Array.from({ length: 40 }, (_, i) => instances[i % 2]?.spendProof(1234)));
    expect(taken.filter((one) => one === true)).toHaveLength(1);
    expect(await instances[0]?.spendProof(1235)).toBe(true);
    for (const client of clients) client.disconnect();
  });
});
