/**
 * Counters that stand against an answer, as this process has just seen them. Held against a lookup
 * before anything depends on whether its credentials are right: a counter that is closed may be tried
 * without end, and answering right ones on another way than wrong ones would show in the time.
 * It also spares Redis what is refused anyway.
 */
import type { LimitCounter } from '#results/limit-keys.ts';
import type { CounterValue } from './counter-value.ts';

/** Milliseconds: `fangbang unlock` is noticed so soon. */
const TRUST_MS = 5_000;
/** Counters remembered, 10 MB at most; the oldest gives way. */
const MOST = 65_536;

interface Known {
  readonly value: CounterValue;
  readonly untilMs: number;
}

export class CounterWatch {
  readonly #from: number;
  readonly #known = new Map<number, Known>();

  /** @param from values below it stand against nothing and are not remembered. */
  constructor(from: number) {
    this.#from = from;
  }

  /** @param nowMs milliseconds since 1970 by the database's clock, here and below. */
  learn(counters: readonly LimitCounter[], markers: readonly CounterValue[], nowMs: number): void {
    for (const [i, { field }] of counters.entries()) {
      const value = markers[i];
      if (value === undefined || value.count < this.#from) continue;
      this.#known.delete(field);
      if (this.#known.size >= MOST) {
        const [oldest] = this.#known.keys();
        if (oldest !== undefined) this.#known.delete(oldest);
      }
      this.#known.set(field, { value, untilMs: nowMs + TRUST_MS });
    }
  }

  /** What is known of these counters and still trusted. */
  standing(counters: readonly LimitCounter[], nowMs: number): CounterValue[] {
    if (this.#known.size === 0) return NONE;
    const values: CounterValue[] = [];
    for (const { field } of counters) {
      const known = this.#known.get(field);
      if (known === undefined) continue;
      if (known.untilMs > nowMs && known.value.endsAtMs > nowMs) values.push(known.value);
      else this.#known.delete(field);
    }
    return values;
  }
}

const NONE: CounterValue[] = [];
