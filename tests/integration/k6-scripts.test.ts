/**
 * @module The k6 scripts, each run as it is through doubles of k6's modules (tests/helpers/k6/run.ts says what
 * they show and what they do not), against the real service: every scenario of every profile.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROFILE_NAMES } from '../../loadtest/profiles/profile.ts';
import { startAlteringProxy } from '../helpers/k6/altering-proxy.ts';
import type { LoadedService } from '../helpers/k6/loaded-service.ts';
import { startLoadedService } from '../helpers/k6/loaded-service.ts';
import type { K6Result } from '../helpers/k6/run.ts';
import { K6_EXIT, runK6 } from '../helpers/k6/run.ts';

function scriptOf(profile: string): string {
  return fileURLToPath(new URL(`../../loadtest/k6/${profile}.ts`, import.meta.url));
}

const SMOKE = scriptOf('smoke');

/** Small enough to be sent one after the other: rate and seconds of each profile. */
const SIZES: Readonly<Record<string, Record<string, string>>> = {
  smoke: {},
  'release-day': { RATE: '60', SECONDS: '2', WAITING_SECONDS: '2' },
  spike: { RATE: '40', SECONDS: '9' },
  soak: { RATE: '40', SECONDS: '5' },
  breakpoint: { RATE: '60', SECONDS: '5', CANDIDATES: '1000' },
};
const SCENARIOS: Readonly<Record<string, string[]>> = {
  smoke: ['visits'],
  'release-day': ['waiting', 'release'],
  spike: ['spike'],
  soak: ['soak'],
  breakpoint: ['rising'],
};

describe('the k6 scripts', () => {
  let loaded: LoadedService;
  let runs = 0;
  const run = (script: string, env: Record<string, string> = {}): Promise<K6Result> =>
    runK6(script, {
      cwd: loaded.folder,
      env: {
        BASE_URL: loaded.service.url,
        CREDENTIALS: loaded.credentialsFile,
        SERIES: loaded.series,
        // Others are guessed at in each run.
        SEED: String((runs += 1)),
        ...env,
      },
    });

  beforeAll(async () => {
    loaded = await startLoadedService('k6-gaokao');
  });
  afterAll(async () => {
    await loaded?.close();
  });

  test('there is one for each profile', () => {
    expect(PROFILE_NAMES.filter((name) => !existsSync(scriptOf(name)))).toEqual([]);
    expect(Object.keys(SIZES)).toEqual(PROFILE_NAMES);
  });

  test.each(PROFILE_NAMES.filter((name) => name !== 'release-day' && name !== 'smoke'))(
    '%s sends every scenario, every answer is right, and the thresholds hold',
    async (profile) => {
      const result = await run(scriptOf(profile), { ...SIZES[profile], SUMMARY: `${profile}.json` });
      expectRight(result, profile);
      expect(JSON.parse(readFileSync(join(loaded.folder, `${profile}.json`), 'utf8'))).toMatchObject({
        profile,
        wrongAnswers: 0,
      });
    },
  );

  test('smoke sends 600 visits of every kind, and writes both summaries', async () => {
    const result = await run(SMOKE, { SUMMARY: 'summary.json', SUMMARY_HTML: 'summary.html' });
    const { metrics = {}, iterations } = result.collected ?? {};
    expect(iterations).toBe(600);
    expect(metrics).toMatchObject({
      wrong_answers: { values: { count: 0 }, thresholds: { 'count==0': { ok: true } } },
      honest_success: { values: { rate: 1 }, thresholds: { 'rate>=0.999': { ok: true } } },
      iterations: { thresholds: { 'count>=588': { ok: true } } },
      http_req_failed: { values: { rate: 0 } },
    });
    expectRight(result, 'smoke');
    const passed = isPassed(result);
    expect(result.stdout).toMatch(passed ? /^smoke: passed, 600 requests/ : /^smoke: FAILED/);
    expect(JSON.parse(readFileSync(join(loaded.folder, 'summary.json'), 'utf8'))).toMatchObject({
      profile: 'smoke',
      passed,
      wrongAnswers: 0,
      requests: 600,
    });
    const page = readFileSync(join(loaded.folder, 'summary.html'), 'utf8');
    expect(page).toContain(passed ? '通过 passed' : '未通过 FAILED');
    expect(page).toContain('<td>wrong answers<td>0<td>0');
    // One request of setup and one per visit.
    expect(metrics['http_reqs']?.values['count']).toBe(601);
  });

  test('fails when one mark in one answer is altered on the way', async () => {
    const proxy = await startAlteringProxy(loaded.service.url, 57);
    const result = await run(SMOKE, { BASE_URL: proxy.url });
    await proxy.close();
    expect(proxy.altered()).toBe(1);
    expect(result).toMatchObject({
      code: K6_EXIT.thresholdsMissed,
      collected: {
        metrics: { wrong_answers: { values: { count: 1 }, thresholds: { 'count==0': { ok: false } } } },
      },
    });
    expect(result.stdout).toMatch(/^smoke: FAILED/);
    expect(result.stdout).toContain('MISSED  wrong answers: 1 (0)');
    // The place, never the mark.
    expect(result.stderr).toMatch(
      /^wrong answer in iteration \d+ \((first|repeat)\): components\.[a-z-]+\n$/,
    );
  });

  test('two instances send half of the rate each, and to different candidates', async () => {
    const numbers = await Promise.all(
      ['0', '1'].map(async (instance) => {
        const proxy = await startAlteringProxy(loaded.service.url, Number.POSITIVE_INFINITY);
        const result = await run(SMOKE, {
          BASE_URL: proxy.url,
          INSTANCE: instance,
          INSTANCES: '2',
          SECONDS: '10',
        });
        await proxy.close();
        expect(result.collected?.iterations).toBe(100);
        expect(result.collected?.metrics['wrong_answers']?.values['count']).toBe(0);
        return new Set(proxy.candidateNumbers());
      }),
    );
    const [first = new Set<string>(), second = new Set<string>()] = numbers;
    expect(Math.min(first.size, second.size)).toBeGreaterThan(20);
    expect([...first].filter((number) => second.has(number))).toEqual([]);
  });

  test.each([
    [{ PROFILE: 'smoek' }, 'There is no load profile "smoek": the profiles are smoke, release-day,'],
    [{ SCENARIOS: 'visit' }, 'The profile smoke has no scenario "visit": SCENARIOS may hold visits.'],
    [{ BASE_URL: 'http://example.com' }, 'say so with I_OWN_THIS_TARGET=yes'],
    [{ CREDENTIALS: 'sample.credentials.csv' }, 'CREDENTIALS must be the absolute path'],
    [{ CREDENTIALS: '/nowhere/sample.credentials.csv' }, 'ENOENT'],
    [{ SERIES: 'k6-gaoka' }, 'The service has no series "k6-gaoka": it lists k6-gaokao (open).'],
    [{ SEED: 'one' }, 'SEED must be a whole number'],
    [{ RATE: '0' }, 'RATE must be a whole number of at least 1'],
    [{ INSTANCE: '2', INSTANCES: '2' }, 'with INSTANCES=2 it is at most 1'],
    [{ FIRST_MINUTE_SHARE: '1' }, 'The share within the first minute is above 0 and below 1'],
    [
      { PROFILE: 'release-day' },
      'is open already: publish a batch of it with --at, or leave the waiting out',
    ],
  ])('with %j it stops before any visit', async (env: Record<string, string>, message) => {
    const result = await run(SMOKE, env);
    expect(result.code).toBe(K6_EXIT.scriptException);
    expect(result.stderr).toContain(message);
    expect(result.collected).toBeUndefined();
  });

  test('release-day without its waiting runs on an open series', async () => {
    const result = await run(scriptOf('release-day'), { ...SIZES['release-day'], SCENARIOS: 'release' });
    expect(result.collected?.iterations).toBeGreaterThan(100);
    expect(result.collected?.metrics['wrong_answers']?.values['count']).toBe(0);
  });

  test('a service that is away is a failure in setup, not a pass without requests', async () => {
    const result = await run(SMOKE, { BASE_URL: 'http://127.0.0.1:9' });
    expect(result.code).toBe(K6_EXIT.scriptException);
    expect(result.stderr).toContain('answers with status 0: is the service ready?');
  });
});

