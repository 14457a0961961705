/**
 * The counters over a real Redis, by several instances at once.
 */
import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Question } from '#lookup/limits/command-line.ts';
import { CommandLine } from '#lookup/limits/command-line.ts';
import { closedUntil, formatCounter, parseCounter } from '#lookup/limits/counter-value.ts';
import type { Tried } from '#lookup/limits/limiter.ts';
import { createLimiter } from '#lookup/limits/limiter.ts';
import { DEFAULT_LIMITS, WINDOW_MS } from '#lookup/limits/settings.ts';
import type { WrongAttempt } from '#lookup/limits/shared-counters.ts';
import { SharedCounters } from '#lookup/limits/shared-counters.ts';
import type { Verdict } from '#lookup/limits/verdict.ts';
import type { Visitor } from '#lookup/limits/visitor.ts';
import type { Logger, LookupObserver } from '#lookup/observer.ts';
import type { RedisClient } from '#lookup/redis-client.ts';
import { connectRedis } from '#lookup/redis-client.ts';
import { computeDigest, makePepper } from '#results/digest.ts';
import {
  dayEndsMs,
  dayOf,
  dayTable,
  makeSetCounters,
  networkField,
  networkPeriodOf,
  networkTable,
  periodOf,
  periodTable,
  LimitCounter,
} from '#results/limit-keys.ts';
import { presetDefinition, withRedis } from '../helpers/batch.ts';
import type { TestRedisDatabase } from '../helpers/stores.ts';
import { redisDatabase, startOwnRedis } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const quiet = (): void => {};
const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const observer: LookupObserver = {
  lookup: quiet,
  redis: quiet,
  postgres: quiet,
  filter: quiet,
  poll: quiet,
  heal: quiet,
  limit: quiet,
};
/** Noon in China: the day does not end while the test moves the clock. */
const NOON = (dayOf(Date.now()) + 0.5) * 86_400_000 - 8 * 3_600_000;
const MINUTE = 60_000;
/** By then all is done that the counters do a second later. */
const A_SECOND_LATER_MS = 1_500;

const pepper = makePepper(randomBytes(32));
const gaokao = presetDefinition('gaokao', 'zj');
const [set] = gaokao.credentialSets;
if (set === undefined) throw new Error('no set');
const countersOf = makeSetCounters(pepper, gaokao, set);

/** A client and a patience that outlast a busy machine: what is tested is the counting. */
const patientClient = (url: string): Redis => new Redis(url);
const countersOver = (client: RedisClient): SharedCounters =>
  new SharedCounters(new CommandLine(client, 20_000), DEFAULT_LIMITS);

/** Each test has credentials of its own: what is done a second later must not meet another test's. */
let own = '';

/** One wrong attempt, with a proof of work unless it is said otherwise. */
const attempt = (number: string, identity: string, more: Partial<WrongAttempt> = {}): WrongAttempt => ({
  counters: countersOf([own + number, own + identity]),
  network: 1,
  hasProof: true,
  nowMs: NOON,
  ...more,
});
const counterOf = (number: string): LimitCounter => {
  const [counter] = countersOf([own + number, '']);
  if (counter === undefined) throw new Error('no counter');
  return counter;
};
const kindOf = (verdict: Verdict | 'away'): string => (verdict === 'away' ? verdict : verdict.kind);
const kinds = (verdicts: readonly (Verdict | 'away')[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const one of verdicts) counts[kindOf(one)] = (counts[kindOf(one)] ?? 0) + 1;
  return counts;
};

