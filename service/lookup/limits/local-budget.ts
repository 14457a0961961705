/**
 * Wrong attempts as one process counts them while Redis is away, or when there is none: very few, and
 * closed when in doubt (design.md section 2.9).
 *
 * A table of fixed size: two counters that fall on one place share it, so that a flood can make it
 * stricter, never larger or more lenient.
 */
import type { LimitCounter } from '#results/limit-keys.ts';
import { WINDOW_MS } from './settings.ts';

/** What a counter is in a local table. */
type Place = Pick<LimitCounter, 'field'>;

/** Places: 8 MB in the two tables of each budget, taken when first needed. */
const BITS = 20;
const WINDOW_SECONDS = WINDOW_MS / 1000;

export class LocalBudget {
  readonly #allowed: number;
  readonly #nowSeconds: () => number;
  /** Of each place: the second in which its window ends, in 24 bits, and the attempts, in 8. */
  #counts: Uint32Array | undefined;
  /** Of each place: the last wrong attempt, by 32 bits of its digest. */
  #guesses: Uint32Array | undefined;

  /**
   * @param allowed wrong attempts per counter and 15 minutes, up to 255.
   * @param nowSeconds seconds that only go forward, from the start of the process.
   */
  constructor(allowed: number, nowSeconds: () => number = () => performance.now() / 1000) {
    this.#allowed = Math.min(255, allowed);
    this.#nowSeconds = nowSeconds;
  }

  /**
   * Seconds until all of the counters are open again; 0 when they are.
   * @param guess of a wrong attempt, as for `spend`: they are open to the one that was counted last.
   */
  secondsClosed(counters: readonly Place[], guess?: number): number {
    const counts = this.#counts;
    if (counts === undefined) return 0;
    const now = this.#now();
    let longest = 0;
    for (const { field } of counters) {
      const at = place(field);
      const { count, left } = unpack(counts[at] ?? 0, now);
      if (count >= this.#allowed && this.#guesses?.[at] !== guess) longest = Math.max(longest, left);
    }
    return longest;
  }

  /**
   * Counts a wrong attempt. The same one again tells nobody anything new and costs nothing: it may
   * have been sent again with a proof of work.
   * @param guess 32 bits of the attempt's digest.
   * @returns 0 when it may be answered, else the seconds until another may.
   */
  spend(counters: readonly Place[], guess: number): number {
    const counts = (this.#counts ??= new Uint32Array(1 << BITS));
    const guesses = (this.#guesses ??= new Uint32Array(1 << BITS));
    const places = counters.map(({ field }) => place(field));
    const now = this.#now();
    const closed = this.secondsClosed(counters, guess);
    if (closed > 0) return closed;
    for (const at of places) {
      const { count, left } = unpack(counts[at] ?? 0, now);
      if (count > 0 && guesses[at] === guess) continue;
      const ends = count > 0 ? now + left : now + WINDOW_SECONDS;
      counts[at] = ends * 256 + Math.min(255, count + 1);
      guesses[at] = guess;
    }
    return 0;
  }

  #now(): number {
    return Math.floor(this.#nowSeconds());
  }
}

function place(field: number): number {
  return field % 2 ** BITS;
}

function unpack(entry: number, now: number): { count: number; left: number } {
  // 24 bits are 194 days: the seconds of a process that lives longer begin anew.
  const left = (Math.floor(entry / 256) - now) & 0xff_ffff;
  return left > 0 && left <= WINDOW_SECONDS ? { count: entry % 256, left } : { count: 0, left: 0 };
}
