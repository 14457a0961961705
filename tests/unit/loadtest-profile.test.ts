import { expect, test } from 'vitest';
import { PROFILES, REQUEST_KINDS, profileByName } from '../../loadtest/profiles/profile.ts';
import { findings, k6Thresholds, leastRequests, makeReport } from '../../loadtest/profiles/report.ts';

const GOOD = { requests: 600, seconds: 30, wrongAnswers: 0, honestSuccess: 1, p50Ms: 1, p95Ms: 2, p99Ms: 3 };

test('a misspelt profile is an error that lists the known ones', () => {
  expect(() => profileByName('smoek')).toThrow('There is no load profile "smoek": the profiles are smoke.');
  // An inherited name of objects is no profile either.
  expect(() => profileByName('constructor')).toThrow('There is no load profile');
});

test.each(PROFILES.map((profile) => [profile.name, profile] as const))(
  'the shares of %s add up to 100 and it tolerates no wrong answer',
  (_name, profile) => {
    expect(REQUEST_KINDS.reduce((sum, kind) => sum + profile.mix[kind], 0)).toBe(100);
    expect(profile.thresholds.wrongAnswers).toBe(0);
    expect(profile.maxConnections).toBeGreaterThanOrEqual(profile.connections);
  },
);

test.each([
  [{}, []],
  [{ wrongAnswers: 1 }, ['wrong answers']],
  [{ honestSuccess: 0.9989 }, ['honest requests answered right']],
  [{ requests: 587 }, ['requests sent']],
  [{ p50Ms: 50 }, ['p50 of honest lookups']],
  [{ p95Ms: 200 }, ['p95 of honest lookups']],
  [{ p99Ms: 500 }, ['p99 of honest lookups']],
  // Nothing sent, nothing slow, nothing wrong: still no success.
  [
    { requests: 0, honestSuccess: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 },
    ['honest requests answered right', 'requests sent'],
  ],
])('figures that differ from good ones by %o miss %o', (changed, missed) => {
  const found = findings(profileByName('smoke'), { ...GOOD, ...changed });
  expect(found.filter(({ held }) => !held).map(({ what }) => what)).toEqual(missed);
});

test('k6 is given the same thresholds', () => {
  const profile = profileByName('smoke');
  expect(k6Thresholds(profile)).toEqual({
    wrong_answers: ['count==0'],
    honest_success: ['rate>=0.999'],
    lookup_ms: ['p(50)<50', 'p(95)<200', 'p(99)<500'],
    iterations: [`count>=${leastRequests(profile)}`],
  });
});

test('a share just below the bound is not shown as the bound', () => {
  const found = findings(profileByName('smoke'), { ...GOOD, honestSuccess: 0.998_999_9 });
  expect(found[1]).toMatchObject({ measured: '99.899%', bound: '≥ 99.900%', held: false });
});

test('the report has the fields that scripts read', () => {
  expect(makeReport(profileByName('smoke'), { ...GOOD, p99Ms: 3.456_78 }, true)).toEqual({
    profile: 'smoke',
    passed: true,
    wrongAnswers: 0,
    requests: 600,
    ratePerSecond: 20,
    p50Ms: 1,
    p95Ms: 2,
    p99Ms: 3.46,
    report: null,
    capacityPerSecond: null,
  });
});
