/**
 * What the service writes to Redis, over a client of its own: the epoch it has learned, and slips
 * that the cache had lost.
 *
 * Failure policy: never rejects, nobody waits for it. What could not be written is counted and
 * written again when it is missed again.
 */
import { EPOCH_KEY, RAISE_EPOCH_SCRIPT } from '#results/redis-keys.ts';
import { parseEpoch } from './epoch-rule.ts';
import type { LookupObserver } from './observer.ts';
import type { RedisClient } from './redis-client.ts';

/** Slips on their way to Redis at once; beyond it they wait to be missed again. */
const MAX_HEALING = 64;

export class RedisWriter {
  readonly #client: RedisClient;
  readonly #observer: LookupObserver;
  #healing = 0;

  constructor(client: RedisClient, observer: LookupObserver) {
    this.#client = client;
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

  /** Raises the epoch in Redis when it is lower or missing; never lowers it. */
  async raiseEpoch(epoch: number): Promise<void> {
    try {
      const inRedis = parseEpoch(await this.#client.getBuffer(EPOCH_KEY));
      if (inRedis === undefined || inRedis < epoch)
        await this.#client.eval(RAISE_EPOCH_SCRIPT, 1, EPOCH_KEY, String(epoch));
    } catch {
      // The client's own events say that Redis is away; the next poll tries again.
    }
  }
}
