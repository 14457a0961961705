/**
 * Names for requests, to find an error in the log by what an examinee reads out.
 */
import { randomFillSync } from 'node:crypto';

const BYTES = 8;
const DIGITS = 2 * BYTES;
export const REQUEST_ID = new RegExp(`^[0-9a-f]{${DIGITS}}$`);
/** Drawn for many at once: a call for each costs a microsecond of every lookup. */
const pool = Buffer.alloc(BYTES * 512);
let digits = '';
let at = 0;

/** 16 hexadecimal digits, always: problem answers differ by nothing else, not even their length. */
export function newRequestId(): string {
  if (at === digits.length) {
    digits = randomFillSync(pool).toString('hex');
    at = 0;
  }
  at += DIGITS;
  return digits.slice(at - DIGITS, at);
}
