/**
 * What the service writes to Redis, over a client of its own: the epoch it has learned, and slips
 * that the cache had lost. It also reads the epoch after each poll (epoch-watch.ts).
 *
 * Failure policy: never rejects, nobody waits for it. What could not be written is counted and
 * written again when it is missed again.
 */
import { EPOCH_KEY, RAISE_EPOCH_SCRIPT } from '#results/redis-keys.ts';
import type { Polls } from './epoch-rule.ts';
import { parseEpoch } from './epoch-rule.ts';
import type { EpochWatch } from './epoch-watch.ts';
import type { LookupObserver } from './observer.ts';
import type { RedisClient } from './redis-client.ts';

/** Slips on their way to Redis at once; beyond it they wait to be missed again. */
const MAX_HEALING = 64;

export class RedisWriter {
  readonly #client: RedisClient;
  readonly #observer: LookupObserver;
  readonly #watch: EpochWatch;
  #healing = 0;

  constructor(client: RedisClient, watch: EpochWatch, observer: LookupObserver) {
    this.#client = client;
    this.#watch = watch;
    this.#observer = observer;
  }

  /** Writes a sealed slip back; returns at once. */
  heal(key: Buffer, sealed: Buffer): void {
    if (this.#healing >= MAX_HEALING) {
      this.#observer.heal('dropped');
      return;
    }
    this.#healing += 1;
    this.#client
      .set(key, sealed)
      .then(
        () => this.#observer.heal('written'),
        () => this.#observer.heal('failed'),
      )
      .finally(() => {
        this.#healing -= 1;
      });
  }

  /**
   * Reads the epoch in Redis and raises it when it is lower or missing; never lowers it. A Redis that has lost it is
   * told only what was polled since: an act may have been told to it, and lost with the rest, after the poll before.
   */
  async compareEpoch(epoch: number, polls: Polls): Promise<void> {
    const askedAtMs = this.#watch.nowMs();
    try {
      const inRedis = parseEpoch(await this.#client.getBuffer(EPOCH_KEY));
      this.#watch.heard(inRedis, askedAtMs);
      const isLower = inRedis === undefined || inRedis < epoch;
      if (isLower && this.#watch.isUnbrokenFor(polls.pollAgeMs))
        await this.#client.eval(RAISE_EPOCH_SCRIPT, 1, EPOCH_KEY, String(epoch));
    } catch {
      // The client's own events say that Redis is away; the next poll tries again.
    }
  }
}
