/**
 * A slip in as few bytes as it takes: a gaokao slip has about 26, so that with the seal's 16 it
 * fits Redis's 44-byte embedded string (64 bytes with its object head, measured 139 B a candidate).
 *
 * Layout: head byte (status in bits 0–2, then the bits below), candidate number, name, bitmask of
 * the components taken, a code for each of them, total (only when it is not the sum), rank, flags.
 */
import { putDigits } from './decimal.ts';
import type { SeriesDefinition } from './definition.ts';
import { COMPONENT_STATUS_CODES, STATUS_CODES, isMultiple } from './definition.ts';
import {
  ByteReader,
  MAX_TEXT_BYTES,
  bytesOfDigits,
  damaged,
  writeText,
  writeUint,
  writeVarint,
} from './payload-bytes.ts';
import type { Slip } from './slip.ts';
import { MARK_BASE, NOT_TAKEN, STATUSES_WITHOUT_MARKS, lastMarkCode, sumOfScores } from './slip.ts';

/** Part of every nonce: a changed layout never seals under an old nonce. */
export const CODEC_VERSION = 1;

const HAS_TOTAL = 1 << 3;
const TOTAL_IS_SUM = 1 << 4;
const HAS_RANK = 1 << 5;
const NAME_IS_UTF16 = 1 << 6;
const NUMBER_IS_DIGITS = 1 << 7;

/** Digits that a double holds exactly. */
const MAX_PACKED_DIGITS = 15;

/** Encoder and decoder of one definition. */
export interface SlipCodec {
  /**
   * @throws RangeError when a value does not fit the definition, so that what is read is always what
   * was given: unknown marks, a total off its step, half a surrogate pair, marks of a status that
   * shows none.
   */
  readonly encode: (slip: Slip) => Buffer;
  /** @throws FangbangError `stored-data-damaged` for bytes that hold no slip of the definition. */
  readonly decode: (payload: Buffer) => Slip;
}

/** Makes the codec of a definition; the definition's order of components is the codec's. */
export function makeSlipCodec(definition: SeriesDefinition): SlipCodec {
  const widths = definition.components.map((c) => (lastMarkCode(c) <= 255 ? 1 : 2));
  const lasts = definition.components.map(lastMarkCode);
  const maskBytes = Math.ceil(definition.components.length / 8);
  const hasFlags = definition.flags.length > 0;
  const flagsEnd = 1 << definition.flags.length;
  const hasScores = definition.components.some((c) => c.score !== undefined);
  const hasTotal = definition.total !== undefined;
  const totalStep = definition.total?.step ?? 1;
  const isMark = (i: number, mark: number): boolean =>
    (mark >= MARK_BASE && mark <= (lasts[i] ?? 0)) || (mark >= 1 && mark <= COMPONENT_STATUS_CODES.length);

  // For every slip anew it would be most of the encoder's work.
  const out = Buffer.alloc(1 + 2 * (1 + MAX_TEXT_BYTES) + maskBytes + 2 * widths.length + 5 + 5 + 1);
  const encode = (slip: Slip): Buffer => {
    let head = STATUS_CODES.indexOf(slip.status);
    let at = 1;
    if (head < 0) throw new RangeError('unknown status');
    if (STATUSES_WITHOUT_MARKS.has(slip.status) && showsMarks(slip))
      throw new RangeError(`a slip with the status ${slip.status} holds no marks`);
    if (slip.marks.length > widths.length) throw new RangeError('more marks than components');

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
    for (let i = 0; i < widths.length; i += 1) {
      const mark = slip.marks[i] ?? NOT_TAKEN;
      if (mark === NOT_TAKEN) continue;
      // Without the code, which is a mark.
      if (!Number.isInteger(mark) || !isMark(i, mark))
        throw new RangeError(`component ${i} has no such mark code`);
      out[maskAt + (i >> 3)] = (out[maskAt + (i >> 3)] ?? 0) | (1 << (i & 7));
      at = writeUint(out, at, mark, widths[i] ?? 1);
    }

    if (slip.total !== undefined) {
      head |= HAS_TOTAL;
      if (!hasTotal) throw new RangeError('the definition has no total');
      if (slip.total === sumOfScores(definition, slip.marks)) head |= TOTAL_IS_SUM;
      else if (isMultiple(slip.total, totalStep))
        at = writeVarint(out, at, Math.round(slip.total / totalStep));
      else throw new RangeError('the total is off its step');
    }
    if (slip.rank !== undefined) {
      head |= HAS_RANK;
      at = writeVarint(out, at, slip.rank);
    }
    if (!Number.isInteger(slip.flags) || slip.flags < 0 || slip.flags >= flagsEnd)
      throw new RangeError('a flag that the definition does not have');
    if (hasFlags) {
      out[at] = slip.flags;
      at += 1;
    }
    out[0] = head;
    const payload = Buffer.allocUnsafe(at);
    out.copy(payload, 0, 0, at);
    return payload;
  };

  const digitsRoom = Buffer.alloc(MAX_PACKED_DIGITS);
  const decode = (payload: Buffer): Slip => {
    const head = payload[0] ?? 0;
    const status = STATUS_CODES[head & 7];
    if (status === undefined) throw damaged();
    const reader = new ByteReader(payload, 1);

    let candidateNumber: string;
    if ((head & NUMBER_IS_DIGITS) !== 0) {
      const digits = reader.byte();
      if (digits < 1 || digits > MAX_PACKED_DIGITS) throw damaged();
      const number = reader.uint(bytesOfDigits(digits));
      if (number >= 10 ** digits) throw damaged();
      putDigits(digitsRoom, 0, number, digits);
      candidateNumber = digitsRoom.toString('latin1', 0, digits);
    } else {
      candidateNumber = reader.text('utf8');
    }
    const name = reader.text((head & NAME_IS_UTF16) !== 0 ? 'utf16le' : 'utf8');

    const maskAt = reader.skip(maskBytes);
    const marks: number[] = [];
    for (let i = 0; i < widths.length; i += 1) {
      const taken = ((payload[maskAt + (i >> 3)] ?? 0) >> (i & 7)) & 1;
      const mark = taken === 1 ? reader.uint(widths[i] ?? 1) : NOT_TAKEN;
      if (taken === 1 && !isMark(i, mark)) throw damaged();
      marks.push(mark);
    }
    // Bits of the last mask byte that stand for no component.
    if (widths.length % 8 !== 0 && (payload[maskAt + maskBytes - 1] ?? 0) >> (widths.length % 8) !== 0)
      throw damaged();

    let total: number | undefined;
    if ((head & HAS_TOTAL) === 0) {
      if ((head & TOTAL_IS_SUM) !== 0) throw damaged();
    } else {
      if (!hasTotal || ((head & TOTAL_IS_SUM) !== 0 && !hasScores)) throw damaged();
      total =
        (head & TOTAL_IS_SUM) !== 0
          ? sumOfScores(definition, marks)
          : Math.round(reader.varint() * totalStep * 1000) / 1000;
    }
    const rank = (head & HAS_RANK) !== 0 ? reader.varint() : undefined;
    const flags = hasFlags ? reader.byte() : 0;
    if (flags >= flagsEnd) throw damaged();
    reader.expectEnd();
    const slip = { candidateNumber, name, status, marks, total, rank, flags };
    if (STATUSES_WITHOUT_MARKS.has(status) && showsMarks(slip)) throw damaged();
    return slip;
  };

  return { encode, decode };
}

function showsMarks(slip: Slip): boolean {
  return slip.total !== undefined || slip.rank !== undefined || slip.marks.some((mark) => mark !== NOT_TAKEN);
}
