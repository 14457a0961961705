/**
 * Watches how late the event loop is. A loop that is late has more to do than it can: admission then
 * takes in less, before the lookups that are in become slow for everybody.
 */

/** Milliseconds between two looks. */
const EVERY_MS = 20;
/** Of the limit, at each look: quickly down, slowly up. */
const DOWN = 0.7;
const UP = 0.05;
/** Never below: turning away costs time, too, and must not starve those who are served. */
const LEAST_SHARE = 1 / 8;

export class LoopWatch {
  readonly #maxDelayMs: number;
  readonly #monotonicMs: () => number;
  #share = 1;
  #delayMs = 0;
  #dueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param maxDelayMs lateness up to which everything is well.
   * @param monotonicMs milliseconds that only go forward.
   */
  constructor(maxDelayMs: number, monotonicMs: () => number = () => performance.now()) {
    this.#maxDelayMs = maxDelayMs;
    this.#monotonicMs = monotonicMs;
  }

  start(): void {
    this.#dueMs = this.#monotonicMs() + EVERY_MS;
    this.#timer = setInterval(() => this.look(), EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** One look; the timer makes it. */
  look(): void {
    const nowMs = this.#monotonicMs();
    this.#delayMs = Math.max(0, nowMs - this.#dueMs);
    this.#dueMs = nowMs + EVERY_MS;
    this.#share =
      this.#delayMs > this.#maxDelayMs
        ? Math.max(LEAST_SHARE, this.#share * DOWN)
        : Math.min(1, this.#share + UP);
  }

  /** How much of its limit admission may use: 1/8 to 1. */
  get share(): number {
    return this.#share;
  }

  /** Milliseconds that the last look was late. */
  get delayMs(): number {
    return this.#delayMs;
  }
}
