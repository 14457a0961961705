/**
 * Names for requests, to find an error in the log by what an examinee reads out.
 */
import { randomFillSync } from 'node:crypto';
import type { WrittenValue } from '../http1/answer.ts';

/** In hexadecimal, of each half. */
const HALF_DIGITS = 8;
const DIGITS = 2 * HALF_DIGITS;
export const REQUEST_ID = new RegExp(`^[0-9a-f]{${DIGITS}}$`);
/** Drawn for many at once: a call for each costs a microsecond of every lookup. */
const pool = new Uint32Array(2 * 512);
let at = pool.length;

/** 16 hexadecimal digits, always: problem answers differ by nothing else, not even their length. */
export class RequestId implements WrittenValue {
  readonly length = DIGITS;
  readonly #high: number;
  readonly #low: number;

  constructor() {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    this.#high = pool[at++] ?? 0;
    this.#low = pool[at++] ?? 0;
  }

  writeInto(out: Buffer, from: number): number {
    return putHex(out, putHex(out, from, this.#high), this.#low);
  }

  toString(): string {
    return hexOf(this.#high) + hexOf(this.#low);
  }
}

const HEX = Buffer.from('0123456789abcdef', 'latin1');

function putHex(out: Buffer, from: number, half: number): number {
  for (let i = 0; i < HALF_DIGITS; i += 1)
    out[from + i] = HEX[(half >>> (4 * (HALF_DIGITS - 1 - i))) & 15] ?? 0;
  return from + HALF_DIGITS;
}

function hexOf(half: number): string {
  return half.toString(16).padStart(HALF_DIGITS, '0');
}
