/**
 * A slip as it is stored, read and found sound. Number and name stay where they lie: an answer is bytes again, and as
 * texts in between they were four percent of a lookup.
 */
import { putDigits } from './decimal.ts';
import type { StatusCode } from './definition.ts';
import { STATUS_CODES } from './definition.ts';
import { writeQuotedText, writeQuotedUnits } from './json-text.ts';
import type { TextEncoding } from './payload-bytes.ts';
import { ByteReader, bytesOfDigits, damaged } from './payload-bytes.ts';
import type { SlipLayout } from './slip-layout.ts';
import {
  HAS_RANK,
  HAS_TOTAL,
  MAX_PACKED_DIGITS,
  NAME_IS_UTF16,
  NUMBER_IS_DIGITS,
  STATUS_BITS,
  TOTAL_IS_SUM,
  showsMarks,
} from './slip-layout.ts';
import type { MarkCode, Slip } from './slip.ts';
import { NOT_TAKEN, STATUSES_WITHOUT_MARKS, sumOfScores } from './slip.ts';

const QUOTE = 34;
const ZERO = 48;

export class StoredSlip implements Slip {
  readonly status: StatusCode;
  readonly marks: readonly MarkCode[];
  readonly total: number | undefined;
  readonly rank: number | undefined;
  readonly flags: number;
  readonly #payload: Buffer;
  /** Of a packed number; 0: it is a text. */
  readonly #digits: number;
  /** The packed number, or where its text begins. */
  readonly #number: number;
  readonly #numberEnd: number;
  readonly #nameAt: number;
  readonly #nameEnd: number;
  readonly #nameEncoding: TextEncoding;

  /** @throws FangbangError `stored-data-damaged` for bytes that hold no slip of the definition. */
  constructor(payload: Buffer, layout: SlipLayout) {
    const head = payload[0] ?? 0;
    const status = STATUS_CODES[head & STATUS_BITS];
    if (status === undefined) throw damaged();
    this.status = status;
    this.#payload = payload;
    const reader = new ByteReader(payload, 1);

    if ((head & NUMBER_IS_DIGITS) !== 0) {
      this.#digits = reader.byte();
      if (this.#digits < 1 || this.#digits > MAX_PACKED_DIGITS) throw damaged();
      this.#number = reader.uint(bytesOfDigits(this.#digits));
      if (this.#number >= 10 ** this.#digits) throw damaged();
    } else {
      this.#digits = 0;
      this.#number = reader.text('utf8');
    }
    this.#numberEnd = reader.at;
    this.#nameEncoding = (head & NAME_IS_UTF16) !== 0 ? 'utf16le' : 'utf8';
    this.#nameAt = reader.text(this.#nameEncoding);
    this.#nameEnd = reader.at;

    this.marks = readMarks(payload, reader, layout);
    if ((head & HAS_TOTAL) !== 0) {
      const isSum = (head & TOTAL_IS_SUM) !== 0;
      if (!layout.hasTotal || (isSum && !layout.hasScores)) throw damaged();
      this.total = isSum
        ? sumOfScores(layout.definition, this.marks)
        : Math.round(reader.varint() * layout.totalStep * 1000) / 1000;
    } else {
      if ((head & TOTAL_IS_SUM) !== 0) throw damaged();
      this.total = undefined;
    }
    this.rank = (head & HAS_RANK) !== 0 ? reader.varint() : undefined;
    this.flags = layout.hasFlags ? reader.byte() : 0;
    if (this.flags >= layout.flagsEnd) throw damaged();
    reader.expectEnd();
    if (STATUSES_WITHOUT_MARKS.has(status) && showsMarks(this)) throw damaged();
  }

  get candidateNumber(): string {
    if (this.#digits > 0) return String(this.#number).padStart(this.#digits, '0');
    return this.#payload.toString('utf8', this.#number, this.#numberEnd);
  }

  get name(): string {
    return this.#payload.toString(this.#nameEncoding, this.#nameAt, this.#nameEnd);
  }

  /** Whether this is its candidate number, without making a text of it. */
  isOf(candidateNumber: string): boolean {
    if (this.#digits === 0) return this.candidateNumber === candidateNumber;
    if (candidateNumber.length !== this.#digits) return false;
    let number = 0;
    for (let i = 0; i < candidateNumber.length; i += 1) {
      const digit = candidateNumber.charCodeAt(i) - ZERO;
      if (digit < 0 || digit > 9) return false;
      number = number * 10 + digit;
    }
    return number === this.#number;
  }

  /** The candidate number as a text of JSON in UTF-8. @returns the place behind it. */
  writeNumber(out: Buffer, from: number): number {
    if (this.#digits === 0) return writeQuotedText(out, from, this.candidateNumber);
    out[from] = QUOTE;
    const at = putDigits(out, from + 1, this.#number, this.#digits);
    out[at] = QUOTE;
    return at + 1;
  }

  /** The name as a text of JSON in UTF-8. @returns the place behind it. */
  writeName(out: Buffer, from: number): number {
    return this.#nameEncoding === 'utf16le'
      ? writeQuotedUnits(out, from, this.#payload, this.#nameAt, this.#nameEnd)
      : writeQuotedText(out, from, this.name);
  }
}

function readMarks(payload: Buffer, reader: ByteReader, layout: SlipLayout): MarkCode[] {
  const { widths, maskBytes } = layout;
  const maskAt = reader.skip(maskBytes);
  const marks: MarkCode[] = [];
  for (let i = 0; i < widths.length; i += 1) {
    const isTaken = (((payload[maskAt + (i >> 3)] ?? 0) >> (i & 7)) & 1) === 1;
    const mark = isTaken ? reader.uint(widths[i] ?? 1) : NOT_TAKEN;
    if (isTaken && !layout.isMark(i, mark)) throw damaged();
    marks.push(mark);
  }
  // Bits of the last mask byte that stand for no component.
  const spare = widths.length % 8;
  if (spare !== 0 && (payload[maskAt + maskBytes - 1] ?? 0) >> spare !== 0) throw damaged();
  return marks;
}
