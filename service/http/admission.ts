/**
 * How many lookups are worked on at once: beyond it a request is turned away at once, at a cost far
 * below a lookup's, instead of making all the others slower (design.md section 2.8).
 */
import { DEFAULT_HOLD_MS, HeldAnswers } from './held-answers.ts';

export interface AdmissionObserver {
  inFlight(count: number): void;
  shed(): void;
}

export class Admission {
  readonly #limit: number;
  readonly #observer: AdmissionObserver;
  readonly #share: () => number;
  readonly #held: HeldAnswers;
  #inFlight = 0;

  /**
   * @param limit lookups worked on at once.
   * @param share of the limit that may be used now, above 0 and up to 1: less when the process is late.
   * @param holdMs least milliseconds before somebody is told that there is no place (held-answers.ts).
   */
  constructor(
    limit: number,
    observer: AdmissionObserver,
    share: () => number = () => 1,
    holdMs: number = DEFAULT_HOLD_MS,
  ) {
    this.#held = new HeldAnswers(holdMs);
    this.#limit = limit;
    this.#observer = observer;
    this.#share = share;
  }

  /** Asked before a body is read: a slow body takes no place, and a full house reads none. */
  get isFull(): boolean {
    return this.#inFlight >= Math.max(1, this.#limit * this.#share());
  }

  /** How many are worked on now. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes a place; false: there is none. Whoever took one leaves it. */
  enter(): boolean {
    if (this.isFull) return false;
    this.#inFlight += 1;
    this.#observer.inFlight(this.#inFlight);
    return true;
  }

  leave(): void {
    this.#inFlight -= 1;
    this.#observer.inFlight(this.#inFlight);
  }

  /** Counts a request that is turned away. @returns when it may be told so; undefined: at once. */
  turnAway(): PromiseLike<void> | undefined {
    this.#observer.shed();
    return this.#held.hold();
  }
}
