/**
 * A limit of entries per second, asked for by whoever warms a Redis that answers lookups at the same time.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, when it is ahead of the rate, after each piece of work. */
export class Pace {
  readonly #perSecond: number | undefined;
  readonly #startedAtMs = performance.now();
  #done = 0;

  /** @param perSecond undefined for no limit. */
  constructor(perSecond: number | undefined) {
    this.#perSecond = perSecond;
  }

  /** @throws the signal's reason */
  async after(count: number, signal: AbortSignal): Promise<void> {
    if (this.#perSecond === undefined) return;
    this.#done += count;
    const aheadMs = (this.#done * 1000) / this.#perSecond - (performance.now() - this.#startedAtMs);
    if (aheadMs <= 0) return;
    // Its own AbortError says less than our reason.
    await sleep(aheadMs, undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  }
}
