/**
 * The database's clock carried forward by this process's monotonic one, so that an instance whose
 * own wall clock is wrong opens neither early nor late.
 */

/** A step back of more than this is a clock that was set, not a reply that was slow. */
const CLOCK_WAS_SET_MS = 1000;

export class DatabaseClock {
  readonly #monotonicMs: () => number;
  /** Database time minus monotonic time, by the latest reply. */
  #offsetMs = Number.NaN;
  #highestMs = Number.NEGATIVE_INFINITY;

  /** @param monotonicMs milliseconds that only go forward, such as performance.now. */
  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Takes a reading: `databaseMs` was true when the database answered, a little before
   * `receivedMs`. Carried forward from the reply it is behind by that little: never early.
   */
  set(databaseMs: number, receivedMs: number): void {
    this.#offsetMs = databaseMs - receivedMs;
    if (databaseMs < this.#highestMs - CLOCK_WAS_SET_MS) this.#highestMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Milliseconds since 1970 by the database's clock. Never goes back for a slower reply, since what
   * was open must not close for a moment. NaN before the first reading.
   */
  nowMs(): number {
    const nowMs = this.#monotonicMs() + this.#offsetMs;
    if (nowMs > this.#highestMs) this.#highestMs = nowMs;
    return Number.isNaN(nowMs) ? nowMs : this.#highestMs;
  }
}
