/**
 * Guessing at a candidate, as an attacker and as the candidate live it: two instances, real stores, on both
 * runtimes. Addresses come from X-Forwarded-For behind a trusted proxy, except where it is said otherwise.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import type { Installation, TestCandidate } from '../helpers/batch.ts';
import {
  expectedMarks,
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
  withRedis,
} from '../helpers/batch.ts';
import { connectTo, request } from '../helpers/http1-client.ts';
import { EASY_PROOFS, challengeOf, encodeProof, lookupWithProof, solve } from '../helpers/proof-of-work.ts';
import type { Answer, RunningService } from '../helpers/service.ts';
import { RUNTIMES, lookupAt, startService } from '../helpers/service.ts';
import type { TestRedisDatabase } from '../helpers/stores.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const SERIES = presetDefinition('gaokao', 'zj-gaokao-2026');
const LATER = presetDefinition('gaokao', 'later-gaokao-2026');
const candidates = gaokaoCandidates(SERIES, 600);
const [victim, ...others] = candidates;
if (victim === undefined) throw new Error('no candidates');
/** Well-formed, and nobody's. Each test takes its own, since their counters are raised, too. */
const strangers = gaokaoCandidates(SERIES, 9_000, { from: 10_000 });

/** A candidate that no test has used, also when one is repeated: what was counted stays. */
let used = 0;
const freshCandidate = (): TestCandidate => {
  const one = others[used];
  used += 1;
  if (one === undefined) throw new Error('no candidate is left');
  return one;
};
/** Well-formed credentials that are wrong: one of a candidate's own, the other of a stranger that is new each time. */
let met = 0;
const stranger = (): TestCandidate => {
  met += 1;
  return strangers[met % strangers.length] ?? victim;
};
const guessAtNumber = (one: TestCandidate): Record<string, string> => ({
  ...fieldsOf(SERIES, one),
  identityNumber: stranger().credentials['identityNumber'] ?? '',
});
const guessAtIdentity = (one: TestCandidate): Record<string, string> => ({
  ...fieldsOf(SERIES, one),
  candidateNumber: stranger().credentials['candidateNumber'] ?? '',
});
const from = (i: number): Record<string, string> => ({
  'x-forwarded-for': `198.51.${i >> 8}.${i & 255}`,
});
const problem = (answer: Answer): string =>
  String(answer.json['type'] ?? answer.status).replace('urn:fangbang:problem:', '');
const count = (answers: readonly Answer[], name: string): number =>
  answers.filter((one) => problem(one) === name).length;

