/**
 * Many binary records of one size, sorted at the end, in little memory: spread over 256 buckets by
 * their first byte, blocks of a bucket written to one temporary file when they are full, and read
 * back and sorted bucket by bucket.
 *
 * Records begin with bytes that are spread evenly (a hash), so that the buckets are alike in size.
 * Failure policy: a full temporary folder surfaces as `file-refused`; the file has no name, so that
 * nothing is left behind.
 */
import { closeSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { FangbangError } from '#results/errors.ts';
import { openNameless, writeWholly } from './sources.ts';

const BUCKETS = 256;
/** A bucket's block in memory: 256 of them are 4 MB. */
const BLOCK_BYTES = 16 * 1024;

interface Bucket {
  block: Buffer | undefined;
  used: number;
  /** Places of its full blocks in the file, in blocks. */
  readonly written: number[];
}

export class SortedRecords {
  readonly #recordBytes: number;
  readonly #blockBytes: number;
  readonly #buckets: Bucket[] = Array.from({ length: BUCKETS }, () => ({
    block: undefined,
    used: 0,
    written: [],
  }));
  #file: number | undefined;
  #blocks = 0;

  /** @param recordBytes size of every record, at least 5 and at most 16,384. */
  constructor(recordBytes: number) {
    this.#recordBytes = recordBytes;
    this.#blockBytes = Math.floor(BLOCK_BYTES / recordBytes) * recordBytes;
  }

  /** Adds a copy of the record. */
  add(record: Buffer): void {
    const bucket = this.#buckets[record[0] ?? 0];
    if (bucket === undefined) return;
    bucket.block ??= Buffer.allocUnsafe(this.#blockBytes);
    record.copy(bucket.block, bucket.used);
    bucket.used += this.#recordBytes;
    if (bucket.used === this.#blockBytes) {
      this.#write(bucket.block);
      bucket.written.push(this.#blocks - 1);
      bucket.used = 0;
    }
  }

  /** All records in ascending order, a bucket at a time, one record after the other. */
  *sorted(): Generator<Buffer> {
    for (const bucket of this.#buckets) {
      const bytes = this.#load(bucket);
      if (bytes.length > 0) yield sortRecords(bytes, this.#recordBytes);
    }
  }

  /** Gives the temporary file back. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(block: Buffer): void {
    try {
      this.#file ??= openNameless('fangbang-sort-');
      writeWholly(this.#file, block, this.#blocks * this.#blockBytes);
      this.#blocks += 1;
    } catch (cause) {
      throw new FangbangError('file-refused', 'the checks need more room than the temporary folder has', {
        hint: `make room in ${tmpdir()} (about 110 bytes a row), or point TMPDIR to a larger disk`,
        cause,
      });
    }
  }

  #load(bucket: Bucket): Buffer {
    const bytes = Buffer.allocUnsafe(bucket.written.length * this.#blockBytes + bucket.used);
    let at = 0;
    for (const place of bucket.written) {
      if (this.#file === undefined) throw new Error('the temporary file is closed');
      const read = readSync(this.#file, bytes, at, this.#blockBytes, place * this.#blockBytes);
      if (read !== this.#blockBytes) throw new Error('the temporary file is shorter than what was written');
      at += read;
    }
    bucket.block?.copy(bytes, at, 0, bucket.used);
    return bytes;
  }
}

/** A record's place in its bucket takes so many values beside 32 bits of the record in a double's 53. */
const PLACES = 2 ** 21;

/**
 * Sorts by the four bytes after the first, which all share, as numbers: 32 bits of the record and its
 * place fit a double together, and a Float64Array sorts natively. The few with the same 32 bits are
 * then put in order by all their bytes.
 */
function sortRecords(bytes: Buffer, size: number): Buffer {
  const count = bytes.length / size;
  const record = (place: number): Buffer => bytes.subarray(place * size, place * size + size);
  const compare = (a: number, b: number): number => Buffer.compare(record(a), record(b));
  const order = new Uint32Array(count);
  if (count > PLACES) {
    // Only when nearly all records are alike: some half a billion spread ones fit.
    for (let i = 0; i < count; i += 1) order[i] = i;
    order.sort(compare);
  } else {
    const keys = new Float64Array(count);
    for (let i = 0; i < count; i += 1) keys[i] = bytes.readUInt32BE(i * size + 1) * PLACES + i;
    keys.sort();
    for (let i = 0; i < count; i += 1) order[i] = (keys[i] ?? 0) % PLACES;
    for (let from = 0, to = 1; from < count; from = to, to += 1) {
      const prefix = Math.floor((keys[from] ?? 0) / PLACES);
      while (to < count && Math.floor((keys[to] ?? 0) / PLACES) === prefix) to += 1;
      if (to - from > 1) order.subarray(from, to).sort(compare);
    }
  }
  const sorted = Buffer.allocUnsafe(bytes.length);
  for (const [i, place] of order.entries()) bytes.copy(sorted, i * size, place * size, place * size + size);
  return sorted;
}
