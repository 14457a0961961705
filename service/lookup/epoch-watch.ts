/**
 * What Redis says of the epoch between the lookups: read after each poll of Postgres, whether that succeeded or not,
 * so that an instance without lookups knows it, too, and knows for how long Redis was away.
 *
 * An equal epoch proves that nothing has happened only if Redis was never away for long since the last successful
 * poll: an act with Redis away is acknowledged after 12 s, and a Redis that stood still comes back with the epoch of
 * before (npm run drill:correction: withdrawn slips were served by an instance that was cut off from Postgres).
 */

/**
 * Without word from Redis an instance trusts its last successful poll for so long, and after a silence of so long
 * Redis no more than that poll. An act with Redis away is acknowledged after 12 s: this and the longest answer lie
 * within it. Redis is asked every 1 to 5 s.
 */
export const LONGEST_SILENCE_MS = 10_000;

export class EpochWatch {
  readonly #monotonicMs: () => number;
  #epoch = 0;
  #hasNone = false;
  /** When the last answer was asked for. */
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** An equal epoch proves something to who has polled later. */
  #provesFromMs = Number.NEGATIVE_INFINITY;

  /** @param monotonicMs milliseconds that only go forward. */
  constructor(monotonicMs: () => number = () => performance.now()) {
    this.#monotonicMs = monotonicMs;
  }

  nowMs(): number {
    return this.#monotonicMs();
  }

  /**
   * Redis has answered.
   * @param epoch undefined when it has none: it was emptied, and what acts have told it is lost.
   * @param askedAtMs by `nowMs`.
   */
  heard(epoch: number | undefined, askedAtMs: number): void {
    const nowMs = this.#monotonicMs();
    // As long as it has none it is the same loss: else nobody could ever tell it one.
    const isLost = epoch === undefined ? !this.#hasNone : epoch < this.#epoch;
    if (isLost) this.#provesFromMs = nowMs;
    else if (nowMs - this.#heardAtMs >= LONGEST_SILENCE_MS)
      this.#provesFromMs = Math.max(this.#provesFromMs, nowMs - LONGEST_SILENCE_MS);
    this.#heardAtMs = askedAtMs;
    this.#epoch = epoch ?? 0;
    this.#hasNone = epoch === undefined;
  }

  /** As last heard; 0 when there is none. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether Redis was never away for long, nor has lost anything, since so many milliseconds ago. */
  isUnbrokenFor(ageMs: number): boolean {
    const nowMs = this.#monotonicMs();
    return nowMs - this.#heardAtMs < LONGEST_SILENCE_MS && nowMs - ageMs > this.#provesFromMs;
  }
}