describe.each(RUNTIMES)('guessing at the service on %s', (runtime) => {
  let installation: Installation;
  let redis: TestRedisDatabase;
  let services: RunningService[];
  let slips: Buffer[];

  const url = (i: number): string => services[i % 2]?.url ?? '';
  const ask = (
    fields: Record<string, unknown>,
    headers: Record<string, string> = from(9999),
    i = 0,
  ): Promise<Answer> => lookupAt(url(i), SERIES.id, fields, headers);
  const prove = (
    fields: Record<string, unknown>,
    headers: Record<string, string> = from(9999),
    i = 0,
  ): Promise<Answer> => lookupWithProof(url(i), SERIES.id, fields, headers);
  /** Verdicts that an instance gave by itself since Redis did not answer in time: none on a machine with time. */
  const givenLocally = async (): Promise<number> => {
    const all = await Promise.all(
      services.map((one) => one.metric('fangbang_limits_total{outcome="allowedLocally"}')),
    );
    return all.reduce((sum, one) => sum + one, 0);
  };
  /** Guesses in parallel, each from an address of its own and with a proof of work when one is asked for. */
  const guessInParallel = (guess: () => Record<string, string>): Promise<Answer[]> =>
    Promise.all(Array.from({ length: 500 }, (_, i) => prove(guess(), from(i), i)));

  beforeAll(async () => {
    redis = await redisDatabase();
    installation = await makeInstallation(redis.url);
    await openBatch(installation, SERIES, candidates);
    await openBatch(installation, LATER, gaokaoCandidates(LATER, 5), 3_600_000);
    slips = await withRedis(redis.url, (client) => client.keysBuffer('*'));
    const start = (): Promise<RunningService> =>
      startService({
        runtime,
        databaseUrl: installation.serviceUrl,
        redisUrl: redis.url,
        pepperFile: installation.pepperFile,
        env: { ...EASY_PROOFS, TRUSTED_PROXIES: '127.0.0.0/8' },
      });
    services = await Promise.all([start(), start()]);
  });
  afterAll(async () => {
    await Promise.all((services ?? []).map((one) => one.stop()));
    await installation?.database.drop();
  });

  const counterNames = (): Promise<string[]> =>
    withRedis(redis.url, async (client) =>
      (await client.keysBuffer('*'))
        .filter((key) => !slips.some((slip) => slip.equals(key)))
        .map((key) => key.toString('latin1')),
    );

  it('counts nothing before T, nothing malformed, nothing of an unknown series, and no success', async () => {
    for (let i = 0; i < 10; i += 1) {
      const answer = await lookupAt(url(i), LATER.id, guessAtNumber(victim));
      expect(answer.status).toBe(403);
      expect((await lookupAt(url(i), 'no-such-series', guessAtNumber(victim))).status).toBe(404);
      const malformed = { ...fieldsOf(SERIES, victim), identityNumber: '110105194912310021' };
      expect((await ask(malformed)).status).toBe(400);
      expect((await ask(fieldsOf(SERIES, victim))).status).toBe(200);
    }
    expect(await counterNames()).toEqual([]);
  });

  it('with many identity numbers for one candidate number gets 5 verdicts from 500 addresses at once', async () => {
    const target = freshCandidate();
    const before = await givenLocally();
    const answers = await guessInParallel(() => guessAtNumber(target));
    const verdicts = count(answers, 'candidate-not-found') - ((await givenLocally()) - before);
    expect(verdicts).toBeLessThanOrEqual(5);
    // 503: a machine that is too busy for 500 at once.
    expect(answers.every(({ status }) => [404, 429, 503].includes(status))).toBe(true);
    // And a right guess after them is not given away either.
    for (let i = 0; i < 6; i += 1) await prove(guessAtNumber(target), from(30), i);
    expect(problem(await prove(fieldsOf(SERIES, target)))).toBe('too-many-attempts');
  });

  it('with many candidate numbers for one identity number gets 5 verdicts, too', async () => {
    const target = freshCandidate();
    const before = await givenLocally();
    const answers = await guessInParallel(() => guessAtIdentity(target));
    const verdicts = count(answers, 'candidate-not-found') - ((await givenLocally()) - before);
    expect(verdicts).toBeLessThanOrEqual(5);
    for (let i = 0; i < 6; i += 1) await prove(guessAtIdentity(target), from(31), i);
    expect(problem(await prove(fieldsOf(SERIES, target)))).toBe('too-many-attempts');
  });

  it('one after the other is 404 three times, then needs proofs of work, and waits 15 minutes at most', async () => {
    const target = freshCandidate();
    const seen: string[] = [];
    for (let i = 0; i < 4; i += 1) seen.push(problem(await ask(guessAtNumber(target), from(1), i)));
    for (let i = 4; i < 7; i += 1) seen.push(problem(await prove(guessAtNumber(target), from(1), i)));
    expect(seen).toEqual([
      ...['candidate-not-found', 'candidate-not-found', 'candidate-not-found', 'proof-of-work-required'],
      ...['candidate-not-found', 'candidate-not-found', 'too-many-attempts'],
    ]);
    const refused = await ask(fieldsOf(SERIES, target), from(2));
    expect(problem(refused)).toBe('too-many-attempts');
    expect(refused.retryAfterSeconds).toBeGreaterThan(600);
    expect(refused.retryAfterSeconds).toBeLessThanOrEqual(900);
    expect(refused.headers.get('cache-control')).toBe('no-store, private');
  });

  it('does not hold up a device that had the slip before, for that candidate alone', async () => {
    const [target, another] = [freshCandidate(), freshCandidate()];
    const first = await ask(fieldsOf(SERIES, target), from(3));
    const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    expect(first.headers.get('set-cookie')).toMatch(
      /^__Host-fangbang=.*; Secure; HttpOnly; SameSite=Strict$/,
    );
    for (let i = 0; i < 8; i += 1) await prove(guessAtNumber(target), from(4), i);
    for (let i = 0; i < 8; i += 1) await prove(guessAtIdentity(another), from(4), i);
    expect(problem(await prove(fieldsOf(SERIES, target), from(5)))).toBe('too-many-attempts');

    for (let i = 0; i < 4; i += 1) {
      const answer = await ask(fieldsOf(SERIES, target), { ...from(6), cookie }, i);
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject(expectedMarks(SERIES, target));
      // It is in the cookie already.
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expect(problem(await prove(fieldsOf(SERIES, another), { ...from(7), cookie }))).toBe('too-many-attempts');
    // Nor is the cookie worth anything for a guess.
    expect(problem(await prove(guessAtNumber(target), { ...from(8), cookie }))).toBe('too-many-attempts');
    expect(problem(await ask(fieldsOf(SERIES, target), { ...from(6), cookie: `${cookie}A` }))).toBe(
      'too-many-attempts',
    );
  });

  it('sets no cookie with a wrong answer', async () => {
    const target = freshCandidate();
    const wrong = await ask(guessAtNumber(target), from(10));
    expect(wrong.status).toBe(404);
    expect(wrong.headers.get('set-cookie')).toBeNull();
  });

  it('takes a proof of work once, for its series and network', async () => {
    const target = freshCandidate();
    for (let i = 0; i < 3; i += 1) await ask(guessAtNumber(target), from(11), i);
    const challenge = challengeOf(await ask(fieldsOf(SERIES, target), from(11)));
    const proof = solve(challenge);
    const send = (headers: Record<string, string>, i = 0): Promise<Answer> =>
      ask(fieldsOf(SERIES, target), headers, i);
    expect(problem(await send({ ...from(12), 'fangbang-proof': proof }))).toBe('proof-of-work-required');
    const broken = encodeProof({ ...challenge, number: 0, maxnumber: undefined });
    expect(problem(await send({ ...from(11), 'fangbang-proof': broken }))).toBe('proof-of-work-required');
    expect((await send({ ...from(11), 'fangbang-proof': proof }, 1)).status).toBe(200);
    for (const i of [0, 1])
      expect(problem(await send({ ...from(11), 'fangbang-proof': proof }, i))).toBe('proof-of-work-required');
  });

  it('at many candidates from one network needs a proof of work from the 31st on, and another does not', async () => {
    const seen: string[] = [];
    for (let i = 0; i < 34; i += 1) {
      // What the client itself wrote into the header is to the left of what the proxy saw.
      const headers = { 'x-forwarded-for': `10.1.2.${i}, 203.0.113.200` };
      seen.push(problem(await ask(guessAtNumber(freshCandidate()), headers, 0)));
    }
    expect(seen.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 'candidate-not-found'));
    expect(seen.slice(31)).toEqual(Array.from({ length: 3 }, () => 'proof-of-work-required'));
    // Right credentials, too: else the question would be the answer.
    const right = fieldsOf(SERIES, freshCandidate());
    expect(problem(await ask(right, { 'x-forwarded-for': '203.0.113.200' }))).toBe('proof-of-work-required');
    expect((await prove(right, { 'x-forwarded-for': '203.0.113.200' })).status).toBe(200);
    expect((await ask(right, { 'x-forwarded-for': '203.0.113.201' })).status).toBe(200);
  });

  it('the right ones among guesses of one instant are not answered', async () => {
    // At several places: sockets are not read strictly in the order in which they were written to.
    for (const place of [30, 40, 60, 80, 99]) {
      const one = freshCandidate();
      const clients = await Promise.all(
        Array.from({ length: 100 }, (_, i) => connectTo(Number(new URL(url(i)).port))),
      );
      const bodies = clients.map((_, i) =>
        JSON.stringify(i === place ? fieldsOf(SERIES, one) : guessAtNumber(one)),
      );
      const wholes = bodies.map((body, i) =>
        request(
          `POST /v1/series/${SERIES.id}/lookup`,
          [
            'Content-Type: application/json',
            `Content-Length: ${body.length}`,
            `X-Forwarded-For: ${from(i)['x-forwarded-for']}`,
          ],
          body,
        ),
      );
      for (const [i, client] of clients.entries()) client.send(wholes[i]?.slice(0, -1) ?? '');
      await sleep(200);
      for (const [i, client] of clients.entries()) client.send(wholes[i]?.slice(-1) ?? '');
      const answers = await Promise.all(clients.map((client) => client.answer()));
      for (const client of clients) client.destroy();
      const statuses = answers.map(({ status }) => status);
      expect(statuses[place]).toBe(429);
      expect(statuses.filter((status) => status === 404).length).toBeLessThanOrEqual(
        3 + (await givenLocally()),
      );
      expect(statuses.filter((status) => ![404, 429].includes(status))).toEqual([]);
    }
  });

  it('is forgiven by fangbang unlock, for the candidate that it names', async () => {
    const target = freshCandidate();
    for (let i = 0; i < 8; i += 1) await prove(guessAtNumber(target), from(20), i);
    expect(problem(await prove(fieldsOf(SERIES, target), from(21)))).toBe('too-many-attempts');
    const env = {
      DATABASE_URL: installation.loaderUrl,
      REDIS_URL: redis.url,
      FANGBANG_PEPPER_FILE: installation.pepperFile,
    };
    const wrong = Object.values(guessAtNumber(target)).join('\n');
    expect((await runCli(['unlock', SERIES.id, '--json'], { env, input: wrong })).exitCode).toBe(4);
    const input = Object.values(fieldsOf(SERIES, target)).join('\n');
    const result = await runCli(['unlock', SERIES.id, '--json'], { env, input });
    expect(result.exitCode).toBe(0);
    // Of the candidate number; nobody guessed at the identity number.
    expect(JSON.parse(result.stdout)).toMatchObject({ series: SERIES.id, attemptsToday: 5, markers: 1 });
    expect(result.stdout + result.stderr).not.toContain(target.credentials['identityNumber']);
    await until('both instances have noticed', async () => {
      const answers = await Promise.all([0, 1].map((i) => prove(fieldsOf(SERIES, target), from(22), i)));
      return answers.every(({ status }) => status === 200);
    });
  });

  it('leaves a few tables, markers and used proofs in Redis, and all of it ends by itself', async () => {
    const names = await counterNames();
    const tables = names.filter((name) => /^[wdn]:\d+$/.test(name));
    expect(tables.length).toBeGreaterThanOrEqual(3);
    for (const name of names) if (!tables.includes(name)) expect(name).toMatch(/^[cp]:\d+$/);
    await withRedis(redis.url, async (client) => {
      for (const name of names) expect(await client.ttl(Buffer.from(name, 'latin1'))).toBeGreaterThan(0);
    });
  });
});

describe.each(RUNTIMES)('a forged X-Forwarded-For on %s', (runtime) => {
  it('is not believed without trusted proxies: 100 addresses fall into one network', async () => {
    const redis = await redisDatabase();
    const installation = await makeInstallation(redis.url);
    await openBatch(installation, SERIES, candidates.slice(0, 100));
    const service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: redis.url,
      pepperFile: installation.pepperFile,
      env: EASY_PROOFS,
    });
    const seen: string[] = [];
    for (let i = 0; i < 80; i += 1)
      seen.push(
        problem(await lookupAt(service.url, SERIES.id, guessAtNumber(candidates[i] ?? victim), from(i))),
      );
    expect(seen.filter((one) => one === 'candidate-not-found').length).toBeLessThanOrEqual(31);
    expect(new Set(seen.slice(32))).toEqual(new Set(['proof-of-work-required']));
    await service.stop();
    await installation.database.drop();
  });
});
