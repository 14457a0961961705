/**
 * @module When instances of the service have a cache again: judged by their own metrics, under load.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { REDIS_OUTCOMES } from '../../service/lookup/observer.ts';

type CacheReads = Readonly<Record<(typeof REDIS_OUTCOMES)[number], number>>;

/** Long enough for some dozens of reads under the loads of tests. */
const WINDOW_MS = 400;
/** One of three masters that is gone makes it a third. */
const MOST_AWAY = 0.15;

/**
 * Resolves once every instance reads Redis as usual for 400 ms, or another time: to the milliseconds from `fromMs`
 * (by performance.now) to the beginning of that time.
 * @throws when that has not come after `atMostMs`.
 */
export async function untilCacheIsBack(
  services: readonly { readonly adminUrl: string }[],
  fromMs: number,
  atMostMs: number,
  windowMs = WINDOW_MS,
): Promise<number> {
  const backMs = services.map(async (service) => {
    for (;;) {
      const beganMs = performance.now();
      const before = await readsOf(service);
      await sleep(windowMs);
      const after = await readsOf(service);
      const hits = after.hit - before.hit;
      const away = after.away - before.away;
      if (hits > 0 && away <= MOST_AWAY * (hits + away)) return Math.max(0, Math.round(beganMs - fromMs));
      if (performance.now() - fromMs > atMostMs)
        throw new Error(`no cache after ${atMostMs} ms: of the last reads ${hits} were hits, ${away} away`);
    }
  });
  return Math.max(...(await Promise.all(backMs)));
}

/** Reads of Redis since the instance began, by what became of them. */
export async function readsOf({ adminUrl }: { readonly adminUrl: string }): Promise<CacheReads> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text();
  const read = (outcome: keyof CacheReads): number => {
    const line = text
      .split('\n')
      .find((one) => one.startsWith(`fangbang_redis_reads_total{outcome="${outcome}"}`));
    if (line === undefined) throw new Error(`there is no metric of Redis reads that are ${outcome}`);
    return Number(line.slice(line.indexOf('}') + 1));
  };
  return Object.fromEntries(REDIS_OUTCOMES.map((outcome) => [outcome, read(outcome)])) as CacheReads;
}
