/**
 * @module The overload for an hour, in pieces of a few seconds, and the service's memory meanwhile.
 */
import { readFileSync } from 'node:fs';
import type { Drill, Outcome } from '../common/drill.ts';
import { brokenOff } from './judge.ts';
import type { Measured } from './measure.ts';
import { measure } from './measure.ts';
import type { OverloadStage } from './stage.ts';

const MOST_SLOPE_MB_PER_HOUR = 6;
/** Caches and heaps fill up first: no part of the slope. */
const SETTLING_SHARE = 1 / 6;
/** A slope over less time is the collector's saw, not a leak. */
const LEAST_SECONDS = 1_800;
const PIECE_SECONDS = 10;
const MB = 1024;

export interface SoakRun {
  readonly connections: number;
  readonly seconds: number;
  readonly before: Measured;
  readonly runtime: string;
}

export async function soak(drill: Drill, stage: OverloadStage, run: SoakRun): Promise<Outcome> {
  const { stop, say } = drill;
  const startedMs = performance.now();
  const elapsedSeconds = (): number => (performance.now() - startedMs) / 1_000;
  const samples: { seconds: number; megabytes: number }[] = [];
  let faults = 0;
  let right = 0;
  while (elapsedSeconds() < run.seconds) {
    const seconds = Math.max(3, Math.min(PIECE_SECONDS, Math.ceil(run.seconds - elapsedSeconds())));
    const { load } = await measure(stage, { connections: run.connections, seconds, stop });
    faults += load.wrong + load.other + load.shedWithoutWait + brokenOff(load);
    right += load.right;
    samples.push({ seconds: elapsedSeconds(), megabytes: residentKb(stage.service.pid) / MB });
    const last = samples.at(-1);
    if (samples.length % 6 === 1)
      say(`  ${Math.round(elapsedSeconds())} s: ${last?.megabytes.toFixed(1)} MB, ${right} right answers`);
  }
  const settled = samples.filter(({ seconds }) => seconds >= run.seconds * SETTLING_SHARE);
  const perHour = slopePerHour(settled);
  const isLong = run.seconds >= LEAST_SECONDS;
  return {
    checks: [
      {
        what: "the slope of the service's memory",
        seen: `${perHour.toFixed(1)} MB/h over ${settled.length} looks, ${settled.at(-1)?.megabytes.toFixed(0)} MB at the end`,
        needed: isLong ? `≤ ${MOST_SLOPE_MB_PER_HOUR} MB/h` : `judged from ${LEAST_SECONDS} s on`,
        holds: !isLong || perHour <= MOST_SLOPE_MB_PER_HOUR,
      },
      {
        what: 'nothing is answered but the right slip or 503 with Retry-After',
        seen: `${faults} of anything else, ${right} right`,
        needed: 'none',
        holds: faults === 0 && right > 0,
      },
    ],
    figures: { runtime: run.runtime, seconds: run.seconds, slopeMbPerHour: perHour, samples },
  };
}

/** Resident memory in KB. */
function residentKb(pid: number): number {
  return Number(/^VmRSS:\s*([0-9]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Least squares. */
export function slopePerHour(samples: readonly { seconds: number; megabytes: number }[]): number {
  const n = samples.length;
  const meanX = samples.reduce((sum, { seconds }) => sum + seconds, 0) / n;
  const meanY = samples.reduce((sum, { megabytes }) => sum + megabytes, 0) / n;
  let above = 0;
  let below = 0;
  for (const { seconds, megabytes } of samples) {
    above += (seconds - meanX) * (megabytes - meanY);
    below += (seconds - meanX) ** 2;
  }
  return below === 0 ? 0 : (above / below) * 3_600;
}
