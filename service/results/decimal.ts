/**
 * @module Whole numbers as decimal digits in a buffer, where a text in between would cost more than the digits.
 */
const ZERO = 48;

/** How many digits it has. @param value a whole number from 0. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  return digits;
}

/** @returns the place behind the digits. @param digits as digitsOf tells them, or more: zeros lead. */
export function putDigits(out: Buffer, from: number, value: number, digits: number): number {
  let rest = value;
  for (let at = from + digits - 1; at >= from; at -= 1) {
    out[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return from + digits;
}
