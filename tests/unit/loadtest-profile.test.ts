import { expect, test } from 'vitest';
import { peakLookupsPerSecond, shareUntil } from '../../loadtest/profiles/forecast.ts';
import type { Profile } from '../../loadtest/profiles/profile.ts';
import {
  PROFILE_NAMES,
  REQUEST_KINDS,
  lookupShare,
  makeProfile,
  plannedRequests,
  profilePeak,
  profileSeconds,
} from '../../loadtest/profiles/profile.ts';
import { curveRequests, rateAt } from '../../loadtest/profiles/rate-curve.ts';
import { findings, k6Thresholds, leastRequests, makeReport } from '../../loadtest/profiles/report.ts';

const forecast = { candidates: 100_000, lookupsPerCandidate: 5, firstMinuteShare: 0.2 };
const GOOD = {
  requests: 600,
  seconds: 30,
  wrongAnswers: 0,
  honestSuccess: 1,
  askedForProof: 0,
  p50Ms: 1,
  p95Ms: 2,
  p99Ms: 3,
};
const smoke = makeProfile('smoke', { forecast });

test('the profiles are the five that operations know', () => {
  expect(PROFILE_NAMES).toEqual(['smoke', 'release-day', 'spike', 'soak', 'breakpoint']);
});

test('a misspelt profile is an error that lists the known ones', () => {
  expect(() => makeProfile('smoek', { forecast })).toThrow(
    'There is no load profile "smoek": the profiles are smoke, release-day, spike, soak, breakpoint.',
  );
  // An inherited name of objects is no profile either.
  expect(() => makeProfile('constructor', { forecast })).toThrow('There is no load profile');
});

test.each([
  [{ candidates: 0 }, 'at least one candidate'],
  [{ lookupsPerCandidate: 0 }, 'Lookups per candidate'],
  [{ firstMinuteShare: 1 }, 'share within the first minute'],
])('a forecast with %j is refused', (changed, message) => {
  expect(() => makeProfile('smoke', { forecast: { ...forecast, ...changed } })).toThrow(message);
});

test.each(PROFILE_NAMES.map((name) => [name, makeProfile(name, { forecast })] as const))(
  '%s: the shares of each phase add up to 100, names differ, and no wrong answer is tolerated',
  (_name, profile) => {
    for (const { mix } of profile.phases)
      expect(REQUEST_KINDS.reduce((sum, kind) => sum + mix[kind], 0)).toBe(100);
    expect(new Set(profile.phases.map(({ name }) => name)).size).toBe(profile.phases.length);
    expect(profile.thresholds.wrongAnswers).toBe(0);
    expect(profile.thresholds.p99Ms).toBeGreaterThanOrEqual(profile.thresholds.p50Ms);
    expect(profile.maxConnections).toBeGreaterThanOrEqual(profile.connections);
    // Enough for the objective's 100 ms at the highest rate.
    expect(profile.maxConnections).toBeGreaterThanOrEqual(Math.min(2_000, profilePeak(profile) * 0.1));
  },
);

