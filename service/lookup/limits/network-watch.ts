/**
 * Networks with wrong attempts, as this process has seen them: those with many have to bring a proof
 * of work, for right and wrong credentials alike (else the question would be the answer). Never more
 * than that: a school, or a whole mobile operator, shares an address.
 */

interface Seen {
  count: number;
  /** Milliseconds since 1970 by the database's clock, as all times here. */
  endsAtMs: number;
}

/** Networks remembered, 10 MB at most; the oldest gives way. */
const MOST = 65_536;

export class NetworkWatch {
  readonly #free: number;
  readonly #seen = new Map<number, Seen>();
  #latestEndMs = 0;

  /** @param free wrong attempts for which no proof is asked. */
  constructor(free: number) {
    this.#free = free;
  }

  /** Whether there is nobody to look for: to know a request's network takes longer than to look for it. */
  isEmpty(nowMs: number): boolean {
    if (this.#seen.size === 0) return true;
    if (nowMs < this.#latestEndMs) return false;
    this.#seen.clear();
    return true;
  }

  /** When a network's window ends if it has to bring a proof, else undefined. */
  proofUntilMs(network: number, nowMs: number): number | undefined {
    const seen = this.#seen.get(network);
    if (seen === undefined) return undefined;
    if (seen.endsAtMs <= nowMs) {
      this.#seen.delete(network);
      return undefined;
    }
    return seen.count > this.#free ? seen.endsAtMs : undefined;
  }

  /** A wrong attempt that only this process has counted. */
  add(network: number, endsAtMs: number, nowMs: number): void {
    const seen = this.#seen.get(network);
    if (seen !== undefined && seen.endsAtMs > nowMs) seen.count += 1;
    else this.#remember(network, { count: 1, endsAtMs });
  }

  /** What all instances together have counted: remembered only when it is too much. */
  learn(network: number, count: number, endsAtMs: number): void {
    if (count > this.#free) this.#remember(network, { count, endsAtMs });
  }

  #remember(network: number, seen: Seen): void {
    this.#latestEndMs = Math.max(this.#latestEndMs, seen.endsAtMs);
    this.#seen.delete(network);
    if (this.#seen.size >= MOST) {
      const [oldest] = this.#seen.keys();
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    this.#seen.set(network, seen);
  }
}
