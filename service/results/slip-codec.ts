/**
 * A slip in as few bytes as it takes: a gaokao slip has about 26, so that with the seal's 16 it
 * fits Redis's 44-byte embedded string (64 bytes with its object head, measured 139 B a candidate).
 * What lies where: slip-layout.ts.
 */
import type { SeriesDefinition } from './definition.ts';
import { STATUS_CODES, isMultiple } from './definition.ts';
import { MAX_TEXT_BYTES, bytesOfDigits, writeText, writeUint, writeVarint } from './payload-bytes.ts';
import {
  HAS_RANK,
  HAS_TOTAL,
  MAX_PACKED_DIGITS,
  NAME_IS_UTF16,
  NUMBER_IS_DIGITS,
  SlipLayout,
  TOTAL_IS_SUM,
  showsMarks,
} from './slip-layout.ts';
import type { Slip } from './slip.ts';
import { NOT_TAKEN, STATUSES_WITHOUT_MARKS, sumOfScores } from './slip.ts';
import { StoredSlip } from './stored-slip.ts';

/** Part of every nonce: a changed layout never seals under an old nonce. */
export const CODEC_VERSION = 1;

/** Encoder and decoder of one definition. */
export interface SlipCodec {
  /**
   * @throws RangeError when a value does not fit the definition, so that what is read is always what
   * was given: unknown marks, a total off its step, half a surrogate pair, marks of a status that
   * shows none.
   */
  readonly encode: (slip: Slip) => Buffer;
  /** @throws FangbangError `stored-data-damaged` for bytes that hold no slip of the definition. */
  readonly read: (payload: Buffer) => StoredSlip;
  /** The same as plain values. */
  readonly decode: (payload: Buffer) => Slip;
}

/** Makes the codec of a definition. */
export function makeSlipCodec(definition: SeriesDefinition): SlipCodec {
  const layout = new SlipLayout(definition);
  const { widths, maskBytes, hasFlags, flagsEnd, hasTotal, totalStep } = layout;

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
      if (!Number.isInteger(mark) || !layout.isMark(i, mark))
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

  const read = (payload: Buffer): StoredSlip => new StoredSlip(payload, layout);
  const decode = (payload: Buffer): Slip => {
    const { candidateNumber, name, status, marks, total, rank, flags } = read(payload);
    return { candidateNumber, name, status, marks, total, rank, flags };
  };

  return { encode, read, decode };
}