function phase(profile: Profile, name: string): Profile['phases'][number] {
  const found = profile.phases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no phase ${name}`);
  return found;
}

test('release day: at T the rate steps up to the peak of the forecast, and a fifth of all lookups comes in the first minute', () => {
  const profile = makeProfile('release-day', { forecast, seconds: 60 });
  const { curve, mix } = phase(profile, 'release');
  const waiting = phase(profile, 'waiting').curve;
  expect(rateAt(waiting, 19.999)).toBeLessThan(curve.fromPerSecond / 2);
  expect(curve.fromPerSecond * lookupShare(mix)).toBeCloseTo(peakLookupsPerSecond(forecast), 6);
  const firstMinute = curveRequests(curve) * lookupShare(mix);
  // Straight pieces lie a little above the curve that they follow.
  expect(firstMinute / 500_000).toBeCloseTo(0.2, 3);
  expect(shareUntil(forecast, 60)).toBeCloseTo(0.2, 10);
  expect(profile.releaseAfterSeconds).toBe(20);
});

test('before the release nothing but early birds, pages and lists is sent', () => {
  const { mix } = phase(makeProfile('release-day', { forecast }), 'waiting');
  expect([mix.first, mix.repeat, mix.wrong]).toEqual([0, 0, 0]);
  expect(mix.early).toBeGreaterThan(0);
  expect(phase(makeProfile('release-day', { forecast }), 'release').mix.early).toBe(0);
});

test('a spike rises tenfold within a second', () => {
  const { curve } = phase(makeProfile('spike', { forecast, ratePerSecond: 1_000, seconds: 60 }), 'spike');
  expect([rateAt(curve, 19.9), rateAt(curve, 21.1)]).toEqual([100, 1_000]);
});

test('a soak is an hour at one rate; a breakpoint rises and ends at a miss', () => {
  expect(profileSeconds(makeProfile('soak', { forecast }))).toBe(3_600);
  const rising = makeProfile('breakpoint', { forecast });
  expect(rising.endsAtMiss).toBe(true);
  expect(profilePeak(rising)).toBeGreaterThan(3 * profilePeak(makeProfile('release-day', { forecast })));
});

test('smoke is 600 requests in half a minute, whatever the forecast', () => {
  expect(plannedRequests(smoke)).toBe(600);
  expect(profileSeconds(smoke)).toBe(30);
});

test.each([
  [{}, []],
  [{ wrongAnswers: 1 }, ['wrong answers']],
  [{ honestSuccess: 0.9989 }, ['honest requests answered right']],
  [{ askedForProof: 0.006 }, ['honest lookups asked for a proof of work']],
  [{ requests: 587 }, ['requests sent']],
  [{ due: 700 }, ['requests sent']],
  [{ p50Ms: 50 }, ['p50 of honest lookups']],
  [{ p95Ms: 200 }, ['p95 of honest lookups']],
  [{ p99Ms: 500 }, ['p99 of honest lookups']],
  // Nothing sent, nothing slow, nothing wrong: still no success.
  [
    { requests: 0, honestSuccess: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 },
    ['honest requests answered right', 'requests sent'],
  ],
])('figures that differ from good ones by %o miss %o', (changed, missed) => {
  const found = findings(smoke, { ...GOOD, ...changed });
  expect(found.filter(({ held }) => !held).map(({ what }) => what)).toEqual(missed);
});

test('k6 is given the same thresholds; an instance has to send only its share', () => {
  expect(k6Thresholds(smoke)).toEqual({
    wrong_answers: ['count==0'],
    honest_success: ['rate>=0.999'],
    asked_for_proof: ['rate<=0.005'],
    lookup_ms: ['p(50)<50', 'p(95)<200', 'p(99)<500'],
    iterations: [`count>=${leastRequests(smoke)}`],
  });
  expect(k6Thresholds(smoke, 0.5)['iterations']).toEqual(['count>=294']);
});

test('k6 ends a breakpoint run when a threshold is missed', () => {
  const thresholds = k6Thresholds(makeProfile('breakpoint', { forecast }));
  expect(thresholds['lookup_ms']).toContainEqual({
    threshold: 'p(99)<100',
    abortOnFail: true,
    delayAbortEval: '10s',
  });
  expect(thresholds['iterations']).toEqual(['count>0']);
});

test('a share just below the bound is not shown as the bound', () => {
  const found = findings(smoke, { ...GOOD, honestSuccess: 0.998_999_9 });
  expect(found[1]).toMatchObject({ measured: '99.899%', bound: '≥ 99.900%', held: false });
});

test('the report has the fields that scripts read', () => {
  expect(makeReport(smoke, { ...GOOD, p99Ms: 3.456_78 }, true)).toEqual({
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
