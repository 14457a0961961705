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
 * Cores used = rate × (own + shared ÷ (1 + sharing × rate)). A request that comes alone wakes a process, is read,
 * asks Redis and is written, each with a system call of its own; the more come at once, the more of them share
 * those, and what is left is each one's own.
 */
export interface CpuCurve {
  /** CPU seconds of a request that nothing can share. */
  readonly own: number;
  /** CPU seconds that a request which comes alone adds to them. */
  readonly shared: number;
  /** Seconds: at a rate of its inverse that part is halved. */
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
export function coresAt({ own, shared, sharing }: CpuCurve, ratePerSecond: number): number {
  return ratePerSecond * (own + shared / (1 + sharing * ratePerSecond));
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
function rateUntil(curve: CpuCurve, servers: number, objectiveMs: number): number {
  const workMs = (curve.own + curve.shared) * 1_000;
  const cores = servers * utilisationWithin(objectiveMs, workMs, SERVICE_VARIATION);
  if (coresAt(curve, MOST_PER_SECOND) < cores) return Number.POSITIVE_INFINITY;
  let low = 0;
  let high = MOST_PER_SECOND;
  // The cores grow with the rate throughout.
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (coresAt(curve, middle) < cores) low = middle;
    else high = middle;
  }
  return low;
}

/** No machine holds as much; a resource that is not full at it never is. */
const MOST_PER_SECOND = 1e7;

interface Point {
  readonly rate: number;
  readonly cores: number;
}

/** Least squares of the relative error, for each of many values of `sharing`; the best of them. */
function fitCurve(points: readonly Point[]): CpuCurve {
  // Two points cannot tell three numbers apart: then nothing is shared.
  const steps = points.length < 3 ? 0 : SHARING_STEPS;
  let best = { curve: fitWith(points, 0), error: Number.POSITIVE_INFINITY };
  for (let step = 0; step <= steps; step += 1) {
    const sharing = step === 0 ? 0 : LEAST_SHARING * SHARING_FACTOR ** (step - 1);
    const curve = fitWith(points, sharing);
    const error = points.reduce((sum, { rate, cores }) => sum + (coresAt(curve, rate) / cores - 1) ** 2, 0);
    if (error < best.error) best = { curve, error };
  }
  return best.curve;
}

/** From one in ten million requests a second to one in ten, in steps of 5%. */
const LEAST_SHARING = 1e-7;
const SHARING_FACTOR = 1.05;
const SHARING_STEPS = 284;

/** own and shared by least squares of own × x + shared × y = 1, neither of them negative. */
function fitWith(points: readonly Point[], sharing: number): CpuCurve {
  let [xx, xy, yy, x1, y1] = [0, 0, 0, 0, 0];
  for (const { rate, cores } of points) {
    const x = rate / cores;
    const y = x / (1 + sharing * rate);
    xx += x * x;
    xy += x * y;
    yy += y * y;
    x1 += x;
    y1 += y;
  }
  const determinant = xx * yy - xy * xy;
  const own = (x1 * yy - y1 * xy) / determinant;
  const shared = (y1 * xx - x1 * xy) / determinant;
  if (sharing === 0 || !(shared >= 0)) return { own: x1 / xx, shared: 0, sharing: 0 };
  return own >= 0 ? { own, shared, sharing } : { own: 0, shared: y1 / yy, sharing };
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
