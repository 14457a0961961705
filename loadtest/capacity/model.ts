/**
 * The capacity of an installation as a model: CPU by rate (the utilisation law, with requests that share work),
 * and the first resource that is full sets the bound. Fitted to measured rates, it predicts others.
 */
import { utilisationWithin } from './queueing.ts';

/** One measured rate: CPU in cores. */
export interface MeasuredRate {
  readonly ratePerSecond: number;
  readonly service: number;
  readonly redis: number;
  /** All parts of the rehearsal together, the generator included when it shares the machine. */
  readonly machine: number;
}

/**
 * Cores used = alone × rate ÷ (1 + sharing × rate). A request that comes alone wakes a process, is read, asks
 * Redis and is written, each with a system call of its own; the more come at once, the more of them share those.
 */
export interface CpuCurve {
  /** CPU seconds of a request that comes alone. */
  readonly alone: number;
  /** Seconds: at a rate of its inverse a request costs half. 0: none share anything. */
  readonly sharing: number;
}

export interface CapacityModel {
  readonly service: CpuCurve;
  readonly redis: CpuCurve;
  readonly machine: CpuCurve;
  /** The rates that it was fitted to. */
  readonly fittedTo: readonly number[];
}

export interface Resources {
  /** Processes that answer lookups, each of which has one thread that does the work. */
  readonly serviceProcesses: number;
  readonly machineCores: number;
  readonly objectiveMs: number;
}

export interface PredictedCapacity {
  readonly perSecond: number;
  /** The resource that is full first. */
  readonly bottleneck: 'service' | 'redis' | 'machine';
}

/** Lookups differ little in work; the longer ones are those that meet a collection of garbage. */
export const SERVICE_VARIATION = 1;

/**
 * Fits the model.
 * @throws RangeError with fewer than two different rates.
 */
export function fitModel(measured: readonly MeasuredRate[]): CapacityModel {
  const rates = measured.map(({ ratePerSecond }) => ratePerSecond);
  if (new Set(rates).size < 2) throw new RangeError('The model needs two different rates.');
  const curve = (name: 'service' | 'redis' | 'machine'): CpuCurve =>
    fitCurve(measured.map((one) => ({ rate: one.ratePerSecond, cores: one[name] })));
  return { service: curve('service'), redis: curve('redis'), machine: curve('machine'), fittedTo: rates };
}

/** Cores that a resource uses at a rate. */
export function coresAt({ alone, sharing }: CpuCurve, ratePerSecond: number): number {
  return (alone * ratePerSecond) / (1 + sharing * ratePerSecond);
}

/** The rate at which the first resource is as full as the objective allows. */
export function predictCapacity(model: CapacityModel, resources: Resources): PredictedCapacity {
  const { service, redis, machine } = model;
  const { serviceProcesses, machineCores, objectiveMs } = resources;
  const bounds: PredictedCapacity[] = [
    { perSecond: rateUntil(service, serviceProcesses, objectiveMs), bottleneck: 'service' },
    // Redis works on one thread.
    { perSecond: rateUntil(redis, 1, objectiveMs), bottleneck: 'redis' },
    { perSecond: rateUntil(machine, machineCores, objectiveMs), bottleneck: 'machine' },
  ];
  return bounds.reduce((least, one) => (one.perSecond < least.perSecond ? one : least));
}

/** The rate at which so many servers reach the utilisation that keeps the 99th percentile within the bound. */
function rateUntil({ alone, sharing }: CpuCurve, servers: number, objectiveMs: number): number {
  const cores = servers * utilisationWithin(objectiveMs, alone * 1_000, SERVICE_VARIATION);
  const left = alone - cores * sharing;
  return left <= 0 ? Number.POSITIVE_INFINITY : cores / left;
}

/** Least squares of the relative error: 1 = (a + b × rate) × cores ÷ rate is linear in a and b. */
function fitCurve(points: readonly { readonly rate: number; readonly cores: number }[]): CpuCurve {
  let xx = 0;
  let xy = 0;
  let yy = 0;
  let x1 = 0;
  let y1 = 0;
  for (const { rate, cores } of points) {
    const [x, y] = [cores / rate, cores];
    xx += x * x;
    xy += x * y;
    yy += y * y;
    x1 += x;
    y1 += y;
  }
  const determinant = xx * yy - xy * xy;
  const b = (y1 * xx - x1 * xy) / determinant;
  const a = (x1 * yy - y1 * xy) / determinant;
  // Noise can make requests look dearer together than alone, which nothing explains.
  if (!(b > 0 && a > 0)) return { alone: xx / x1, sharing: 0 };
  return { alone: 1 / a, sharing: b / a };
}

/** A prediction held against what was measured. */
export interface Check {
  readonly what: 'service' | 'redis' | 'machine' | 'capacity';
  readonly ratePerSecond: number;
  readonly predicted: number;
  readonly measured: number;
  /** (predicted − measured) / measured. */
  readonly error: number;
}

/** Predicts the CPU of a rate to which the model was not fitted. */
export function checkAt(model: CapacityModel, measured: MeasuredRate): Check[] {
  return (['service', 'redis', 'machine'] as const).map((what) =>
    check(what, measured.ratePerSecond, coresAt(model[what], measured.ratePerSecond), measured[what]),
  );
}

/** A check of one value. */
export function check(
  what: Check['what'],
  ratePerSecond: number,
  predicted: number,
  measured: number,
): Check {
  return { what, ratePerSecond, predicted, measured, error: (predicted - measured) / measured };
}
