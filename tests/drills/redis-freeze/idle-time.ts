/**
 * @module How much of the machine nobody wanted: without any, times say more of the neighbours than of the service.
 */
import { cpus } from 'node:os';

interface CpuTimes {
  readonly idleMs: number;
  readonly allMs: number;
}

/** Begins to measure. @returns the share of all processors' time that was idle since, from 0 to 1. */
export function measureIdle(): () => number {
  const before = readTimes();
  return () => {
    const after = readTimes();
    return (after.idleMs - before.idleMs) / (after.allMs - before.allMs);
  };
}

function readTimes(): CpuTimes {
  let [idleMs, allMs] = [0, 0];
  for (const { times } of cpus()) {
    idleMs += times.idle;
    allMs += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idleMs, allMs };
}
