/**
 * A slip in as few bytes as it takes: a gaokao slip has about 26, so that with the seal's 16 it
 * fits Redis's 44-byte embedded string (64 bytes with its object head, measured 139 B a candidate).
 *
 * Layout: head byte (status in bits 0–2, then the bits below), candidate number, name, bitmask of
 * the components taken, a code for each of them, total (only when it is not the sum), rank, flags.
 */
import type { SeriesDefinition } from './definition.ts';
import { STATUS_CODES } from './definition.ts';
import { FangbangError } from './errors.ts';
import type { Slip } from './slip.ts';
import { NOT_TAKEN, lastMarkCode, sumOfScores } from './slip.ts';

/** Part of every nonce: a changed layout never seals under an old nonce. */
export const CODEC_VERSION = 1;

const HAS_TOTAL = 1 << 3;
const TOTAL_IS_SUM = 1 << 4;
const HAS_RANK = 1 << 5;
const NAME_IS_UTF16 = 1 << 6;
const NUMBER_IS_DIGITS = 1 << 7;

/** Longest name and candidate number, in bytes. */
const MAX_TEXT_BYTES = 255;
/** Digits that a double holds exactly. */
const MAX_PACKED_DIGITS = 15;

/** Encoder and decoder of one definition. */
export interface SlipCodec {
  /** @throws RangeError when a value does not fit the definition. */
  encode(slip: Slip): Buffer;
  /** @throws FangbangError `stored-data-damaged`. */
  decode(payload: Buffer): Slip;
}

/** Makes the codec of a definition; the definition's order of components is the codec's. */
export function makeSlipCodec(definition: SeriesDefinition): SlipCodec {
  const widths = definition.components.map((c) => (lastMarkCode(c) <= 255 ? 1 : 2));
  const lasts = definition.components.map(lastMarkCode);
  const maskBytes = Math.ceil(definition.components.length / 8);
  const hasFlags = definition.flags.length > 0;
  const totalStep = definition.total?.step ?? 1;

  const encode = (slip: Slip): Buffer => {
    const out = Buffer.allocUnsafe(1 + 2 * (1 + MAX_TEXT_BYTES) + maskBytes + 2 * widths.length + 5 + 5 + 1);
    let head = STATUS_CODES.indexOf(slip.status);
    let at = 1;

    if (slip.candidateNumber.length <= MAX_PACKED_DIGITS && /^[0-9]+$/.test(slip.candidateNumber)) {
      head |= NUMBER_IS_DIGITS;
      const digits = slip.candidateNumber.length;
      out[at] = digits;
      at = writeUint(out, at + 1, Number(slip.candidateNumber), bytesOfDigits(digits));
    } else {
      at = writeText(out, at, slip.candidateNumber, 'utf8');
    }

    // A Chinese character takes 2 bytes in UTF-16 and 3 in UTF-8.
    const isUtf16 = slip.name.length * 2 < Buffer.byteLength(slip.name);
    if (isUtf16) head |= NAME_IS_UTF16;
    at = writeText(out, at, slip.name, isUtf16 ? 'utf16le' : 'utf8');

    const maskAt = at;
    out.fill(0, at, at + maskBytes);
    at += maskBytes;
    for (const [i, width] of widths.entries()) {
      const mark = slip.marks[i] ?? NOT_TAKEN;
      if (mark === NOT_TAKEN) continue;
      if (!Number.isInteger(mark) || mark < 0 || mark > (lasts[i] ?? 0))
        throw new RangeError(`component ${i} has no mark code ${mark}`);
      out[maskAt + (i >> 3)] = (out[maskAt + (i >> 3)] ?? 0) | (1 << (i & 7));
      at = writeUint(out, at, mark, width);
    }

    if (slip.total !== undefined) {
      head |= HAS_TOTAL;
      if (slip.total === sumOfScores(definition, slip.marks)) head |= TOTAL_IS_SUM;
      else at = writeVarint(out, at, Math.round(slip.total / totalStep));
    }
    if (slip.rank !== undefined) {
      head |= HAS_RANK;
      at = writeVarint(out, at, slip.rank);
    }
    if (hasFlags) {
      out[at] = slip.flags;
      at += 1;
    }
    out[0] = head;
    return Buffer.from(out.subarray(0, at));
  };

  const decode = (payload: Buffer): Slip => {
    const head = payload[0] ?? 0;
    const status = STATUS_CODES[head & 7];
    if (status === undefined) throw damaged();
    const reader = new Reader(payload, 1);

    let candidateNumber: string;
    if ((head & NUMBER_IS_DIGITS) !== 0) {
      const digits = reader.byte();
      if (digits < 1 || digits > MAX_PACKED_DIGITS) throw damaged();
      candidateNumber = String(reader.uint(bytesOfDigits(digits))).padStart(digits, '0');
      if (candidateNumber.length !== digits) throw damaged();
    } else {
      candidateNumber = reader.text('utf8');
    }
    const name = reader.text((head & NAME_IS_UTF16) !== 0 ? 'utf16le' : 'utf8');

    const maskAt = reader.skip(maskBytes);
    const marks: number[] = [];
    for (let i = 0; i < widths.length; i += 1) {
      const taken = ((payload[maskAt + (i >> 3)] ?? 0) >> (i & 7)) & 1;
      const mark = taken === 1 ? reader.uint(widths[i] ?? 1) : NOT_TAKEN;
      if (mark > (lasts[i] ?? 0)) throw damaged();
      marks.push(mark);
    }

    let total: number | undefined;
    if ((head & HAS_TOTAL) !== 0) {
      total =
        (head & TOTAL_IS_SUM) !== 0
          ? sumOfScores(definition, marks)
          : Math.round(reader.varint() * totalStep * 1000) / 1000;
    }
    const rank = (head & HAS_RANK) !== 0 ? reader.varint() : undefined;
    const flags = hasFlags ? reader.byte() : 0;
    reader.expectEnd();
    return { candidateNumber, name, status, marks, total, rank, flags };
  };

  return { encode, decode };
}

/** Fewest bytes that hold every number of so many decimal digits. */
function bytesOfDigits(digits: number): number {
  return Math.ceil((digits * Math.log2(10)) / 8);
}

function writeUint(out: Buffer, at: number, value: number, bytes: number): number {
  // writeUIntBE takes at most 6 bytes; 15 digits need 7.
  if (bytes <= 6) return out.writeUIntBE(value, at, bytes);
  out[at] = Math.floor(value / 2 ** 48);
  return out.writeUIntBE(value % 2 ** 48, at + 1, 6);
}

function writeVarint(out: Buffer, at: number, value: number): number {
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

function writeText(out: Buffer, at: number, text: string, encoding: 'utf8' | 'utf16le'): number {
  const length = Buffer.byteLength(text, encoding);
  if (length > MAX_TEXT_BYTES) throw new RangeError('name or candidate number is longer than 255 bytes');
  out[at] = length;
  out.write(text, at + 1, encoding);
  return at + 1 + length;
}

function damaged(): FangbangError {
  return new FangbangError('stored-data-damaged', 'a stored slip does not have the form of its definition');
}

class Reader {
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
      if (byte < 0x80) return value;
    }
    throw damaged();
  }

  text(encoding: 'utf8' | 'utf16le'): string {
    const length = this.byte();
    const from = this.skip(length);
    return this.#bytes.toString(encoding, from, from + length);
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) throw damaged();
  }
}
