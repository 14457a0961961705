/**
 * @module A load of some seconds, and what it took of the two cores.
 */
import { coreTime, cpuTimeUs } from '../../../loadtest/bench/cpu-time.ts';
import type { LoadResult } from './load.ts';
import { runLoad } from './load.ts';
import type { OverloadStage } from './stage.ts';

export interface Measured {
  readonly load: LoadResult;
  /** Once all are connected. */
  readonly rightPerSecond: number;
  /** Of all kinds. */
  readonly answersPerSecond: number;
  /** CPU of the service's process: 1 is its whole core. */
  readonly serviceBusy: number;
  /** Of the service's core, by anybody else. */
  readonly disturbed: number;
  /** Of the load's core, by everybody. */
  readonly loadCoreBusy: number;
}

/** Of a load: thousands of connections are made in it, and half-open ones ask nothing yet. */
export const CONNECTING_SECONDS = 1;

/** Right answers a second, of the whole seconds after that in which all connect. */
export function rightPerSecond({
  perSecond,
  durationUs,
}: Pick<LoadResult, 'perSecond' | 'durationUs'>): number {
  const end = Math.floor(durationUs / 1_000_000);
  let right = 0;
  for (let second = CONNECTING_SECONDS; second < end; second += 1) right += perSecond[second] ?? 0;
  return right / (end - CONNECTING_SECONDS);
}

export async function measure(
  stage: OverloadStage,
  run: { connections: number; seconds: number; stop: AbortSignal },
): Promise<Measured> {
  const { cores, service } = stage;
  const look = () => ({
    atMs: performance.now(),
    serviceUs: cpuTimeUs(service.pid),
    server: coreTime([cores.server]),
    load: coreTime([cores.load]),
  });
  const before = look();
  const load = await runLoad({ ...stage, ...run });
  const after = look();
  const elapsedUs = (after.atMs - before.atMs) * 1_000;
  const busy = (a: typeof before.server, b: typeof before.server): number =>
    (b.processesUs + b.stolenUs - a.processesUs - a.stolenUs) / elapsedUs;
  const seconds = load.durationUs / 1_000_000;
  const serviceBusy = (after.serviceUs - before.serviceUs) / elapsedUs;
  return {
    load,
    rightPerSecond: rightPerSecond(load),
    answersPerSecond: load.answers / seconds,
    serviceBusy,
    disturbed: Math.max(0, busy(before.server, after.server) - serviceBusy),
    loadCoreBusy: busy(before.load, after.load),
  };
}
