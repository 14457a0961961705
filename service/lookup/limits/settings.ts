/**
 * How much guessing is allowed; each is a variable of the environment (service/config.ts), with what
 * it leaves an attacker in README.md.
 */
export interface LimitSettings {
  /** Wrong attempts per counter in 15 minutes; then nobody gets an answer for 15 minutes, right or wrong. */
  readonly wrongPerWindow: number;
  /** The same in a day, until midnight in China. */
  readonly wrongPerDay: number;
  /** Wrong attempts per counter before a proof of work is asked for. */
  readonly freeBeforeProof: number;
  /** The same per network and five minutes: many, since a school or an operator's customers share one. */
  readonly freePerNetwork: number;
  /** Per counter, process and 15 minutes while Redis is away, or when there is none. */
  readonly wrongWithoutRedis: number;
}

export const DEFAULT_LIMITS: LimitSettings = {
  wrongPerWindow: 5,
  wrongPerDay: 20,
  freeBeforeProof: 3,
  freePerNetwork: 30,
  wrongWithoutRedis: 1,
};

/** Counters have 16 bits and do not pass it: as a limit it is none. */
export const MOST_WRONG = 65_535;

/** What "in 15 minutes" is, in milliseconds. */
export const WINDOW_MS = 15 * 60_000;
