/**
 * How many requests are due when: a rate that goes in straight lines from one target to the next, as k6's
 * ramping-arrival-rate does.
 */

/** A stretch at whose end the rate is `toPerSecond`. */
export interface Stage {
  readonly seconds: number;
  readonly toPerSecond: number;
}

export interface RateCurve {
  readonly fromPerSecond: number;
  readonly stages: readonly Stage[];
}

/** The same rate all the time. */
export function constantRate(perSecond: number, seconds: number): RateCurve {
  return { fromPerSecond: perSecond, stages: [{ seconds, toPerSecond: perSecond }] };
}

/** The same curve with every rate multiplied. */
export function scaledCurve(curve: RateCurve, factor: number): RateCurve {
  return {
    fromPerSecond: curve.fromPerSecond * factor,
    stages: curve.stages.map(({ seconds, toPerSecond }) => ({ seconds, toPerSecond: toPerSecond * factor })),
  };
}

/** Its duration. */
export function curveSeconds(curve: RateCurve): number {
  return curve.stages.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The requests that are due in all of it: the area under the rate. */
export function curveRequests(curve: RateCurve): number {
  let from = curve.fromPerSecond;
  let area = 0;
  for (const { seconds, toPerSecond } of curve.stages) {
    area += ((from + toPerSecond) / 2) * seconds;
    from = toPerSecond;
  }
  return area;
}

/** The highest rate. */
export function curvePeak(curve: RateCurve): number {
  return Math.max(curve.fromPerSecond, ...curve.stages.map(({ toPerSecond }) => toPerSecond));
}

/** The rate so many seconds after the beginning; 0 outside of the curve. */
export function rateAt(curve: RateCurve, second: number): number {
  let from = curve.fromPerSecond;
  let left = second;
  for (const { seconds, toPerSecond } of curve.stages) {
    if (left < 0) return 0;
    if (left < seconds) return from + ((toPerSecond - from) * left) / seconds;
    left -= seconds;
    from = toPerSecond;
  }
  return 0;
}

/**
 * Turns counts of requests into times: the second at which so many requests have become due. Called with
 * counts that never go down, as a run does; undefined beyond the end.
 */
export function timesOf(curve: RateCurve): (requests: number) => number | undefined {
  let stage = 0;
  let from = curve.fromPerSecond;
  let startSecond = 0;
  let before = 0;
  return (requests) => {
    for (;;) {
      const current = curve.stages[stage];
      if (current === undefined) return undefined;
      const { seconds, toPerSecond } = current;
      const area = ((from + toPerSecond) / 2) * seconds;
      if (requests < before + area) return startSecond + timeInStage(requests - before, from, current);
      before += area;
      startSecond += seconds;
      from = toPerSecond;
      stage += 1;
    }
  };
}

/** Solves from × t + slope × t² / 2 = requests for t, in the form that also holds for a slope of 0. */
function timeInStage(requests: number, from: number, { seconds, toPerSecond }: Stage): number {
  const slope = (toPerSecond - from) / seconds;
  const root = Math.sqrt(Math.max(0, from * from + 2 * slope * requests));
  return from + root === 0 ? 0 : (2 * requests) / (from + root);
}
