/**
 * Who was at its limit in a run: a load generator that cannot keep up makes any service look slow, and a run in
 * which it could not says nothing about the service.
 */
import { median } from '../bench/statistics.ts';
import type { Lateness } from './figures.ts';
import type { Sample } from './watch.ts';

export interface LimitFacts {
  readonly lateness: Lateness;
  /** By thread and second: the share of the time in which it had work. */
  readonly busy: readonly (readonly number[])[];
  readonly samples: readonly Sample[];
  readonly machineCores: number;
  /** The service is on this machine. */
  readonly sharesMachine: boolean;
}

export interface Limits {
  /** The generator was the slower one: latencies are partly its own. */
  readonly generator: boolean;
  /** All cores of this machine were busy, and the service had to share them with the generator. */
  readonly machine: boolean;
  /** Programs that take no part in the rehearsal used more of this machine than can be overlooked. */
  readonly disturbed: boolean;
  /** All connections were taken while the service itself was quick. */
  readonly connections: boolean;
  /** In words. */
  readonly reasons: readonly string[];
}

/** A thread's event loop that has work in this share of the time has no time left for its timers. */
const BUSY = 0.9;
/** A fifth of the objective's 100 ms. */
const LATE_MS = 20;
/** The rest are the moments in which the system decides who is next. */
const FULL = 0.95;

/** Of the machine: what other programs may use before a missed threshold is no longer the service's alone. */
const DISTURBANCE = 0.15;

/** Reads the signs. */
export function limitsOf(facts: LimitFacts): Limits {
  const { lateness, busy, samples, machineCores, sharesMachine } = facts;
  const busiest = Math.max(0, ...busy.map(usual));
  const machineShare =
    usual(samples.flatMap(({ machine }) => (machine === undefined ? [] : [machine]))) / machineCores;
  const isBusy = busiest > BUSY;
  const isLate = lateness.sendingMs > LATE_MS;
  const machine = sharesMachine && machineShare > FULL;
  const othersShare = usual(samples.flatMap(othersIn)) / machineCores;
  const disturbed = sharesMachine && othersShare > DISTURBANCE;
  const connections = lateness.waitedShare > 0.01 && lateness.serviceMs < LATE_MS;
  const reasons = [
    ...(isBusy ? [`a thread of the generator had work ${percent(busiest)} of the time`] : []),
    ...(isLate
      ? [
          `1% of the requests were sent ${lateness.sendingMs.toFixed(0)} ms late or more with a connection free`,
        ]
      : []),
    ...(connections
      ? [`${percent(lateness.waitedShare)} of the requests waited for a connection of a quick service`]
      : []),
    ...(disturbed ? [`other programs used ${percent(othersShare)} of this machine`] : []),
    ...(machine ? [`the machine was ${percent(machineShare)} busy, the generator on it`] : []),
  ];
  return { generator: isBusy || isLate || connections, machine, disturbed, connections, reasons };
}

/** The median; 0 for a run so short that nothing was seen. */
function usual(values: readonly number[]): number {
  return values.length === 0 ? 0 : median(values);
}

/**
 * Cores that were used by what is none of ours: in a local set Postgres, which rests during a run, the system's
 * own work and other programs.
 */
export function othersIn({ machine, generator, service, redis }: Sample): number[] {
  if (machine === undefined || service === undefined || redis === undefined) return [];
  return [Math.max(0, machine - generator - service - redis)];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`;
}
