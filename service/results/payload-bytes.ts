/**
 * Numbers and texts in a payload's bytes, for slip-codec.ts.
 */
import { isUtf8 } from 'node:buffer';
import { FangbangError } from './errors.ts';

/** Longest name and candidate number, in bytes: their length takes one. */
export const MAX_TEXT_BYTES = 255;

export type TextEncoding = 'utf8' | 'utf16le';

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
export function writeText(out: Buffer, at: number, text: string, encoding: TextEncoding): number {
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

/** Whether these bytes are what the encoding makes of a text: a decoder would put U+FFFD in the place of others. */
function isText(bytes: Buffer, from: number, to: number, encoding: TextEncoding): boolean {
  if (encoding === 'utf8') {
    for (let at = from; at < to; at += 1)
      if ((bytes[at] ?? 0) >= 0x80) return isUtf8(bytes.subarray(from, to));
    return true;
  }
  if ((to - from) % 2 !== 0) return false;
  for (let at = from + 1; at < to; at += 2)
    if (isSurrogate(bytes[at] ?? 0)) return bytes.toString('utf16le', from, to).isWellFormed();
  return true;
}

/** Whether a unit of UTF-16 is half of a pair. @param highByte of the unit. */
export function isSurrogate(highByte: number): boolean {
  return (highByte & 0xf8) === 0xd8;
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

  /** @returns where the text begins; it ends where the next thing begins (`at`). */
  text(encoding: TextEncoding): number {
    const length = this.byte();
    const from = this.skip(length);
    if (!isText(this.#bytes, from, this.#at, encoding)) throw damaged();
    return from;
  }

  /** The place of what is read next. */
  get at(): number {
    return this.#at;
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw damaged();
  }
}
