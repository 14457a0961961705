/**
 * Random numbers that are the same on every runtime for the same seed: integer arithmetic, and of
 * floating point only what IEEE 754 fixes to the last bit (no logarithm, no cosine).
 */
import { createHash } from 'node:crypto';

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** @param seed any text. */
  constructor(seed: string) {
    const bytes = createHash('sha256').update(seed).digest();
    this.#a = bytes.readInt32LE(0);
    this.#b = bytes.readInt32LE(4);
    this.#c = bytes.readInt32LE(8);
    this.#d = bytes.readInt32LE(12);
  }

  /** 0 ≤ x < 1 in steps of 2⁻³²: sfc32 of PractRand by Chris Doty-Humphrey. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** About normal with mean 0 and deviation 1, between −3.5 and 3.5 (sum of four, Irwin–Hall). */
  bell(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * 1.7320508075688772;
  }
}
