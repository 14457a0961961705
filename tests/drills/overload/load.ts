/**
 * @module One run of wrk with load.lua: kept connections that are never without a request, every answer held
 * against the truth.
 *
 * Failure policy: a wrk that fails, or is ended by `stop`, rejects. It inherits this process's core.
 */
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Tool } from '../../../loadtest/bench/tools.ts';
import { runWrkScript } from '../../../loadtest/bench/wrk.ts';

const counts = z.record(z.string(), z.number());
const resultSchema = z.object({
  durationUs: z.number(),
  /** Of all kinds. */
  answers: z.number(),
  errors: z.object({ connect: z.number(), read: z.number(), write: z.number(), timeout: z.number() }),
  sent: z.number(),
  /** The candidate's own answer, byte for byte, within a second. */
  right: z.number(),
  /** The same, later. */
  late: z.number(),
  /** 200 with anything else. */
  wrong: z.number(),
  /** 503. */
  shed: z.number(),
  shedWithoutWait: z.number(),
  /** Any other status. */
  other: z.number(),
  /** Admitted lookups by whole milliseconds from sending to answer. */
  tookMs: counts,
  /** 503 by Retry-After. */
  waits: counts,
  /** Right answers by second. */
  perSecond: counts,
});

export type LoadResult = z.infer<typeof resultSchema>;

export interface LoadRun {
  readonly wrk: Tool;
  readonly port: number;
  readonly requestsFile: string;
  readonly answersFile: string;
  readonly connections: number;
  readonly seconds: number;
  readonly stop: AbortSignal;
}

const SCRIPT = fileURLToPath(new URL('./load.lua', import.meta.url));

/** Runs wrk to its end. */
export async function runLoad(run: LoadRun): Promise<LoadResult> {
  const { wrk, port, connections, seconds, stop } = run;
  const args = [
    ...['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', `-s${SCRIPT}`],
    ...[`http://127.0.0.1:${port}`, '--', run.requestsFile, run.answersFile],
  ];
  return resultSchema.parse(await runWrkScript({ wrk, seconds, stop }, args, 'drill'));
}

/** The latency in milliseconds, rounded up, within which this share of the admitted were answered. */
export function quantileMs(tookMs: LoadResult['tookMs'], share: number): number {
  const buckets = Object.entries(tookMs)
    .map(([ms, count]) => ({ ms: Number(ms), count }))
    .sort((a, b) => a.ms - b.ms);
  const all = buckets.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { ms, count } of buckets) {
    seen += count;
    if (seen >= share * all) return ms + 1;
  }
  return Number.NaN;
}
