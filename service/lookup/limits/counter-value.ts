/**
 * What a marker holds (#results/limit-keys.ts): the wrong attempts that stand against a counter and
 * until when, as one number. The key's own expiry ends it; the end in the value is for Retry-After.
 */

const COUNTS = 1_000_000;
/** Above every limit: closed, whatever the limits of the instance that reads it. */
const CLOSED = 900_000;

export interface CounterValue {
  readonly count: number;
  /** Milliseconds since 1970; 0 when nothing stands against the counter. */
  readonly endsAtMs: number;
}

/** A counter of which nothing is known to stand against it. */
export const OPEN: CounterValue = { count: 0, endsAtMs: 0 };

/** A counter that nobody gets an answer from. */
export function closedUntil(endsAtMs: number): CounterValue {
  return { count: CLOSED, endsAtMs };
}

/** What the marker holds. */
export function formatCounter({ count, endsAtMs }: CounterValue): string {
  return String(Math.floor(endsAtMs / 1000) * COUNTS + Math.min(count, CLOSED));
}

/** What a key holds; no key stands against nothing. Something else than a number is undefined. */
export function parseCounter(value: unknown): CounterValue | undefined {
  if (value === null) return OPEN;
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return undefined;
  const text = value.toString();
  if (!/^[0-9]{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return { count: number % COUNTS, endsAtMs: Math.floor(number / COUNTS) * 1000 };
}
