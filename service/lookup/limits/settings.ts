/**
 * How much guessing is allowed; each is a variable of the environment (service/config.ts), with what
 * it leaves an attacker in README.md.
 */
export interface LimitSettings {
  /** Wrong attempts per counter in 15 minutes; then nobody gets an answer from it, right or wrong. */
  readonly wrongPerWindow: number;
  /** The same in a day. */
  readonly wrongPerDay: number;
  /** Wrong attempts per counter before a proof of work is asked for. */
  readonly freeBeforeProof: number;
  /** The same per network: many, since a school or a mobile operator's customers share one. */
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

/** Most that a limit may be set to: a counter's value has room for it (counter-value.ts). */
export const MOST_WRONG = 100_000;
