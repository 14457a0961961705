/**
 * Numbers and texts in a payload's bytes, for slip-codec.ts.
 */
import { isUtf8 } from 'node:buffer';
import { FangbangError } from './errors.ts';

/** Longest name and candidate number, in bytes: their length takes one. */
export const MAX_TEXT_BYTES = 255;

/** Fewest bytes that hold every number of so many decimal digits. */
export function bytesOfDigits(digits: number): number {
  return Math.ceil((digits * Math.log2(10)) / 8);
}

/** Big endian, in so many bytes (at most 7). Answers the place behind it, as the other writers do. */
export function writeUint(out: Buffer, at: number, value: number, bytes: number): number {
  // Marks, nearly always: without a call.
  if (bytes === 1) {
    out[at] = value;
    return at + 1;
  }
  // writeUIntBE takes at most 6 bytes; 15 digits need 7.
  if (bytes <= 6) return out.writeUIntBE(value, at, bytes);
  out[at] = Math.floor(value / 2 ** 48);
  return out.writeUIntBE(value % 2 ** 48, at + 1, 6);
}

/** Seven bits a byte, the low ones first. @throws RangeError outside 0 to 2³¹ − 1. */
export function writeVarint(out: Buffer, at: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** 31)
    throw new RangeError('total or rank does not fit');
  let rest = value;
  let place = at;
  while (rest >= 0x80) {
    out[place] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    place += 1;
  }
  out[place] = rest;
  return place + 1;
}

/** Length in one byte, then the text. @throws RangeError when it is too long or holds half a surrogate pair. */
export function writeText(out: Buffer, at: number, text: string, encoding: 'utf8' | 'utf16le'): number {
  // UTF-8 would make U+FFFD of half a surrogate pair, and the digest of a name too.
  if (!text.isWellFormed()) throw new RangeError('name or candidate number has half a surrogate pair');
  const length = Buffer.byteLength(text, encoding);
  if (length > MAX_TEXT_BYTES) throw new RangeError('name or candidate number is longer than 255 bytes');
  out[at] = length;
  out.write(text, at + 1, encoding);
  return at + 1 + length;
}

/** The one fault of reading: without a word of what was there. */
export function damaged(): FangbangError {
  return new FangbangError('stored-data-damaged', 'a stored slip does not have the form of its definition');
}

/** Reads what the writers wrote. Every method throws FangbangError `stored-data-damaged` at the bytes' end. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  skip(count: number): number {
    const from = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) throw damaged();
    return from;
  }

  byte(): number {
    return this.#bytes[this.skip(1)] ?? 0;
  }

  uint(bytes: number): number {
    const from = this.skip(bytes);
    if (bytes === 1) return this.#bytes[from] ?? 0;
    if (bytes <= 6) return this.#bytes.readUIntBE(from, bytes);
    return (this.#bytes[from] ?? 0) * 2 ** 48 + this.#bytes.readUIntBE(from + 1, 6);
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if (value >= 2 ** 31) break;
      return value;
    }
    throw damaged();
  }

  text(encoding: 'utf8' | 'utf16le'): string {
    const length = this.byte();
    const from = this.skip(length);
    const text = this.#bytes.toString(encoding, from, from + length);
    // Decoders put U+FFFD in the place of what they cannot read, and drop half a UTF-16 unit.
    const isSound =
      encoding === 'utf8'
        ? !text.includes('\uFFFD') || isUtf8(this.#bytes.subarray(from, from + length))
        : length % 2 === 0 && text.isWellFormed();
    if (!isSound) throw damaged();
    return text;
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw damaged();
  }
}
