/**
 * Lookups one by one through K instances and S shards of Redis: what no machine here could send. Every lookup
 * takes a random instance, waits for its processor, is worked on, takes the shard of its key, waits for it, and
 * is answered. An instance with too much work turns lookups away, as the service does.
 */
import type { RateCurve } from '../profiles/rate-curve.ts';
import { curveSeconds, rateAt } from '../profiles/rate-curve.ts';

export interface SimulationOptions {
  /** Lookups a second. */
  readonly curve: RateCurve;
  readonly instances: number;
  readonly shards: number;
  /** Mean work of an instance for one lookup, with its share of pages and the rest; exponential. */
  readonly serviceMs: number;
  /** Mean work of a shard for one lookup; exponential. */
  readonly redisMs: number;
  /** To Redis and back. */
  readonly roundTripMs: number;
  /** Lookups that an instance works on at once; beyond it 503. */
  readonly maxInFlight: number;
  readonly seed: number;
}

export interface SimulatedSecond {
  readonly second: number;
  readonly offered: number;
  readonly shed: number;
  /** Milliseconds of those that were answered; undefined when there was none. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Lookups in all instances' lines at the end of the second, estimated from the work that is left. */
  readonly waiting: number;
}

export interface Simulation {
  readonly options: SimulationOptions;
  readonly lookups: number;
  readonly shed: number;
  /** Of the answered ones. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly bySecond: readonly SimulatedSecond[];
}

/** Latencies are kept in buckets that differ by 2%. */
const BUCKET = Math.log(1.02);
const LEAST_MS = 0.01;
const BUCKETS = 1_000;
/** Long enough that sorting pays, short enough that little is kept. */
const SLICE_SECONDS = 0.1;
/** Microseconds of arrival at the shards and latency in tenths of a millisecond, in one number that sorts. */
const LATENCY_RANGE = 2 ** 20;

/** Simulates the whole curve. Some 5 million lookups a second of computing. */
export function simulate(options: SimulationOptions): Simulation {
  const { curve, instances, shards, serviceMs, redisMs, roundTripMs } = options;
  const random = randomNumbers(options.seed);
  const seconds = Math.ceil(curveSeconds(curve));
  const instanceFree = new Float64Array(instances);
  const shardFree = new Float64Array(shards);
  const mostBacklogMs = options.maxInFlight * serviceMs;
  const perSecond = Array.from({ length: seconds }, () => ({ offered: 0, shed: 0, waiting: 0 }));
  const buckets = Array.from({ length: seconds }, () => new Uint32Array(BUCKETS));
  let onWay: number[] = [];
  let maxMs = 0;

  /** Through the shards, in the order in which they come there. */
  const throughShards = (untilMs: number): void => {
    const later: number[] = [];
    const now: number[] = [];
    for (const one of onWay) (one < untilMs * 1_000 * LATENCY_RANGE ? now : later).push(one);
    onWay = later;
    for (const one of Float64Array.from(now).sort()) {
      const atMs = Math.floor(one / LATENCY_RANGE) / 1_000;
      const beforeMs = (one % LATENCY_RANGE) / 10;
      const shard = Math.floor(random() * shards);
      const doneMs = Math.max(atMs, shardFree[shard] ?? 0) - Math.log(1 - random()) * redisMs;
      shardFree[shard] = doneMs;
      const latencyMs = beforeMs + (doneMs - atMs) + roundTripMs / 2;
      if (latencyMs > maxMs) maxMs = latencyMs;
      const second = Math.min(seconds - 1, Math.max(0, Math.floor((atMs - beforeMs) / 1_000)));
      const inSecond = buckets[second];
      const bucket = bucketOf(latencyMs);
      if (inSecond !== undefined) inSecond[bucket] = (inSecond[bucket] ?? 0) + 1;
    }
  };

  const slices = Math.round(seconds / SLICE_SECONDS);
  for (let slice = 0; slice < slices; slice += 1) {
    const startMs = slice * SLICE_SECONDS * 1_000;
    const endMs = startMs + SLICE_SECONDS * 1_000;
    const second = perSecond[Math.floor(slice * SLICE_SECONDS + 1e-9)];
    const gapMs = 1_000 / rateAt(curve, (startMs + endMs) / 2_000);
    if (second === undefined) break;
    for (
      let atMs = startMs - Math.log(1 - random()) * gapMs;
      atMs < endMs;
      atMs -= Math.log(1 - random()) * gapMs
    ) {
      second.offered += 1;
      const instance = Math.floor(random() * instances);
      const freeMs = instanceFree[instance] ?? 0;
      if (freeMs - atMs > mostBacklogMs) {
        second.shed += 1;
        continue;
      }
      const doneMs = Math.max(atMs, freeMs) - Math.log(1 - random()) * serviceMs;
      instanceFree[instance] = doneMs;
      const latency = Math.min(LATENCY_RANGE - 1, Math.round((doneMs - atMs + roundTripMs / 2) * 10));
      onWay.push(Math.round((doneMs + roundTripMs / 2) * 1_000) * LATENCY_RANGE + latency);
    }
    throughShards(endMs);
    second.waiting = instanceFree.reduce((sum, freeMs) => sum + Math.max(0, freeMs - endMs), 0) / serviceMs;
  }
  throughShards(Number.POSITIVE_INFINITY);

  const all = new Uint32Array(BUCKETS);
  for (const one of buckets) for (let i = 0; i < BUCKETS; i += 1) all[i] = (all[i] ?? 0) + (one[i] ?? 0);
  const sum = (name: 'offered' | 'shed'): number => perSecond.reduce((total, one) => total + one[name], 0);
  return {
    options,
    lookups: sum('offered'),
    shed: sum('shed'),
    p50Ms: percentileIn(all, 50) ?? 0,
    p99Ms: percentileIn(all, 99) ?? 0,
    maxMs,
    bySecond: perSecond.map((one, second) => ({
      ...one,
      second,
      p50Ms: percentileIn(buckets[second] ?? all, 50),
      p99Ms: percentileIn(buckets[second] ?? all, 99),
    })),
  };
}

function bucketOf(latencyMs: number): number {
  return Math.min(BUCKETS - 1, Math.max(0, Math.floor(Math.log(latencyMs / LEAST_MS) / BUCKET)));
}

function percentileIn(counts: Uint32Array, percent: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let left = Math.ceil((percent / 100) * total);
  if (total === 0) return undefined;
  for (const [bucket, count] of counts.entries()) {
    left -= count;
    // The middle of the bucket.
    if (left <= 0) return LEAST_MS * Math.exp((bucket + 0.5) * BUCKET);
  }
  return undefined;
}

/** From 0 (included) to 1 (not): xorshift32 of Marsaglia, fast enough for a hundred million draws. */
function randomNumbers(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
