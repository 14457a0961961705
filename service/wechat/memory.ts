/**
 * What was answered lately, so that WeChat's retries (three, five seconds apart) get the same answer, and
 * a signed address that somebody has seen cannot be used for another message.
 *
 * Each instance remembers for itself: answers are public and the same everywhere, so nothing is lost when
 * a retry comes to another one.
 */
export class Memory {
  readonly #entries = new Map<string, { value: string; untilMs: number }>();
  readonly #keepMs: number;
  readonly #most: number;

  /** @param most entries kept; the oldest makes room. */
  constructor(keepMs: number, most: number) {
    this.#keepMs = keepMs;
    this.#most = most;
  }

  /** What was remembered under the key, or what `make` makes, from now on. */
  recall(key: string, nowMs: number, make: () => string): string {
    const known = this.#entries.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.value;
    this.#entries.delete(key);
    const value = make();
    this.#entries.set(key, { value, untilMs: nowMs + this.#keepMs });
    this.#makeRoom(nowMs);
    return value;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries are in the order of their time. */
  #makeRoom(nowMs: number): void {
    for (const [key, { untilMs }] of this.#entries) {
      if (untilMs > nowMs && this.#entries.size <= this.#most) return;
      this.#entries.delete(key);
    }
  }
}
