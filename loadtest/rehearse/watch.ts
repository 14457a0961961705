/**
 * @module What a run costs, looked at once a second: CPU of the load generator, of the service with its
 * descendants, of Redis, and of the whole machine.
 *
 * Failure policy: what cannot be read (another system than Linux, a process that has ended, a service on
 * another machine) is left out of the sample.
 */
import type { Redis } from 'ioredis';
import { cpus } from 'node:os';
import { coreTime, cpuTimeUs } from '../bench/cpu-time.ts';
import { preciseNowMs } from './load.ts';

/** Cores' worth of CPU within one second. */
export interface Sample {
  /** The middle of it, in seconds since the beginning of the run. */
  readonly second: number;
  readonly generator: number;
  readonly service: number | undefined;
  readonly redis: number | undefined;
  /** Of all processes on the machine. */
  readonly machine: number | undefined;
}

export interface Watched {
  /** Process id of the service, when it is on this machine. */
  readonly servicePid: number | undefined;
  readonly redis: Redis | undefined;
}

interface Reading {
  readonly atMs: number;
  readonly generatorUs: number;
  readonly serviceUs: number | undefined;
  readonly redisUs: number | undefined;
  readonly machineUs: number | undefined;
}

/** Watches until the returned function is called, which gives the samples from `startAtMs` on. */
export function watch(watched: Watched): (startAtMs: number) => Promise<Sample[]> {
  const readings: Promise<Reading>[] = [read(watched)];
  const timer = setInterval(() => readings.push(read(watched)), 1_000);
  return async (startAtMs) => {
    clearInterval(timer);
    readings.push(read(watched));
    const all = await Promise.all(readings);
    return all.slice(1).flatMap((after, i) => {
      const before = all[i];
      if (before === undefined || before.atMs < startAtMs - 250 || after.atMs - before.atMs < 400) return [];
      return [between(before, after, startAtMs)];
    });
  };
}

function between(before: Reading, after: Reading, startAtMs: number): Sample {
  const elapsedUs = (after.atMs - before.atMs) * 1_000;
  const cores = (name: 'serviceUs' | 'redisUs' | 'machineUs'): number | undefined => {
    const [from, to] = [before[name], after[name]];
    return from === undefined || to === undefined || to < from ? undefined : (to - from) / elapsedUs;
  };
  return {
    second: ((before.atMs + after.atMs) / 2 - startAtMs) / 1_000,
    generator: (after.generatorUs - before.generatorUs) / elapsedUs,
    service: cores('serviceUs'),
    redis: cores('redisUs'),
    machine: cores('machineUs'),
  };
}

async function read({ servicePid, redis }: Watched): Promise<Reading> {
  const { user, system } = process.cpuUsage();
  const reading = {
    atMs: preciseNowMs(),
    generatorUs: user + system,
    serviceUs: servicePid === undefined ? undefined : tried(() => cpuTimeUs(servicePid)),
    machineUs: tried(() => coreTime(cpus().map((_, i) => i)).processesUs),
  };
  return { ...reading, redisUs: redis === undefined ? undefined : await redisUs(redis) };
}

/** User and system time of Redis with all its threads, in microseconds. */
async function redisUs(redis: Redis): Promise<number | undefined> {
  try {
    const info = await redis.info('cpu');
    const seconds = (name: string): number => Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(info)?.[1]);
    const sum = (seconds('used_cpu_sys') + seconds('used_cpu_user')) * 1e6;
    return Number.isNaN(sum) ? undefined : sum;
  } catch {
    return undefined;
  }
}

function tried(look: () => number): number | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
