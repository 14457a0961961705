/**
 * The database's clock carried forward by this process's monotonic one, so that an instance whose
 * own wall clock is wrong opens neither early nor late.
 */

/** A step back of more than this is a clock that was set, not a reply that was slow. */
const CLOCK_WAS_SET_MS = 1000;
/** As fast as a clock that runs ahead is let fall back, without being set (500 ppm of NTP's slew). */
const SLEW = 0.0005;

export class DatabaseClock {
  readonly #monotonicMs: () => number;
  /** Database time minus monotonic time: never more than that was at the latest reply. */
  #offsetMs = Number.NaN;
  #receivedMs = Number.NaN;
  #highestMs = Number.NEGATIVE_INFINITY;

  /** @param monotonicMs milliseconds that only go forward, such as performance.now. */
  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Takes a reading: `databaseMs` was true at some moment between asking and receiving. Carried forward from the
   * reply it is behind by what the reply took: never early. After a slow one what was known before is nearer to it,
   * if it can be true still: else an instance would open as late as the last reply before T was slow.
   */
  set(databaseMs: number, { sentMs, receivedMs }: { sentMs: number; receivedMs: number }): void {
    const [least, most] = [databaseMs - receivedMs, databaseMs - sentMs];
    const before = this.#offsetMs - (receivedMs - this.#receivedMs) * SLEW;
    this.#offsetMs = before > least && before <= most ? before : least;
    this.#receivedMs = receivedMs;
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