describe('the k6 script of the release day', () => {
  let loaded: LoadedService;
  beforeAll(async () => {
    loaded = await startLoadedService('k6-release', { opensInMs: 3_600_000 });
  });
  afterAll(async () => {
    await loaded?.close();
  });
  const run = (env: Record<string, string>): Promise<K6Result> =>
    runK6(scriptOf('release-day'), {
      cwd: loaded.folder,
      env: {
        BASE_URL: loaded.service.url,
        CREDENTIALS: loaded.credentialsFile,
        ...SIZES['release-day'],
        ...env,
      },
    });

  test('too near a release is refused before anything is sent', async () => {
    const result = await run({ WAITING_SECONDS: '3700' });
    expect(result.code).toBe(K6_EXIT.scriptException);
    expect(result.stderr).toContain('is too near for 3700 s of waiting');
  });

  test('waits for T: early birds are sent away before it, and everybody is answered after it', async () => {
    await loaded.publishIn(9_000);
    // The service learns of it within a second or two.
    await new Promise((resolve) => setTimeout(resolve, 1_800));
    const result = await run({});
    expectRight(result, 'release-day');
    // In the first moments after T the service may not have opened yet; then everybody has a result.
    expect(result.collected?.metrics['http_req_failed']?.values['rate']).toBeLessThan(0.5);
  });
});

function isPassed({ collected }: K6Result): boolean {
  return Object.values(collected?.metrics ?? {}).every((metric) =>
    Object.values(metric.thresholds ?? {}).every(({ ok }) => ok),
  );
}

/** Every scenario ran and every answer was right; how fast this machine is while it tests is not tested. */
function expectRight(result: K6Result, profile: string): void {
  expect(result.stderr).toBe('');
  expect(Object.keys(result.collected?.scenarios ?? {})).toEqual(SCENARIOS[profile]);
  for (const iterations of Object.values(result.collected?.scenarios ?? {}))
    expect(iterations).toBeGreaterThan(10);
  const iterations = result.collected?.iterations;
  expect(result.collected).toMatchObject({
    exceptions: [],
    checks: {
      'the answer is not untrue': { passes: iterations, fails: 0 },
      'the answer is right': { passes: iterations, fails: 0 },
    },
    metrics: { wrong_answers: { values: { count: 0 } }, honest_success: { values: { rate: 1 } } },
  });
  const missed = Object.entries(result.collected?.metrics ?? {}).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).flatMap(([threshold, { ok }]) =>
      ok ? [] : [`${name} ${threshold}`],
    ),
  );
  expect(missed.filter((one) => !one.startsWith('lookup_ms'))).toEqual([]);
  expect(result.code).toBe(missed.length === 0 ? K6_EXIT.passed : K6_EXIT.thresholdsMissed);
}
