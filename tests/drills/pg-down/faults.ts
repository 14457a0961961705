/**
 * @module What is done to Postgres, and what visitors and instances felt of it.
 *
 * Failure policy: an instance that has ended, or does not poll again, is told in what was felt; nothing rejects for it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readsOf } from '../../helpers/cache-watch.ts';
import { impairedMs, summarize, type CheckedLoad, type LoadSummary } from '../../helpers/checked-load.ts';
import type { RunningService } from '../../helpers/service.ts';
import { until } from '../../helpers/until.ts';

/** Milliseconds (reliability.md section 3, row 6). */
export const MOST_MISS_MS = 300;
/** Milliseconds after the fault's end in which everything is watched: more than any recovery may take. */
const WATCH_MS = 6_000;

export interface Fault {
  readonly name: string;
  readonly begin: () => Promise<unknown>;
  /** Resolves when Postgres answers again. */
  readonly end: () => Promise<unknown> | void;
}

export interface Stage {
  readonly services: readonly RunningService[];
  /** Candidates whose slips are in Redis, and strangers. */
  readonly warm: CheckedLoad;
  /** Candidates whose slips Redis has lost, each asked for once. */
  readonly cold: CheckedLoad;
  readonly lastsMs: number;
  readonly stop: AbortSignal;
}

export interface Felt {
  readonly fault: string;
  /** Of candidates with a slip in Redis, and of strangers: from the fault's begin until all is as before. */
  readonly hits: LoadSummary;
  readonly strangers: LoadSummary;
  /** Of candidates without, while Postgres was away. */
  readonly misses: LoadSummary;
  /** Of them, how many waited for longer than they may. */
  readonly slowMisses: number;
  /** From Postgres's first answer to the last candidate that it did not help. */
  readonly recoveredMs: number;
  /** From there until every instance had read the publications again; null: not within the time of watching. */
  readonly pollsBackMs: number | null;
  /** Instances that called themselves ready at the end of the fault. */
  readonly ready: number;
  /** Reads that Redis, which has no fault, was too slow for; null: an instance that has ended cannot tell. */
  readonly redisAway: { readonly during: number | null; readonly afterwards: number | null };
}

/** Lets the fault last, and watches what comes after it. */
export async function feel({ services, warm, cold, lastsMs, stop }: Stage, fault: Fault): Promise<Felt> {
  const before = await redisAway(services);
  const beganMs = performance.now();
  await fault.begin();
  const awayFromMs = performance.now();
  await sleep(lastsMs, undefined, { signal: stop });
  const ready = (await Promise.all(services.map(isReady))).filter(Boolean).length;
  const atEnd = await redisAway(services);
  const awayUntilMs = performance.now();
  await fault.end();
  const backMs = performance.now();
  const [pollsBackMs] = await Promise.all([
    pollsBack(services, backMs),
    sleep(WATCH_MS, undefined, { signal: stop }),
  ]);
  const after = await redisAway(services);

  const since = warm.answers.filter(({ sentMs }) => sentMs >= beganMs);
  const misses = cold.answers.filter(
    // Who asked towards the end may have been helped when it was over.
    ({ sentMs, isStranger }) => !isStranger && sentMs >= awayFromMs && sentMs <= awayUntilMs - MOST_MISS_MS,
  );
  return {
    fault: fault.name,
    hits: summarize(since.filter(({ isStranger }) => !isStranger)),
    strangers: summarize(since.filter(({ isStranger }) => isStranger)),
    misses: summarize(misses),
    slowMisses: misses.filter(({ tookMs }) => tookMs > MOST_MISS_MS).length,
    recoveredMs: impairedMs(cold.answers, backMs, MOST_MISS_MS),
    pollsBackMs,
    ready,
    redisAway: { during: difference(before, atEnd), afterwards: difference(atEnd, after) },
  };
}

function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}

async function redisAway(services: readonly RunningService[]): Promise<number | null> {
  try {
    const reads = await Promise.all(services.map(readsOf));
    return reads.reduce((sum, { away }) => sum + away, 0);
  } catch {
    return null;
  }
}

async function isReady({ adminUrl }: RunningService): Promise<boolean> {
  try {
    return (await fetch(`${adminUrl}/readyz`)).status === 200;
  } catch {
    return false;
  }
}

async function pollsBack(services: readonly RunningService[], fromMs: number): Promise<number | null> {
  const polled = services.map((service) =>
    until(
      'the publications are read again',
      async () => {
        const ageSeconds = await service.metric('fangbang_poll_age_seconds');
        return performance.now() - ageSeconds * 1_000 >= fromMs;
      },
      WATCH_MS,
    ),
  );
  try {
    await Promise.all(polled);
    return Math.round(performance.now() - fromMs);
  } catch {
    return null;
  }
}
