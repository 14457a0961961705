/**
 * Lookups that this process has under way, by counter. Right credentials are held against the markers alone, which
 * are set by wrong ones only after their round trip: of many guesses sent at one instant the right one would be
 * answered. Who has company at a counter is therefore held against the counter itself (`SharedCounters.look`).
 *
 * A table of fixed size: two counters that fall on one place have company of one another, which costs a round trip
 * more and refuses nobody.
 */
import type { LimitCounter } from '#results/limit-keys.ts';

/** Places, 256 KB: of 512 lookups under way one in a hundred has company by chance. */
const BITS = 17;
const MASK = 2 ** BITS - 1;

export class Company {
  readonly #underWay = new Uint16Array(2 ** BITS);

  /** A lookup begins. @returns whether another one is under way at any of its counters. */
  enter(counters: readonly LimitCounter[]): boolean {
    let others = 0;
    for (const { field } of counters) {
      const place = field & MASK;
      const count = this.#underWay[place] ?? 0;
      others += count;
      this.#underWay[place] = count + 1;
    }
    return others > 0;
  }

  /** It has ended. */
  leave(counters: readonly LimitCounter[]): void {
    for (const { field } of counters) {
      const place = field & MASK;
      this.#underWay[place] = (this.#underWay[place] ?? 1) - 1;
    }
  }
}
