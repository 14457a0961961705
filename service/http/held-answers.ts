/**
 * Answers that say nothing but "come again later", held back for a second or two, and longer when there are many.
 *
 * Turning away costs about half of what answering does: reading the request and writing to the socket is
 * most of either. So at five times the capacity turning away alone is more than can be done. And whoever
 * is told at once asks again at once: a proxy's kept connection has its next visitor in line, a script does
 * not read Retry-After. 2,700 such connections left 19% of the capacity for answers, and 84% when held
 * (npm run drill:overload). While an answer is held, its connection asks nothing, so that connections,
 * which are bounded everywhere, bound the asking.
 */

import { Soon } from '#lookup/soon.ts';

/** Milliseconds, to twice as many; spread, so that those turned away together do not come back together. */
export const DEFAULT_HOLD_MS = 1_000;
/** Twice as long is what a page and a proxy wait without a thought. */
export const MOST_HOLD_MS = 1_500;
/** More are held as much longer: 4,000 are told a second, which takes 7% of a core, however many they are. */
const USUALLY_HELD = 6_000;
/** Nobody is held longer: an instance that ends waits as long for its last answers (host.ts). */
const LONGEST_MS = 5_000;
/** They are told by one timer, in portions. */
const SLOT_MS = 25;

export class HeldAnswers {
  /** One after the other, each with those whose moment is the same. */
  readonly #slots: Soon<void>[][];
  readonly #holdMs: number;
  readonly #random: () => number;
  #at = 0;
  /** When the slot at `#at` was told. */
  #toldAtMs = 0;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param holdMs the least; 0: nothing is held.
   * @param random from 0 (included) to 1 (not).
   */
  constructor(holdMs: number, random: () => number = Math.random) {
    this.#slots = Array.from({ length: LONGEST_MS / SLOT_MS + 1 }, () => []);
    this.#holdMs = holdMs;
    this.#random = random;
  }

  /** How many are held now. */
  get held(): number {
    return this.#held;
  }

  /** Resolves when it may be told; undefined: at once. */
  hold(): Soon<void> | undefined {
    if (this.#holdMs === 0) return undefined;
    const leastMs = Math.min(LONGEST_MS / 2, this.#holdMs * Math.max(1, this.#held / USUALLY_HELD));
    const waitMs = leastMs * (1 + this.#random());
    const slot = this.#slots[(this.#at + Math.ceil(waitMs / SLOT_MS)) % this.#slots.length];
    if (slot === undefined) return undefined;
    this.#held += 1;
    if (this.#timer === undefined) {
      this.#toldAtMs = performance.now();
      this.#timer = setInterval(() => this.#tellDue(), SLOT_MS);
    }
    // Thousands are held, each for longer than the collector's youth: no promise with its closures for each.
    const told = new Soon<void>();
    slot.push(told);
    return told;
  }

  /** A busy process comes late to its timers: by the time that has passed, not by the number of calls. */
  #tellDue(): void {
    const due = Math.floor((performance.now() - this.#toldAtMs) / SLOT_MS);
    this.#toldAtMs += due * SLOT_MS;
    for (let i = Math.min(due, this.#slots.length); i > 0; i -= 1) this.#tellNext();
    if (this.#held > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tellNext(): void {
    this.#at = (this.#at + 1) % this.#slots.length;
    const due = this.#slots[this.#at] ?? [];
    this.#slots[this.#at] = [];
    this.#held -= due.length;
    for (const told of due) told.resolve();
  }
}
