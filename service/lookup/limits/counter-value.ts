/**
 * What a counter's key holds: the end of its window and the wrong attempts in it, in one number that
 * INCR can raise, so that a read of the value alone says how many and until when. The key's own
 * expiry ends the window; the end in the value is for Retry-After.
 */

/** In-flight lookups are far below it, so no burst of INCR carries over into the end. */
const COUNTS = 1_000_000;
/** Above every limit: the counter is closed, whatever the limits of the instance that reads it. */
const CLOSED = 900_000;

export interface CounterValue {
  readonly count: number;
  /** Milliseconds since 1970; 0 when a window has lost its beginning. */
  readonly endsAtMs: number;
}

/** The value of a window's first wrong attempt. */
export function firstValue(nowMs: number, seconds: number): string {
  return String(endSecond(nowMs + seconds * 1000) * COUNTS + 1);
}

/** The value of a counter that is closed until then. */
export function closedValue(endsAtMs: number): string {
  return String(endSecond(endsAtMs) * COUNTS + CLOSED);
}

function endSecond(atMs: number): number {
  return Math.floor(atMs / 1000);
}

/** What a key holds; no key is no attempt. Something else than a number is undefined. */
export function parseCounter(value: unknown): CounterValue | undefined {
  if (value === null) return { count: 0, endsAtMs: 0 };
  const number = typeof value === 'number' ? value : parseDigits(value);
  if (number === undefined) return undefined;
  return { count: number % COUNTS, endsAtMs: Math.floor(number / COUNTS) * 1000 };
}

/** Whether a window was raised in the moment when it ended: it then has neither an end nor an expiry. */
export function hasLostItsWindow(value: CounterValue): boolean {
  return value.endsAtMs === 0 && value.count > 0;
}

function parseDigits(value: unknown): number | undefined {
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return undefined;
  const text = value.toString();
  return /^[0-9]{1,16}$/.test(text) ? Number(text) : undefined;
}
