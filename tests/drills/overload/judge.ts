/**
 * What an overload has shown: pure.
 */
import type { Check, Outcome } from '../common/drill.ts';
import { median } from '../../../loadtest/bench/statistics.ts';
import type { LoadResult } from './load.ts';
import { quantileMs } from './load.ts';
import type { Measured } from './measure.ts';
import type { Recovery } from './recovery.ts';

/** Of C. */
const LEAST_GOODPUT = 0.9;
const MOST_P99_MS = 250;
const NORMAL_WITHIN_MS = 5_000;
/** More of the service's core than this by others, and the figures say little. */
const MOST_DISTURBED = 0.1;

/** One after the other, so that what others do to the machine is in both. */
export interface Turn {
  readonly capacity: Measured;
  readonly under: Measured;
}

export interface Overload {
  readonly runtime: string;
  readonly connections: number;
  /** What a few connections get of the same service. */
  readonly few: Measured;
  readonly turns: readonly Turn[];
  readonly recovery: Recovery;
}

export function judgeOverload(run: Overload): Outcome {
  const { few, turns, recovery, connections } = run;
  const goodputs = turns.map(({ capacity, under }) => under.rightPerSecond / capacity.rightPerSecond);
  const goodput = median(goodputs);
  // By CPU rather than by clock: what others take of the core is in neither.
  const perCpu = (one: Measured): number => one.rightPerSecond / one.serviceBusy;
  const goodputByCpu = median(turns.map(({ capacity, under }) => perCpu(under) / perCpu(capacity)));
  const overloads = turns.map(({ under }) => under);
  const load = together(overloads.map((one) => one.load));
  const p99Ms = quantileMs(load.tookMs, 0.99);
  const waits = Object.keys(load.waits).length;
  const rightPerSecond = median(overloads.map((one) => one.rightPerSecond));
  const capacity = median(turns.map((turn) => turn.capacity.rightPerSecond));
  const answersPerSecond = median(overloads.map((one) => one.answersPerSecond));
  const serviceBusy = median(overloads.map((one) => one.serviceBusy + one.disturbed));
  const loadCoreBusy = median(overloads.map((one) => one.loadCoreBusy));
  const checks: Check[] = [
    {
      what: 'goodput, right answers within 1 s',
      seen: `${whole(rightPerSecond)}/s; of C = ${whole(capacity)}/s ${percent(goodput)} (${goodputs.map(percent).join(', ')}; by CPU ${percent(goodputByCpu)})`,
      needed: `≥ ${percent(LEAST_GOODPUT)}`,
      holds: goodput >= LEAST_GOODPUT,
    },
    {
      what: '99% of the admitted are answered',
      seen: `within ${p99Ms} ms`,
      needed: `≤ ${MOST_P99_MS} ms`,
      holds: p99Ms <= MOST_P99_MS,
    },
    {
      what: 'nothing is answered but the right slip or 503 with Retry-After',
      seen: `${load.wrong} wrong, ${load.other} of other statuses, ${load.shedWithoutWait} without, ${brokenOff(load)} broken off${brokenOff(load) === 0 ? '' : ` (${JSON.stringify(load.errors)})`}`,
      needed: 'none',
      holds: load.wrong + load.other + load.shedWithoutWait + brokenOff(load) === 0,
    },
    {
      what: 'who is turned away is told different times to come again',
      seen: `${load.shed} turned away, by Retry-After: ${waitsOf(load)}`,
      needed: 'some turned away, at least 4 times, none told to half of them',
      holds: load.shed > 0 && waits >= 4 && Math.max(...Object.values(load.waits)) < load.shed / 2,
    },
    {
      what: 'afterwards everything is as before',
      seen: `after ${recovery.normalAfterMs} ms (${recovery.visitors} visitors, ${recovery.turnedAway} turned away, ${recovery.slow} slow, ${recovery.wrong} wrong)`,
      needed: `≤ ${NORMAL_WITHIN_MS} ms`,
      holds: recovery.normalAfterMs <= NORMAL_WITHIN_MS && recovery.wrong === 0,
    },
    {
      what: 'the load was not the limit',
      seen: `its core ${percent(loadCoreBusy)} busy, the service’s ${percent(serviceBusy)}`,
      needed: 'the service ≥ 85%, unless the load had time left',
      holds: serviceBusy >= 0.85 || loadCoreBusy < 0.9,
    },
  ];
  const disturbed = Math.max(...turns.flatMap((turn) => [turn.capacity.disturbed, turn.under.disturbed]));
  return {
    checks,
    figures: {
      runtime: run.runtime,
      connections,
      capacityPerSecond: capacity,
      goodputOfCapacity: goodput,
      goodputOfCapacityByCpu: goodputByCpu,
      goodputOfFewConnections: rightPerSecond / few.rightPerSecond,
      p50Ms: quantileMs(load.tookMs, 0.5),
      p99Ms,
      askedPerSecond: answersPerSecond,
      shedPerSecond: load.shed / (load.durationUs / 1e6),
      measured: {
        few: brief(few),
        turns: turns.map((turn) => ({ capacity: brief(turn.capacity), under: brief(turn.under) })),
      },
      recovery,
    },
    notes: [
      `offered: ${connections} connections, each asks again the moment it is answered; ${whole(answersPerSecond)} requests/s came of it, ${(answersPerSecond / capacity).toFixed(1)} × C`,
      `a few connections get ${whole(few.rightPerSecond)}/s, of which the goodput is ${percent(rightPerSecond / few.rightPerSecond)}`,
      ...(disturbed > MOST_DISTURBED
        ? [`others took up to ${percent(disturbed)} of the service's core: run it again on a calm machine`]
        : []),
    ],
  };
}

export function brokenOff({ errors }: LoadResult): number {
  return errors.connect + errors.read + errors.write + errors.timeout;
}

/** All turns as one load; which second was which is lost. */
function together(loads: readonly LoadResult[]): LoadResult {
  return loads.reduce((sum, one) => ({
    durationUs: sum.durationUs + one.durationUs,
    answers: sum.answers + one.answers,
    errors: added(sum.errors, one.errors),
    sent: sum.sent + one.sent,
    right: sum.right + one.right,
    late: sum.late + one.late,
    wrong: sum.wrong + one.wrong,
    shed: sum.shed + one.shed,
    shedWithoutWait: sum.shedWithoutWait + one.shedWithoutWait,
    other: sum.other + one.other,
    tookMs: added(sum.tookMs, one.tookMs),
    waits: added(sum.waits, one.waits),
    perSecond: {},
  }));
}

function added<T extends Record<string, number>>(one: T, other: T): T {
  const sums: Record<string, number> = { ...one };
  for (const [key, count] of Object.entries(other)) sums[key] = (sums[key] ?? 0) + count;
  return sums as T;
}

function brief({ load, ...rest }: Measured): Record<string, unknown> {
  return { ...rest, p50Ms: quantileMs(load.tookMs, 0.5), p99Ms: quantileMs(load.tookMs, 0.99) };
}

function waitsOf({ waits }: LoadResult): string {
  return Object.entries(waits)
    .map(([seconds, count]) => `${seconds} s × ${count}`)
    .join(', ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
