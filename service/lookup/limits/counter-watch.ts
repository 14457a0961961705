/**
 * Counters that stand against an answer, as this process has just seen them. Held against a lookup
 * before anything depends on whether its credentials are right: a counter that is closed may be tried
 * without end, and answering right ones on another way than wrong ones would show in the time.
 * It also spares Redis what is refused anyway.
 */
import type { CounterKeys } from '#results/limit-keys.ts';
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

  learn(counters: readonly CounterKeys[], windows: readonly CounterValue[], nowMs: number): void {
    for (const [i, { slot }] of counters.entries()) {
      const value = windows[i];
      if (value === undefined || value.count < this.#from) continue;
      this.#known.delete(slot);
      if (this.#known.size >= MOST) {
        const [oldest] = this.#known.keys();
        if (oldest !== undefined) this.#known.delete(oldest);
      }
      this.#known.set(slot, { value, untilMs: nowMs + TRUST_MS });
    }
  }

  /** What is known of these counters and still trusted. */
  standing(counters: readonly CounterKeys[], nowMs: number): CounterValue[] {
    if (this.#known.size === 0) return NONE;
    const values: CounterValue[] = [];
    for (const { slot } of counters) {
      const known = this.#known.get(slot);
      if (known === undefined) continue;
      if (known.untilMs > nowMs && (known.value.endsAtMs === 0 || known.value.endsAtMs > nowMs))
        values.push(known.value);
      else this.#known.delete(slot);
    }
    return values;
  }
}

const NONE: CounterValue[] = [];
