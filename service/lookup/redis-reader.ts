/**
 * The cache as a lookup sees it. Lookups of the same turn of the event loop share one fetch, and
 * each fetch brings the epoch along (design.md section 2.3).
 *
 * Failure policy: never rejects, never waits longer than 50 ms. What has not come by then, or cannot
 * be read, is `away`.
 */
import { EPOCH_KEY } from '#results/redis-keys.ts';
import { parseEpoch } from './epoch-rule.ts';
import type { Fetched, FetchMany } from './redis-fetch.ts';
import type { RedisKey } from './wire-command.ts';
import { Soon } from './soon.ts';

/** null: not there. */
export type CacheValue = Buffer | null | 'away';

export interface CacheRead {
  /** undefined: missing, or not readable. */
  readonly epoch: number | undefined;
  readonly value: CacheValue;
  /** Of the keys that were to be read along, in their order. */
  readonly along: readonly CacheValue[];
}

export interface ResultCache {
  /** The value of a key, and of those to be read along with it. */
  read(key: RedisKey, along: readonly RedisKey[]): PromiseLike<CacheRead>;
}

/** Keys in one fetch: a longer one would make other clients of Redis wait. */
const MAX_KEYS = 384;
/** Longest wait for an answer in milliseconds, the client's queue included. */
const GIVE_UP_MS = 50;

interface Waiting {
  readonly key: RedisKey;
  readonly along: readonly RedisKey[];
  readonly read: Soon<CacheRead>;
}

export class RedisReader implements ResultCache {
  readonly #fetchMany: FetchMany;
  #waiting: Waiting[] = [];
  #keys = 0;

  constructor(fetchMany: FetchMany) {
    this.#fetchMany = fetchMany;
  }

  read(key: RedisKey, along: readonly RedisKey[]): PromiseLike<CacheRead> {
    const read = new Soon<CacheRead>();
    // After the requests that the same turn of the event loop brings.
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push({ key, along, read });
    this.#keys += 1 + along.length;
    if (this.#keys >= MAX_KEYS) this.#flush();
    return read;
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#keys = 0;
    const keys: RedisKey[] = [EPOCH_KEY];
    for (const { key, along } of batch) keys.push(key, ...along);

    const fetched: Fetched[] = [];
    let isSettled = false;
    const settle = (): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(giveUp);
      const epoch = fetched[0] instanceof Error ? undefined : parseEpoch(fetched[0]);
      let next = 1;
      for (const { along, read } of batch) {
        const value = awayUnlessThere(fetched[next++]);
        const values: CacheValue[] = [];
        while (values.length < along.length) values.push(awayUnlessThere(fetched[next++]));
        read.resolve({ epoch, value, along: values });
      }
    };
    // One turn more, for an answer that is there already: when this process was held up (no CPU, a
    // long collection), timers come before sockets, and giving up would send all to Postgres just
    // when everything is slow.
    const giveUp = setTimeout(() => setImmediate(settle), GIVE_UP_MS);
    this.#fetchMany(keys, fetched).then(settle, settle);
  }
}

function awayUnlessThere(value: Fetched): CacheValue {
  return value === undefined || value instanceof Error ? 'away' : value;
}