describe('wrong attempts', () => {
  let database: TestRedisDatabase;
  const clients: Redis[] = [];
  let instances: SharedCounters[];

  beforeAll(async () => {
    database = await redisDatabase();
    for (let i = 0; i < 3; i += 1) clients.push(patientClient(database.url));
    await until('they are connected', () => clients.every(({ status }) => status === 'ready'));
    instances = clients.map(countersOver);
  });
  beforeEach(async () => {
    own = randomBytes(6).toString('hex');
    await database.flush();
  });
  afterAll(() => {
    for (const client of clients) client.disconnect();
  });

  const raise = async (one: WrongAttempt, instance = 0): Promise<Verdict | 'away'> => {
    const counted = await instances[instance]?.raise(one);
    if (counted === undefined) throw new Error('no such instance');
    return counted.verdict;
  };
  const redis = <T>(use: (client: Redis) => Promise<T>): Promise<T> => withRedis(database.url, use);
  const fieldOf = (table: string, { field }: LimitCounter): Promise<number> =>
    redis(async (client) => Number((await client.bitfield_ro(table, 'GET', 'u16', `#${field}`))[0]));
  /** What right credentials would find. */
  const markerOf = (number: string): Promise<ReturnType<typeof parseCounter>> =>
    redis(async (client) => parseCounter(await client.get(counterOf(number).marker)));
  /** As when so much time has passed: markers end by themselves. */
  const passTime = (...numbers: string[]): Promise<unknown> =>
    redis((client) => client.del(numbers.map((number) => counterOf(number).marker)));
  const isCleared = (number: string): Promise<void> =>
    until(
      'what was counted is cleared',
      async () => (await fieldOf(periodTable(periodOf(NOON)).key, counterOf(number))) === 0,
    );

  it('do not open a closed counter when word of an earlier one comes late', async () => {
    const [client] = clients;
    if (client === undefined) throw new Error('no client');
    const { promise: isClosed, resolve: letGo } = Promise.withResolvers<void>();
    class LateMarkers extends CommandLine {
      override async ask<T>(question: Question<T>): Promise<T> {
        let isMarker = false;
        question.write({
          addField: quiet,
          addGet: quiet,
          addSet: () => {
            isMarker = true;
          },
        });
        if (isMarker) await isClosed;
        return super.ask(question);
      }
    }
    const late = new SharedCounters(new LateMarkers(client, 60_000), DEFAULT_LIMITS);
    for (let i = 0; i < 2; i += 1) await raise(attempt('1', `i${i}`), 1);
    const third = late.raise(attempt('1', 'i2'));
    await until(
      'the third is counted',
      async () => (await fieldOf(periodTable(periodOf(NOON)).key, counterOf('1'))) === 3,
    );
    for (let i = 3; i < 5; i += 1)
      expect(kindOf(await raise(attempt('1', `i${i}`, { hasProof: true }), 1))).toBe('allowed');
    letGo();
    expect(kindOf((await third).verdict)).toBe('allowed');
    await isCleared('1');
    expect(kindOf(await raise(attempt('1', 'i5', { hasProof: true }), 2))).toBe('limited');
  });

  it.each([
    ['one candidate number with 500 identity numbers', (i: number) => attempt('1', `i${i}`)],
    ['one identity number with 500 candidate numbers', (i: number) => attempt(`n${i}`, '1')],
  ])('in parallel over three instances at %s get 5 verdicts', async (_title, one) => {
    const verdicts = await Promise.all(Array.from({ length: 500 }, (_, i) => raise(one(i), i % 3)));
    expect(kinds(verdicts)).toEqual({ allowed: 5, limited: 495 });
    // What was counted is cleared a second later: not one more for that.
    const later = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        await new Promise((resolve) => {
          setTimeout(resolve, i * 50);
        });
        return raise(one(1000 + i), i % 3);
      }),
    );
    expect(kinds(later)).toEqual({ limited: 60 });
  });

  it('in parallel without a proof of work get 3 verdicts, and the others are not counted', async () => {
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, (_, i) => raise(attempt('1', `i${i}`, { hasProof: false }), i % 3)),
    );
    expect(kinds(verdicts)).toEqual({ allowed: 3, proofRequired: 197 });
    // Nor do they close it: that takes proofs of work.
    expect((await markerOf('1'))?.count).toBeLessThan(5);
    const table = periodTable(periodOf(NOON)).key;
    await until('they are taken back', async () => (await fieldOf(table, counterOf('1'))) === 3);
    const networks = networkTable(networkPeriodOf(NOON)).key;
    await until(
      'from the network, too',
      async () => (await fieldOf(networks, new LimitCounter(networkField(1)))) === 3,
    );
  });

  it('on both sides of the end of a quarter of an hour close a counter, and are cleared on both', async () => {
    const period = periodOf(NOON);
    const before = NOON - 1;
    for (let i = 0; i < 3; i += 1) await raise(attempt('1', `i${i}`, { nowMs: before }));
    for (let i = 3; i < 5; i += 1) expect(kindOf(await raise(attempt('1', `i${i}`)))).toBe('allowed');
    expect(kindOf(await raise(attempt('1', 'x')))).toBe('limited');
    for (const one of [period, period - 1])
      await until(
        'what was counted is cleared',
        async () => (await fieldOf(periodTable(one).key, counterOf('1'))) === 0,
      );
  });

  it('one after the other get 3 without and 2 more with a proof of work, and then have to wait', async () => {
    const seen: string[] = [];
    for (let i = 0; i < 5; i += 1) seen.push(kindOf(await raise(attempt('1', `i${i}`, { hasProof: false }))));
    for (let i = 5; i < 9; i += 1) seen.push(kindOf(await raise(attempt('1', `i${i}`))));
    expect(seen).toEqual([
      ...['allowed', 'allowed', 'allowed', 'proofRequired', 'proofRequired'],
      ...['allowed', 'allowed', 'limited', 'limited'],
    ]);
    expect(await raise(attempt('1', 'x'))).toEqual({ kind: 'limited', untilMs: NOON + WINDOW_MS });
  });

  it('are told to right credentials, too, before they are answered', async () => {
    for (let i = 1; i <= 5; i += 1) {
      expect(await raise(attempt('1', `i${i}`))).toMatchObject({ kind: 'allowed' });
      const marker = await markerOf('1');
      if (i < 3) expect(marker).toEqual({ count: 0, endsAtMs: 0 });
      else if (i < 5) expect(marker).toMatchObject({ count: 3 });
      else expect(marker).toEqual(closedUntil(NOON + WINDOW_MS));
    }
    await redis(async (client) => {
      const left = await client.ttl(counterOf('1').marker);
      expect(left).toBeGreaterThan(890);
      expect(left).toBeLessThanOrEqual(900);
    });
  });

  it('that Redis takes after their time are taken back when they were refused meanwhile, and stay when not', async () => {
    const slow = await startOwnRedis();
    const [client, other] = [patientClient(slow.url), patientClient(slow.url)];
    try {
      await until('they are connected', () => [client, other].every(({ status }) => status === 'ready'));
      const shared = new SharedCounters(new CommandLine(client, 50), DEFAULT_LIMITS);
      await other.call('CLIENT', 'PAUSE', '400', 'ALL');
      const [refused, kept] = await Promise.all([
        shared.raise(attempt('1', 'a')),
        shared.raise(attempt('2', 'b')),
      ]);
      expect([refused.verdict, kept.verdict]).toEqual(['away', 'away']);
      refused.refused?.();
      const counted = (number: string): Promise<unknown> =>
        other.call(
          'BITFIELD_RO',
          periodTable(periodOf(NOON)).key,
          'GET',
          'u16',
          `#${counterOf(number).field}`,
        );
      await until('both were taken', async () => String(await counted('2')) === '1');
      await until('one is taken back', async () => String(await counted('1')) === '0');
      expect(String(await counted('2'))).toBe('1');
    } finally {
      client.disconnect();
      other.disconnect();
      await slow.discard();
    }
  });

  it('are seen by right credentials that have company as Redis has them at that instant, and nothing is counted', async () => {
    const [shared] = instances;
    if (shared === undefined) throw new Error('no instance');
    const right = { ...attempt('1', 'right'), hasProof: false };
    const wrong = (i: number): WrongAttempt => ({ ...attempt('1', `w${i}`), hasProof: false });
    const looks = [shared.look(right)];
    const raises = [];
    for (let i = 0; i < 10; i += 1) {
      raises.push(shared.raise(wrong(i)));
      looks.push(shared.look(right));
    }
    const looked = (await Promise.all(looks)).map(({ verdict }) => verdict);
    const allowed = [undefined, undefined, undefined];
    expect(looked.slice(0, 3)).toEqual(allowed);
    for (const verdict of looked.slice(3)) expect(verdict).toMatchObject({ kind: 'proofRequired' });
    expect(kinds((await Promise.all(raises)).map(({ verdict }) => verdict))).toEqual({
      allowed: 3,
      proofRequired: 7,
    });
  });

  it('that are refused lengthen no wait and use up no day, and after the wait there are five more', async () => {
    for (let i = 0; i < 60; i += 1) await raise(attempt('1', `i${i}`));
    await isCleared('1');
    await until(
      'five are counted of the day',
      async () => (await fieldOf(dayTable(dayOf(NOON)).key, counterOf('1'))) === 5,
    );
    await passTime('1');
    const later: (Verdict | 'away')[] = [];
    for (let i = 0; i < 8; i += 1)
      later.push(await raise(attempt('1', `j${i}`, { nowMs: NOON + WINDOW_MS })));
    expect(kinds(later)).toEqual({ allowed: 5, limited: 3 });
  });

  it('are 5 in any 15 minutes, however they are spread', async () => {
    const allowedAt: number[] = [];
    const closedUntilMs = { value: 0 };
    for (let minute = 0; minute < 90; minute += 1) {
      const nowMs = NOON + minute * MINUTE;
      // The marker's own expiry, by this test's clock.
      if (closedUntilMs.value !== 0 && nowMs >= closedUntilMs.value) {
        await isCleared('1');
        await passTime('1');
        closedUntilMs.value = 0;
      }
      if (minute % 3 === 2) continue;
      const verdict = await raise(attempt('1', `m${minute}`, { nowMs }));
      if (verdict !== 'away' && verdict.kind === 'allowed') allowedAt.push(minute);
      const marker = await markerOf('1');
      if (marker !== undefined && marker.count >= 5) closedUntilMs.value = marker.endsAtMs;
      expect(allowedAt.filter((at) => at > minute - 15).length).toBeLessThanOrEqual(5);
    }
    expect(allowedAt.length).toBeGreaterThan(15);
  });

  it('in parallel over a day get 20 verdicts, and then the day has to end', async () => {
    let allowed = 0;
    for (let round = 0; round < 6; round += 1) {
      const nowMs = NOON + round * 40 * MINUTE;
      const verdicts = await Promise.all(
        Array.from({ length: 50 }, (_, i) => raise(attempt('1', `r${round}i${i}`, { nowMs }), i % 3)),
      );
      allowed += kinds(verdicts)['allowed'] ?? 0;
      if (round < 3) await passTime('1');
    }
    expect(allowed).toBe(20);
    const dayEnds = dayEndsMs(dayOf(NOON));
    await until('the day is marked', async () => (await markerOf('1'))?.endsAtMs === dayEnds);
    // Also when the marker was lost, and nothing is still to be done that would set it.
    await sleep(A_SECOND_LATER_MS);
    await passTime('1');
    const late = attempt('1', 'x', { nowMs: NOON + 300 * MINUTE });
    expect(await raise(late)).toEqual({ kind: 'limited', untilMs: late.nowMs + WINDOW_MS });
    expect((await markerOf('1'))?.endsAtMs).toBe(late.nowMs + WINDOW_MS);
    await until('the day is marked again', async () => (await markerOf('1'))?.endsAtMs === dayEnds);
    await sleep(A_SECOND_LATER_MS);
    await passTime('1');
    expect(await raise(attempt('1', 'x', { nowMs: dayEnds }))).toMatchObject({ kind: 'allowed' });
  });

  it('of others that the day still counts, and that are taken back, close a counter for 15 minutes and not for the day', async () => {
    const { key } = dayTable(dayOf(NOON));
    const setDay = (count: number): Promise<unknown> =>
      redis((client) => client.bitfield(key, 'SET', 'u16', `#${counterOf('1').field}`, count));
    await setDay(300);
    const without = attempt('1', 'a', { hasProof: false });
    expect(await raise(without)).toMatchObject({ kind: 'proofRequired' });
    // For right credentials, too; and nobody closes a counter without proofs of work.
    expect((await markerOf('1'))?.count).toBe(DEFAULT_LIMITS.freeBeforeProof);
    expect(await raise(attempt('1', 'b'))).toEqual({ kind: 'limited', untilMs: NOON + WINDOW_MS });
    expect((await markerOf('1'))?.endsAtMs).toBe(NOON + WINDOW_MS);
    await setDay(4);
    await sleep(1_500);
    expect((await markerOf('1'))?.endsAtMs).toBe(NOON + WINDOW_MS);
  });

  it.each([16, 17, 18, 19])('of which the day has used up %i get the rest, at once or not', async (used) => {
    const { key } = dayTable(dayOf(NOON));
    await redis((client) => client.bitfield(key, 'SET', 'u16', `#${counterOf('1').field}`, used));
    const verdicts = await Promise.all(
      Array.from({ length: 30 }, (_, i) => raise(attempt('1', `i${i}`), i % 3)),
    );
    expect(kinds(verdicts)).toEqual({ allowed: 20 - used, limited: 10 + used });
  });

  it.each([
    ['closed', 5, true, (count: number) => count > 5],
    ['closed, also when they were far too many', 400, true, (count: number) => count > 5],
    ['in need of a proof of work', 3, false, (count: number) => count === 3 || count === 4],
  ])(
    'over which an instance died, or gave up, leave the counter %s for right credentials, too, before the next is answered',
    async (_title, raised, hasProof, isMarked) => {
      const { key } = periodTable(periodOf(NOON));
      await redis((client) => client.bitfield(key, 'SET', 'u16', `#${counterOf('1').field}`, raised));
      const verdicts = await Promise.all(
        Array.from({ length: 40 }, (_, i) => raise(attempt('1', `i${i}`, { hasProof }), i % 3)),
      );
      expect(kinds(verdicts)).toEqual({ [hasProof ? 'limited' : 'proofRequired']: 40 });
      expect(isMarked((await markerOf('1'))?.count ?? 0)).toBe(true);
    },
  );

  it('from a network beyond its limit need a proof of work, at any counter', async () => {
    const network = 77 << 12;
    for (let i = 0; i < DEFAULT_LIMITS.freePerNetwork; i += 1)
      expect(await raise(attempt(`n${i}`, `i${i}`, { hasProof: false, network }), i % 3)).toMatchObject({
        kind: 'allowed',
      });
    const more = attempt('other', 'other', { hasProof: false, network });
    expect(await raise(more, 1)).toMatchObject({ kind: 'proofRequired' });
    expect(await raise({ ...more, hasProof: true }, 1)).toMatchObject({ kind: 'allowed' });
    expect(await raise({ ...more, network: 78 << 12 }, 1)).toMatchObject({ kind: 'allowed' });
  });

  it('bring the epoch along, in one command for each table and one for all keys', async () => {
    await redis((client) => client.set('epoch', '41'));
    // The tables' expiry is set now and then.
    await raise(attempt('0', '0'));
    const seen: string[] = [];
    await redis(async (client) => {
      const monitor = await client.monitor();
      const ownId = (await clients[0]?.client('ID'))?.toString() ?? '';
      const list = (await client.call('CLIENT', 'LIST')) as string;
      const address = new RegExp(`^id=${ownId} addr=(\\S+)`, 'm').exec(list)?.[1];
      monitor.on('monitor', (_time: string, args: string[], source: string) => {
        if (source === address) seen.push(args[0] ?? '');
      });
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, i) => instances[0]?.raise(attempt(`n${i}`, `i${i}`))),
      );
      expect(new Set(all.map((one) => one?.epoch))).toEqual(new Set([41]));
      await until('the monitor has seen it', () => seen.includes('mget'));
      monitor.disconnect();
    });
    const first = seen.slice(0, seen.indexOf('mget') + 1);
    // Of the networks, this quarter of an hour, the day; the quarter before.
    expect(first.sort()).toEqual(['bitfield', 'bitfield', 'bitfield', 'bitfield_ro', 'mget']);
  });

  it('leave nothing that names anybody, however many they are, and all of it ends by itself', async () => {
    // What earlier tests have left to be done a second later; and instances that set expiries anew.
    await sleep(A_SECOND_LATER_MS);
    await database.flush();
    instances = clients.map(countersOver);
    const canaries = Array.from({ length: 3_000 }, (_, i) => `26330101${String(i).padStart(6, '0')}`);
    await Promise.all(
      canaries.map((canary, i) => raise(attempt(canary, `33010620080101${1000 + i}`, { network: i << 12 }))),
    );
    for (let i = 0; i < 6; i += 1) await raise(attempt('1', `i${i}`));
    await redis(async (client) => {
      const keys = await client.keysBuffer('*');
      const names = keys.map(String).sort();
      expect(names.filter((name) => /^[wdn]:\d+$/.test(name))).toHaveLength(3);
      expect(names.filter((name) => name.startsWith('c:')).length).toBeLessThanOrEqual(3);
      for (const key of keys) {
        await until(`${key.toString('hex')} has an end`, async () => (await client.ttl(key)) > 0);
        // Two bytes for each counter.
        expect(await client.strlen(key)).toBeLessThanOrEqual(2 * 2 ** 22);
      }
    });
  });
});

