/**
 * Postgres's clock, as precisely as a question can tell it: carried forward by the monotonic clock, since this
 * process's wall clock is only one more machine's.
 *
 * Failure policy: a Postgres that does not answer rejects.
 */
import { withClient } from '../../helpers/stores.ts';

export interface PostgresTime {
  /** Milliseconds since 1970 at an instant of performance.now: never ahead of Postgres's clock. */
  readonly leastAt: (monotonicMs: number) => number;
  /** The same, never behind it. */
  readonly mostAt: (monotonicMs: number) => number;
  /** Milliseconds between the two. */
  readonly uncertaintyMs: number;
}

const QUESTIONS = 50;

/** Asks many times; the quickest answer is the most precise one. */
export async function readPostgresTime(url: string): Promise<PostgresTime> {
  return await withClient(url, async (client) => {
    let best = { least: 0, most: Number.POSITIVE_INFINITY };
    for (let n = 0; n < QUESTIONS; n += 1) {
      const sentMs = performance.now();
      const { rows } = await client.query<{ ms: number }>(
        'select extract(epoch from clock_timestamp())::float8 * 1000 as ms',
      );
      const ms = rows[0]?.ms ?? Number.NaN;
      const bounds = { least: ms - performance.now(), most: ms - sentMs };
      if (bounds.most - bounds.least < best.most - best.least) best = bounds;
    }
    return {
      leastAt: (monotonicMs) => monotonicMs + best.least,
      mostAt: (monotonicMs) => monotonicMs + best.most,
      uncertaintyMs: best.most - best.least,
    };
  });
}
