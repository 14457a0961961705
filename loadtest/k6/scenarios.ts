/**
 * A profile in k6's words: a scenario per phase, one after the other.
 */
import type { Options, Scenario } from 'k6/options';
import type { Profile } from '../profiles/profile.ts';
import { curveSeconds } from '../profiles/rate-curve.ts';
import { k6Thresholds } from '../profiles/report.ts';

/** The options of a script whose exported function `visit` sends one request. */
export function k6Options(profile: Profile): Options {
  const scenarios: Record<string, Scenario> = {};
  let startSecond = 0;
  for (const { name, curve } of profile.phases) {
    scenarios[name] = {
      executor: 'ramping-arrival-rate',
      exec: 'visit',
      startTime: `${startSecond}s`,
      // k6 takes whole numbers only: by the minute they are fine enough also for low rates.
      timeUnit: '1m',
      startRate: perMinute(curve.fromPerSecond),
      stages: curve.stages.map(({ seconds, toPerSecond }) => ({
        duration: `${Math.round(seconds * 1_000)}ms`,
        target: perMinute(toPerSecond),
      })),
      preAllocatedVUs: profile.connections,
      maxVUs: profile.maxConnections,
      gracefulStop: `${profile.requestTimeoutSeconds}s`,
    };
    startSecond += curveSeconds(curve);
  }
  return {
    scenarios,
    thresholds: k6Thresholds(profile),
    tags: { profile: profile.name },
    // The wait for the release may be long.
    setupTimeout: '2h',
    // What the thresholds and the summary need; p(50) is called med only in k6's own summary.
    summaryTrendStats: ['min', 'p(50)', 'p(95)', 'p(99)', 'max'],
  };
}

function perMinute(perSecond: number): number {
  return Math.round(perSecond * 60);
}
