/**
 * The capacity of an installation as a model: CPU grows in a straight line with the rate (utilisation law), and
 * the first resource that is full sets the bound. Fitted to measured rates, it predicts others.
 */
import { utilisationWithin } from './queueing.ts';

/** One measured rate: CPU in cores. */
export interface MeasuredRate {
  readonly ratePerSecond: number;
  readonly service: number;
  readonly redis: number;
  /** Everything on the machine, the generator included when it shares it. */
  readonly machine: number;
}

/** Cores used = atRest + perRequest × rate. */
export interface Line {
  readonly atRest: number;
  /** CPU seconds. */
  readonly perRequest: number;
}

export interface CapacityModel {
  readonly service: Line;
  readonly redis: Line;
  readonly machine: Line;
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
  if (new Set(rates).size < 2) throw new RangeError('A line needs two different rates.');
  const line = (name: 'service' | 'redis' | 'machine'): Line =>
    fitLine(measured.map((one) => [one.ratePerSecond, one[name]]));
  return { service: line('service'), redis: line('redis'), machine: line('machine'), fittedTo: rates };
}

/** Cores that a resource uses at a rate. */
export function coresAt(line: Line, ratePerSecond: number): number {
  return line.atRest + line.perRequest * ratePerSecond;
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
function rateUntil(line: Line, servers: number, objectiveMs: number): number {
  if (line.perRequest <= 0) return Number.POSITIVE_INFINITY;
  const most = utilisationWithin(objectiveMs, line.perRequest * 1_000, SERVICE_VARIATION);
  return Math.max(0, (servers * most - line.atRest) / line.perRequest);
}

/** Least squares; a negative rest is none. */
function fitLine(points: readonly (readonly [x: number, y: number])[]): Line {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const meanX = mean(([x]) => x);
  const meanY = mean(([, y]) => y);
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const atRest = meanY - slope * meanX;
  if (atRest >= 0) return { atRest, perRequest: slope };
  // Through the origin.
  const squares = points.reduce((sum, [x]) => sum + x * x, 0);
  return { atRest: 0, perRequest: points.reduce((sum, [x, y]) => sum + x * y, 0) / squares };
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
