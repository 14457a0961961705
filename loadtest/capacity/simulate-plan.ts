/**
 * @module The largest plan, simulated: as planned, and with the instances that would do without any reserve if
 * everybody came evenly. Each in a thread of its own, because they take some twenty seconds.
 *
 * Failure policy: a thread's fault is the caller's.
 */
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { Forecast } from '../profiles/forecast.ts';
import { decaySeconds } from '../profiles/forecast.ts';
import type { RateCurve } from '../profiles/rate-curve.ts';
import { curveRequests, scaledCurve } from '../profiles/rate-curve.ts';
import type { Plan, PlanFacts } from './plan.ts';
import { planValue } from './plan.ts';
import type { Simulation, SimulationOptions } from './simulate.ts';
import { simulate } from './simulate.ts';

/** Within a rack; a guess, and said to be one. */
const ROUND_TRIP_MS = 0.5;
/** The service's own default (MAX_IN_FLIGHT). */
const MAX_IN_FLIGHT = 512;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's.
if (!isMainThread && isOrder(workerData)) parentPort?.postMessage(simulate(workerData.simulation));

/** Whether enough was measured for it. */
export function canSimulate({ serviceCpuPerRequest, redisCpuPerRequest }: PlanFacts): boolean {
  return serviceCpuPerRequest !== undefined && redisCpuPerRequest !== undefined;
}

/** Simulates a plan; undefined when the plan lacks what was not measured. */
export async function simulatePlan(
  plan: Plan,
  facts: PlanFacts,
  forecast: Forecast,
  seed: number,
): Promise<{ planned: Simulation; fewer: Simulation } | undefined> {
  const instances = planValue(plan, 'instances');
  const shards = planValue(plan, 'redisShards');
  const { serviceCpuPerRequest, redisCpuPerRequest, lookupShare } = facts;
  if (instances === undefined || shards === undefined) return undefined;
  if (serviceCpuPerRequest === undefined || redisCpuPerRequest === undefined) return undefined;
  const { candidates, lookupsPerCandidate, minutes, reserve } = plan.demand;
  const base: SimulationOptions = {
    curve: lookupCurve(forecast, candidates * lookupsPerCandidate, minutes),
    instances,
    shards,
    // A lookup carries its share of pages and the rest. What C allows an instance, not its CPU alone.
    serviceMs: 1_000 / (facts.capacityPerSecond * lookupShare),
    redisMs: (redisCpuPerRequest * 1_000) / lookupShare,
    roundTripMs: ROUND_TRIP_MS,
    maxInFlight: MAX_IN_FLIGHT,
    seed,
  };
  const without = { ...base, instances: Math.max(1, Math.ceil(instances / reserve)) };
  const [planned, fewer] = await Promise.all([inThread(base), inThread(without)]);
  return { planned, fewer };
}

/** All lookups within so many minutes, most of them at first: the forecast's decay, cut off and made whole. */
export function lookupCurve(forecast: Forecast, lookups: number, minutes: number): RateCurve {
  const seconds = Math.round(minutes * 60);
  const decay = decaySeconds(forecast);
  const pieces = Math.min(seconds, 60);
  const shape: RateCurve = {
    fromPerSecond: 1,
    stages: Array.from({ length: pieces }, (_, i) => ({
      seconds: seconds / pieces,
      toPerSecond: Math.exp(-(((i + 1) / pieces) * seconds) / decay),
    })),
  };
  return scaledCurve(shape, lookups / curveRequests(shape));
}

interface Order {
  readonly simulation: SimulationOptions;
}

function isOrder(data: unknown): data is Order {
  return typeof data === 'object' && data !== null && 'simulation' in data;
}

function inThread(simulation: SimulationOptions): Promise<Simulation> {
  const { promise, resolve, reject } = Promise.withResolvers<Simulation>();
  const worker = new Worker(new URL(import.meta.url), { workerData: { simulation } satisfies Order });
  worker.once('message', resolve);
  worker.once('error', reject);
  return promise;
}
