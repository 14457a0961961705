/**
 * @module How much of what is asked of Redis it has, second by second: judged by the instances' own metrics, under
 * load.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readsOf } from '../../helpers/cache-watch.ts';

type CacheReads = Awaited<ReturnType<typeof readsOf>>;

const WINDOW_MS = 1_000;
/** Hits again are those that stay: a walk through the candidates may find a warm stretch first. */
const STAYS_WINDOWS = 5;

export interface HitsWatched {
  /** From the beginning until the share of hits was back, to stay; null: it did not come in time. */
  readonly backMs: number | null;
  /** The share of each second, of the instance that was worst off. */
  readonly shares: readonly number[];
  /** Reads of all instances in all that time. */
  readonly reads: CacheReads;
}

interface HitsWanted {
  /** From 0 to 1, at every instance. */
  readonly wantedShare: number;
  /** So long it is watched in any case. */
  readonly leastMs: number;
  /** From then on it is no longer waited for. */
  readonly atMostMs: number;
  readonly stop: AbortSignal;
}

/** Resolves when hits have been back for five seconds, or too late. */
export async function watchHits(
  services: readonly { readonly adminUrl: string }[],
  { wantedShare, leastMs, atMostMs, stop }: HitsWanted,
): Promise<HitsWatched> {
  const fromMs = performance.now();
  const first = await Promise.all(services.map(readsOf));
  const shares: number[] = [];
  const readsFrom = (before: readonly CacheReads[], after: readonly CacheReads[]): CacheReads[] =>
    after.map((one, i) => difference(one, before[i]));
  let [before, goodSinceMs, goodWindows] = [first, 0, 0];
  for (;;) {
    await sleep(WINDOW_MS, undefined, { signal: stop });
    const after = await Promise.all(services.map(readsOf));
    const share = Math.min(...readsFrom(before, after).map(hitShare));
    before = after;
    shares.push(Math.round(share * 1_000) / 1_000);
    const passedMs = Math.round(performance.now() - fromMs);
    if (share < wantedShare) [goodSinceMs, goodWindows] = [passedMs, 0];
    else goodWindows += 1;
    const isBack = goodWindows >= STAYS_WINDOWS && passedMs >= leastMs;
    if (isBack || goodSinceMs > atMostMs)
      return {
        backMs: isBack ? goodSinceMs : null,
        shares,
        reads: readsFrom(first, after).reduce(sum),
      };
  }
}

function hitShare({ hit, miss, damaged, away }: CacheReads): number {
  const all = hit + miss + damaged + away;
  return all === 0 ? 0 : hit / all;
}

function difference(after: CacheReads, before: CacheReads | undefined): CacheReads {
  return combine(after, before, (one, other) => one - other);
}

function sum(one: CacheReads, other: CacheReads): CacheReads {
  return combine(one, other, (a, b) => a + b);
}

function combine(
  one: CacheReads,
  other: CacheReads | undefined,
  how: (a: number, b: number) => number,
): CacheReads {
  return {
    hit: how(one.hit, other?.hit ?? 0),
    miss: how(one.miss, other?.miss ?? 0),
    damaged: how(one.damaged, other?.damaged ?? 0),
    away: how(one.away, other?.away ?? 0),
  };
}
