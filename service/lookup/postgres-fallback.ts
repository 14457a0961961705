/**
 * The way to Postgres for what the cache has lost. Fallbacks are where outages grow (AWS Builders'
 * Library), so this one is capped: few connections, a bounded waiting line, one query for all who
 * ask for the same slip at once.
 *
 * Failure policy: never rejects. Waits 200 ms for a connection and 250 ms for the answer at most,
 * then it is `away`; beyond the waiting line it is `refused` at once. A Postgres that has answered nobody for half a
 * second is asked by one in half a second: all others are told `away` at once. The database checks the
 * publication itself by its own clock, so what it answers is current, or 0.1 s old behind Redis.
 */
import type pg from 'pg';
import type { Digest } from '#results/digest.ts';
import type { Logger, LookupObserver } from './observer.ts';
import { faultName } from './observer.ts';

export type SlipAnswer =
  | { readonly kind: 'found'; readonly payload: Buffer }
  /** No such candidate in the batch. */
  | { readonly kind: 'absent' }
  /** The batch is not open, by the database's clock. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'away' }
  | { readonly kind: 'refused' };

export interface SlipStore {
  find(batch: number, digest: Digest): Promise<SlipAnswer>;
}

/** Milliseconds; together with Redis's 50 they keep every answer below 600. */
export const FALLBACK_TIMEOUTS = { connectionTimeoutMillis: 200, query_timeout: 250 } as const;

export interface FallbackBounds {
  readonly connections: number;
  readonly waiting: number;
  /** Milliseconds for which a slip that was found is shared. */
  readonly sharedForMs: number;
}
/**
 * Behind Redis: 0.05% of wrong guesses, and a cache that heals. A slip is shared for longer than a read of Redis
 * waits (redis-reader.ts): one that was under way before it was written back finds it here
 * (npm run drill:redis-cold).
 */
export const BOUNDS_BEHIND_REDIS: FallbackBounds = { connections: 5, waiting: 64, sharedForMs: 100 };
/** With REDIS_URL=none, where every lookup that the filter lets through comes here. */
export const BOUNDS_WITHOUT_REDIS: FallbackBounds = { connections: 16, waiting: 256, sharedForMs: 0 };

/** Without any answer for so long and so often, Postgres is away for all. */
const GIVEN_UP_AFTER_MS = 500;
const GIVEN_UP_AFTER = 5;
/** Each attempt leaves a connection in the line of a Postgres that stands still: 575 took it 1.5 s to answer again. */
const TRY_EVERY_MS = 500;
/** What failed longer ago says nothing of now. */
const FORGOTTEN_AFTER_MS = 2_000;

export class PostgresFallback implements SlipStore {
  readonly #pool: pg.Pool;
  readonly #limit: number;
  readonly #sharedForMs: number;
  readonly #log: Logger;
  readonly #observer: LookupObserver;
  /** Queries, and slips that were found just now. */
  readonly #shared = new Map<string, Promise<SlipAnswer>>();
  #underWay = 0;
  /** Failures in a row, and when the first and the last of them were. */
  #failures = 0;
  #failingSinceMs = 0;
  #failedAtMs = 0;
  #tryAgainAtMs = 0;
  #lastFault: string | undefined;

  /** @param pool of `bounds.connections` connections and with FALLBACK_TIMEOUTS. */
  constructor(pool: pg.Pool, bounds: FallbackBounds, deps: { log: Logger; observer: LookupObserver }) {
    this.#pool = pool;
    this.#limit = bounds.connections + bounds.waiting;
    this.#sharedForMs = bounds.sharedForMs;
    this.#log = deps.log;
    this.#observer = deps.observer;
  }

  find(batch: number, digest: Digest): Promise<SlipAnswer> {
    const key = `${batch} ${digest.toString('base64')}`;
    const shared = this.#shared.get(key);
    if (shared !== undefined) return shared;
    const refusal = this.#underWay >= this.#limit ? 'refused' : this.#isGivenUp() ? 'away' : undefined;
    if (refusal !== undefined) {
      this.#observer.postgres(refusal);
      return Promise.resolve({ kind: refusal });
    }
    const asked = this.#ask(batch, digest, () => this.#shared.delete(key));
    this.#shared.set(key, asked);
    return asked;
  }

  async #ask(batch: number, digest: Digest, forget: () => void): Promise<SlipAnswer> {
    this.#underWay += 1;
    const answer = await this.#query(batch, digest);
    this.#underWay -= 1;
    this.#observer.postgres(answer.kind);
    // One turn more: when this process was held up, timers come before the sockets whose reads they wait for.
    if (answer.kind === 'found' && this.#sharedForMs > 0)
      setTimeout(() => setImmediate(forget), this.#sharedForMs);
    else forget();
    return answer;
  }

  #isGivenUp(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#failedAtMs > FORGOTTEN_AFTER_MS) this.#failures = 0;
    if (this.#failures < GIVEN_UP_AFTER || nowMs - this.#failingSinceMs < GIVEN_UP_AFTER_MS) return false;
    if (nowMs < this.#tryAgainAtMs) return true;
    this.#tryAgainAtMs = nowMs + TRY_EVERY_MS;
    return false;
  }

  async #query(batch: number, digest: Digest): Promise<SlipAnswer> {
    try {
      // pool.query releases the client with the error, so that a stuck one is not used again
      // (brianc/node-postgres#3399).
      const result = await this.#pool.query<{ open: boolean; payload: Buffer | null }>(
        'select open, payload from fangbang.one_slip($1, $2)',
        [batch, digest],
      );
      this.#lastFault = undefined;
      this.#failures = 0;
      const row = result.rows[0];
      if (row?.open !== true) return { kind: 'closed' };
      return row.payload === null ? { kind: 'absent' } : { kind: 'found', payload: row.payload };
    } catch (error) {
      const fault = faultName(error);
      // Said once and not for every lookup.
      if (fault !== this.#lastFault)
        this.#log.error('a slip could not be read', { store: 'postgres', fault });
      this.#lastFault = fault;
      this.#failedAtMs = performance.now();
      if (this.#failures === 0) this.#failingSinceMs = this.#failedAtMs;
      this.#failures += 1;
      return { kind: 'away' };
    }
  }
}