describe('the limits', () => {
  const visitor: Visitor = {
    network: 5,
    bringsProof: true,
    hasSucceeded: () => false,
    provenWork: () => Promise.resolve(99),
  };
  const tried = (identity: string, hasProof: boolean): Tried => ({
    visitor,
    digest: computeDigest(pepper, 'zj', 'set', ['1', identity]),
    counters: countersOf(['1', identity]),
    nowMs: NOON,
    hasProof,
  });

  it('while Redis is away are one attempt per counter and process, with a proof of work', async () => {
    const gone = connectRedis({ kind: 'single', url: 'redis://127.0.0.1:1/0', isTls: false }, 'gone', log);
    const limiter = createLimiter(
      DEFAULT_LIMITS,
      new SharedCounters(new CommandLine(gone), DEFAULT_LIMITS),
      observer,
    );
    expect((await limiter.countWrong(tried('a', false))).verdict).toMatchObject({ kind: 'proofRequired' });
    expect((await limiter.countWrong(tried('a', true))).verdict).toMatchObject({ kind: 'allowed' });
    const others = await Promise.all(
      Array.from({ length: 50 }, (_, i) => limiter.countWrong(tried(`other${i}`, true))),
    );
    expect(kinds(others.map(({ verdict }) => verdict))).toEqual({ limited: 50 });
    // Right credentials are refused, too: the answer to them would be one more verdict.
    expect(limiter.before(tried('right', true), ['away', 'away'])).toMatchObject({ kind: 'limited' });
    // A proof is taken once all the same.
    expect(await limiter.hasProof(visitor, 'zj')).toBe(true);
    expect(await limiter.hasProof(visitor, 'zj')).toBe(false);
    gone.disconnect();
  });

  it('hold while Redis can be read and is full: what it cannot count is counted here, against right ones, too', async () => {
    const full = await startOwnRedis();
    const client = patientClient(full.url);
    const limiter = createLimiter(DEFAULT_LIMITS, countersOver(client), observer);
    try {
      await client.config('SET', 'maxmemory', '1');
      expect((await limiter.countWrong(tried('a', false))).verdict.kind).toBe('proofRequired');
      expect(limiter.before(tried('right', false), [null, null])).toMatchObject({ kind: 'proofRequired' });
      expect(limiter.before(tried('right', true), [null, null])).toBeUndefined();
      expect((await limiter.countWrong(tried('b', true))).verdict.kind).toBe('allowed');
      expect((await limiter.countWrong(tried('c', true))).verdict.kind).toBe('limited');
      expect(limiter.before(tried('right', true), [null, null])).toMatchObject({ kind: 'limited' });
      // As soon as it counts again, its markers alone decide.
      await client.config('SET', 'maxmemory', '0');
      expect((await limiter.countWrong(tried('d', true))).verdict.kind).toBe('allowed');
      expect(limiter.before(tried('right', true), [null, null])).toBeUndefined();
    } finally {
      client.disconnect();
      await full.discard();
    }
  });

  it('take something else than a number in a marker for Redis away, and close', async () => {
    const limiter = createLimiter(DEFAULT_LIMITS, undefined, observer);
    const [unproven, proven] = [tried('2', false), tried('2', true)];
    await limiter.countWrong(unproven);
    expect(limiter.before(unproven, [null, null])).toBeUndefined();
    expect(limiter.before(unproven, [Buffer.from('x'), null])).toMatchObject({ kind: 'proofRequired' });
    expect(limiter.before(proven, [Buffer.from('x'), null])).toBeUndefined();
    await limiter.countWrong(proven);
    expect(limiter.before(proven, [Buffer.from('x'), null])).toMatchObject({
      kind: 'limited',
    });
    const closed = Buffer.from(formatCounter(closedUntil(NOON + 1000)));
    expect(limiter.before(unproven, [null, closed])).toEqual({ kind: 'limited', untilMs: NOON + 1000 });
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
