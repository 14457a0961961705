/**
 * What an overload has shown: pure.
 */
import type { Check, Outcome } from '../common/drill.ts';
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

export interface Overload {
  readonly runtime: string;
  readonly connections: number;
  readonly before: Measured;
  readonly after: Measured;
  readonly under: Measured;
  readonly recovery: Recovery;
}

export function judgeOverload(run: Overload): Outcome {
  const { before, after, under, recovery, connections } = run;
  const capacity = (before.rightPerSecond + after.rightPerSecond) / 2;
  const goodput = under.rightPerSecond / capacity;
  // By CPU rather than by clock: what others take of the core is in neither.
  const perCpu = (one: Measured): number => one.rightPerSecond / one.serviceBusy;
  const goodputByCpu = (2 * perCpu(under)) / (perCpu(before) + perCpu(after));
  const p99Ms = quantileMs(under.load.tookMs, 0.99);
  const { load } = under;
  const waits = Object.keys(load.waits).length;
  const checks: Check[] = [
    {
      what: 'goodput, right answers within 1 s',
      seen: `${whole(under.rightPerSecond)}/s, ${percent(goodput)} of C = ${whole(capacity)}/s (by CPU ${percent(goodputByCpu)})`,
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
      seen: `its core ${percent(under.loadCoreBusy)} busy, the service ${percent(under.serviceBusy)} of its own`,
      needed: 'the service ≥ 85%, unless the load had time left',
      holds: under.serviceBusy + under.disturbed >= 0.85 || under.loadCoreBusy < 0.9,
    },
  ];
  const disturbed = Math.max(before.disturbed, under.disturbed, after.disturbed);
  return {
    checks,
    figures: {
      runtime: run.runtime,
      connections,
      capacityPerSecond: { before: before.rightPerSecond, after: after.rightPerSecond },
      goodputOfCapacity: goodput,
      goodputOfCapacityByCpu: goodputByCpu,
      p50Ms: quantileMs(load.tookMs, 0.5),
      p99Ms,
      askedPerSecond: under.answersPerSecond,
      shedPerSecond: load.shed / (load.durationUs / 1e6),
      measured: { before: brief(before), under: brief(under), after: brief(after) },
      recovery,
    },
    notes: [
      `offered: ${connections} connections, each asks again the moment it is answered; ${whole(under.answersPerSecond)} requests/s came of it, ${(under.answersPerSecond / capacity).toFixed(1)} × C`,
      ...(disturbed > MOST_DISTURBED
        ? [`others took up to ${percent(disturbed)} of the service's core: run it again on a calm machine`]
        : []),
    ],
  };
}

export function brokenOff({ errors }: LoadResult): number {
  return errors.connect + errors.read + errors.write + errors.timeout;
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
