/**
 * @module Whole numbers as decimal digits in a buffer, where a text in between would cost more than the digits.
 * Numbers beyond 31 bits are divided as floating point, and the rest of a division is a call then: half a
 * microsecond of a lookup. So they are taken apart once, nine digits at a time.
 */
const ZERO = 48;
const PIECE_DIGITS = 9;
const PIECE = 10 ** PIECE_DIGITS;

/** How many digits it has. @param value a whole number from 0 to 2⁵³ − 1. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits += 1;
  return digits;
}

/** @returns the place behind the digits. @param digits as digitsOf tells them, or more: zeros lead. */
export function putDigits(out: Buffer, from: number, value: number, digits: number): number {
  const end = from + digits;
  if (value < PIECE) return putPiece(out, from, value, end);
  const high = Math.floor(value / PIECE);
  const middle = putDigits(out, from, high, digits - PIECE_DIGITS);
  return putPiece(out, middle, value - high * PIECE, end);
}

/** @param value below 2³¹. */
function putPiece(out: Buffer, from: number, value: number, end: number): number {
  let rest = value | 0;
  for (let at = end - 1; at >= from; at -= 1) {
    const next = (rest / 10) | 0;
    out[at] = ZERO + rest - 10 * next;
    rest = next;
  }
  return end;
}
