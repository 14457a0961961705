/**
 * Names for requests, to find an error in the log by what an examinee reads out.
 */
import { randomFillSync } from 'node:crypto';

const BYTES = 8;
export const REQUEST_ID = new RegExp(`^[0-9a-f]{${2 * BYTES}}$`);
/** Drawn for many at once: a call for each costs a microsecond of every lookup. */
const pool = Buffer.alloc(BYTES * 512);
let at = pool.length;

/** 16 hexadecimal digits, always: problem answers differ by nothing else, not even their length. */
export function newRequestId(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const id = pool.toString('hex', at, at + BYTES);
  at += BYTES;
  return id;
}
