/**
 * A Bloom filter of a batch's digests: what is not in it was never loaded, so a wrong guess costs
 * no database (design.md section 2.5).
 */
import { createHash } from 'node:crypto';
import type { Digest } from './digest.ts';
import { FangbangError } from './errors.ts';

/** 16 bits an entry and 11 hashes: (1 − e^(−11/16))^11 = 0.05% false positives. */
const BITS_PER_ENTRY = 16;
const HASHES = 11;
/** Chunks as they are stored: a message that Postgres and the client take in one piece. */
export const FILTER_CHUNK_BYTES = 1024 * 1024;

export class MembershipFilter {
  /** Number of bits, a multiple of 8. */
  readonly bits: number;
  readonly bytes: Buffer;

  private constructor(bits: number, bytes: Buffer) {
    this.bits = bits;
    this.bytes = bytes;
  }

  /** An empty filter for so many digests. */
  static forEntries(entries: number): MembershipFilter {
    const bits = Math.max(64, Math.ceil((entries * BITS_PER_ENTRY) / 8) * 8);
    return new MembershipFilter(bits, Buffer.alloc(bits / 8));
  }

  /**
   * A stored filter.
   * @throws FangbangError `stored-data-damaged` when length or SHA-256 differ from the batch's.
   */
  static fromChunks(chunks: readonly Buffer[], bits: number, sha256: Buffer): MembershipFilter {
    const bytes = Buffer.concat(chunks);
    if (bytes.length * 8 !== bits || !createHash('sha256').update(bytes).digest().equals(sha256)) {
      throw new FangbangError(
        'stored-data-damaged',
        'a stored membership filter does not have the checksum of its batch',
      );
    }
    return new MembershipFilter(bits, bytes);
  }

  add(digest: Digest): void {
    this.addTail(digest.subarray(48, 64));
  }

  /** Adds by digest[48,64), the part that the filter uses; it begins at a place of some bytes. */
  addTail(bytes: Buffer, at = 0): void {
    let bit = modulo(bytes.readUInt32BE(at), this.bits);
    let step = modulo(bytes.readUInt32BE(at + 4), this.bits);
    for (let i = 1; i <= HASHES; i += 1) {
      const index = bit >>> 3;
      this.bytes[index] = (this.bytes[index] ?? 0) | (1 << (bit & 7));
      // Enhanced double hashing (Dillinger and Manolios 2004): no cycles when step divides bits.
      bit = sumBelow(this.bits, bit, step);
      step = sumBelow(this.bits, step, i);
    }
  }

  mayContain(digest: Digest): boolean {
    let bit = modulo(digest.readUInt32BE(48), this.bits);
    let step = modulo(digest.readUInt32BE(52), this.bits);
    for (let i = 1; i <= HASHES; i += 1) {
      if ((((this.bytes[bit >>> 3] ?? 0) >> (bit & 7)) & 1) === 0) return false;
      bit = sumBelow(this.bits, bit, step);
      step = sumBelow(this.bits, step, i);
    }
    return true;
  }

  sha256(): Buffer {
    return createHash('sha256').update(this.bytes).digest();
  }

  /** The filter in the pieces in which it is stored. */
  chunks(): Buffer[] {
    const pieces: Buffer[] = [];
    for (let at = 0; at < this.bytes.length; at += FILTER_CHUNK_BYTES)
      pieces.push(this.bytes.subarray(at, at + FILTER_CHUNK_BYTES));
    return pieces;
  }
}

/** The rest of a division, as `%` has it: numbers of 32 bits are divided as floating point, and their rest is a call. */
function modulo(value: number, bits: number): number {
  return value - Math.floor(value / bits) * bits;
}

/** (a + b) % bits of numbers that are below it. */
function sumBelow(bits: number, a: number, b: number): number {
  const sum = a + b;
  return sum < bits ? sum : sum - bits;
}
