/**
 * @module A load of some seconds, and what it took of the two cores.
 */
import { coreTime, cpuTimeUs } from '../../../loadtest/bench/cpu-time.ts';
import type { LoadResult } from './load.ts';
import { runLoad } from './load.ts';
import type { OverloadStage } from './stage.ts';

export interface Measured {
  readonly load: LoadResult;
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

export async function measure(
  stage: OverloadStage,
  run: { connections: number; seconds: number; stop: AbortSignal },
): Promise<Measured> {
  const { cores, service } = stage;
  const look = () => ({
    atMs: performance.now(),
    serviceUs: cpuTimeUs(service.pid),
    server: coreTime([cores.server[0]]),
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
    rightPerSecond: load.right / seconds,
    answersPerSecond: load.answers / seconds,
    serviceBusy,
    disturbed: Math.max(0, busy(before.server, after.server) - serviceBusy),
    loadCoreBusy: busy(before.load, after.load),
  };
}
