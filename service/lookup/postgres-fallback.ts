/**
 * The way to Postgres for what the cache has lost. Fallbacks are where outages grow (AWS Builders'
 * Library), so this one is capped: few connections, a bounded waiting line, one query for all who
 * ask for the same slip at once.
 *
 * Failure policy: never rejects. Waits 200 ms for a connection and 250 ms for the answer at most,
 * then it is `away`; beyond the waiting line it is `refused` at once. The database checks the
 * publication itself by its own clock, so what it answers is current.
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
}
/** Behind Redis: 0.05% of wrong guesses, and a cache that heals. */
export const BOUNDS_BEHIND_REDIS: FallbackBounds = { connections: 5, waiting: 64 };
/** With REDIS_URL=none, where every lookup that the filter lets through comes here. */
export const BOUNDS_WITHOUT_REDIS: FallbackBounds = { connections: 16, waiting: 256 };

export class PostgresFallback implements SlipStore {
  readonly #pool: pg.Pool;
  readonly #limit: number;
  readonly #log: Logger;
  readonly #observer: LookupObserver;
  readonly #running = new Map<string, Promise<SlipAnswer>>();
  #lastFault: string | undefined;

  /** @param pool of `bounds.connections` connections and with FALLBACK_TIMEOUTS. */
  constructor(pool: pg.Pool, bounds: FallbackBounds, deps: { log: Logger; observer: LookupObserver }) {
    this.#pool = pool;
    this.#limit = bounds.connections + bounds.waiting;
    this.#log = deps.log;
    this.#observer = deps.observer;
  }

  find(batch: number, digest: Digest): Promise<SlipAnswer> {
    const key = `${batch} ${digest.toString('base64')}`;
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (this.#running.size >= this.#limit) {
      this.#observer.postgres('refused');
      return Promise.resolve({ kind: 'refused' });
    }
    const asked = this.#ask(batch, digest).finally(() => this.#running.delete(key));
    this.#running.set(key, asked);
    return asked;
  }

  async #ask(batch: number, digest: Digest): Promise<SlipAnswer> {
    const answer = await this.#query(batch, digest);
    this.#observer.postgres(answer.kind);
    return answer;
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
      const row = result.rows[0];
      if (row?.open !== true) return { kind: 'closed' };
      return row.payload === null ? { kind: 'absent' } : { kind: 'found', payload: row.payload };
    } catch (error) {
      const fault = faultName(error);
      // Said once and not for every lookup.
      if (fault !== this.#lastFault)
        this.#log.error('a slip could not be read', { store: 'postgres', fault });
      this.#lastFault = fault;
      return { kind: 'away' };
    }
  }
}
