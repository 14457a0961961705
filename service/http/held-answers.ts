/**
 * Answers that say nothing but "come again later", held back for a second or two.
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
/** They are told by one timer, in portions. */
const SLOT_MS = 25;
/** Beyond it they are told at once: each takes a few KB here and two connections of a proxy. */
const MOST_HELD = 16_384;

export class HeldAnswers {
  /** One after the other, each with those whose moment is the same. */
  readonly #slots: Soon<void>[][];
  readonly #holdMs: number;
  readonly #random: () => number;
  #at = 0;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param holdMs the least; 0: nothing is held.
   * @param random from 0 (included) to 1 (not).
   */
  constructor(holdMs: number, random: () => number = Math.random) {
    this.#slots = Array.from({ length: Math.ceil((2 * holdMs) / SLOT_MS) + 1 }, () => []);
    this.#holdMs = holdMs;
    this.#random = random;
  }

  /** How many are held now. */
  get held(): number {
    return this.#held;
  }

  /** Resolves when it may be told; undefined: at once. */
  hold(): Soon<void> | undefined {
    if (this.#holdMs === 0 || this.#held >= MOST_HELD) return undefined;
    const waitMs = this.#holdMs * (1 + this.#random());
    const slot = this.#slots[(this.#at + Math.ceil(waitMs / SLOT_MS)) % this.#slots.length];
    if (slot === undefined) return undefined;
    this.#held += 1;
    this.#timer ??= setInterval(() => this.#tellNext(), SLOT_MS);
    // Thousands are held, each for longer than the collector's youth: no promise with its closures for each.
    const told = new Soon<void>();
    slot.push(told);
    return told;
  }

  #tellNext(): void {
    this.#at = (this.#at + 1) % this.#slots.length;
    const due = this.#slots[this.#at] ?? [];
    this.#slots[this.#at] = [];
    this.#held -= due.length;
    for (const told of due) told.resolve();
    if (this.#held > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
