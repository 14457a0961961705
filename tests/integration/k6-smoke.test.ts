/**
 * @module The k6 script, run as it is through doubles of k6's modules (tests/helpers/k6/run.ts says what they
 * show and what they do not), against the real service.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAlteringProxy } from '../helpers/k6/altering-proxy.ts';
import type { LoadedService } from '../helpers/k6/loaded-service.ts';
import { startLoadedService } from '../helpers/k6/loaded-service.ts';
import type { K6Result } from '../helpers/k6/run.ts';
import { K6_EXIT, runK6 } from '../helpers/k6/run.ts';

const SMOKE = fileURLToPath(new URL('../../loadtest/k6/smoke.ts', import.meta.url));

describe('the k6 script smoke.ts', () => {
  let loaded: LoadedService;
  const run = (env: Record<string, string> = {}): Promise<K6Result> =>
    runK6(SMOKE, {
      cwd: loaded.folder,
      env: {
        BASE_URL: loaded.service.url,
        CREDENTIALS: loaded.credentialsFile,
        SERIES: loaded.series,
        ...env,
      },
    });

  beforeAll(async () => {
    loaded = await startLoadedService('k6-gaokao');
  });
  afterAll(async () => {
    await loaded?.close();
  });

  test('passes against the service, with every kind of visit sent and every answer right', async () => {
    const result = await run({ SUMMARY: 'summary.json' });
    expect(result.stderr).toBe('');
    expect(result.collected).toMatchObject({
      iterations: 600,
      exceptions: [],
      checks: {
        'the answer is not untrue': { passes: 600, fails: 0 },
        'the answer is right': { passes: 600, fails: 0 },
      },
      metrics: {
        wrong_answers: { values: { count: 0 }, thresholds: { 'count==0': { ok: true } } },
        honest_success: { values: { rate: 1 }, thresholds: { 'rate>=0.999': { ok: true } } },
        iterations: { thresholds: { 'count>=588': { ok: true } } },
        http_req_failed: { values: { rate: 0 } },
      },
    });
    const lookups = result.collected?.metrics['lookup_ms'];
    expect(lookups?.values['p(99)']).toBeGreaterThan(0);
    // How fast this machine is while it tests is not tested.
    const passed = Object.values(lookups?.thresholds ?? {}).every(({ ok }) => ok);
    expect(result.code).toBe(passed ? K6_EXIT.passed : K6_EXIT.thresholdsMissed);
    expect(result.stdout).toMatch(passed ? /^smoke: passed, 600 requests/ : /^smoke: FAILED/);
    expect(JSON.parse(readFileSync(join(loaded.folder, 'summary.json'), 'utf8'))).toMatchObject({
      profile: 'smoke',
      passed,
      wrongAnswers: 0,
      requests: 600,
    });
    // One request of setup and one per visit.
    const { http_reqs: requests } = result.collected?.metrics ?? {};
    expect(requests?.values['count']).toBe(601);
  });

  test('fails when one mark in one answer is altered on the way', async () => {
    const proxy = await startAlteringProxy(loaded.service.url, 57);
    const result = await run({ BASE_URL: proxy.url });
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

  test.each([
    [{ PROFILE: 'smoek' }, 'There is no load profile "smoek": the profiles are smoke.'],
    [{ BASE_URL: 'http://example.com' }, 'say so with I_OWN_THIS_TARGET=yes'],
    [{ CREDENTIALS: 'sample.credentials.csv' }, 'CREDENTIALS must be the absolute path'],
    [{ CREDENTIALS: '/nowhere/sample.credentials.csv' }, 'ENOENT'],
    [{ SERIES: 'k6-gaoka' }, 'The service has no series "k6-gaoka": it lists k6-gaokao (open).'],
    [{ SEED: 'one' }, 'SEED must be a whole number.'],
  ])('with %j it stops before any visit', async (env: Record<string, string>, message) => {
    const result = await run(env);
    expect(result.code).toBe(K6_EXIT.scriptException);
    expect(result.stderr).toContain(message);
    expect(result.collected).toBeUndefined();
  });

  test('a service that is away is a failure in setup, not a pass without requests', async () => {
    const result = await run({ BASE_URL: 'http://127.0.0.1:9' });
    expect(result.code).toBe(K6_EXIT.scriptException);
    expect(result.stderr).toContain('answers with status 0: is the service ready?');
  });
});
