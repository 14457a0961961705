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
  add(record: Uint8Array): void {
    const bucket = this.#buckets[record[0] ?? 0];
    if (bucket === undefined) return;
    bucket.block ??= Buffer.allocUnsafeSlow(this.#blockBytes);
    bucket.block.set(record, bucket.used);
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

  /** As `sorted`, each bucket beside the one of other records with the same first byte; either may be empty. */
  *sortedBeside(other: SortedRecords): Generator<readonly [here: Buffer, there: Buffer]> {
    for (const [i, bucket] of this.#buckets.entries()) {
      const beside = other.#buckets[i];
      if (beside === undefined) return;
      yield [
        sortRecords(this.#load(bucket), this.#recordBytes),
        sortRecords(other.#load(beside), other.#recordBytes),
      ];
    }
  }

  /**
   * Records that begin with the same bytes, in ascending order, a group at a time; the rest are not put in order.
   * @param prefixBytes at least 5.
   */
  *groups(prefixBytes: number): Generator<Buffer> {
    for (const bucket of this.#buckets) {
      const bytes = this.#load(bucket);
      if (bytes.length > 0) yield* findGroups(bytes, this.#recordBytes, prefixBytes);
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
 * Places of the records in ascending order of the four bytes after the first, which all share: 32 bits of the record
 * and its place fit a double together, and a Float64Array sorts natively. Undefined for more records than there are
 * places: only when nearly all are alike, since some half a billion spread ones fit.
 */
function orderByPrefix(bytes: Buffer, size: number): Float64Array | undefined {
  const count = bytes.length / size;
  if (count > PLACES) return undefined;
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i += 1) keys[i] = prefixAt(bytes, i * size) * PLACES + i;
  return keys.sort();
}

/** Four bytes after a record's first, as a number. */
function prefixAt(bytes: Buffer, at: number): number {
  const low = ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
  return (bytes[at + 1] ?? 0) * 2 ** 24 + low;
}

/** The few with the same 32 bits are put in order by all their bytes. */
function sortRecords(bytes: Buffer, size: number): Buffer {
  const count = bytes.length / size;
  const order = new Uint32Array(count);
  const compare = (a: number, b: number): number => compareRecords(bytes, a * size, b * size, size);
  const keys = orderByPrefix(bytes, size);
  if (keys === undefined) {
    for (let i = 0; i < count; i += 1) order[i] = i;
    order.sort(compare);
  } else {
    for (let i = 0; i < count; i += 1) order[i] = (keys[i] ?? 0) % PLACES;
    for (const [from, to] of alike(keys)) order.subarray(from, to).sort(compare);
  }
  const sorted = Buffer.allocUnsafe(bytes.length);
  for (let i = 0; i < count; i += 1) {
    const from = (order[i] ?? 0) * size;
    for (let k = 0; k < size; k += 1) sorted[i * size + k] = bytes[from + k] ?? 0;
  }
  return sorted;
}

/** Runs of keys with the same 32 bits. */
function* alike(keys: Float64Array): Generator<readonly [from: number, to: number]> {
  for (let from = 0, to = 1; from < keys.length; from = to, to += 1) {
    const prefix = Math.floor((keys[from] ?? 0) / PLACES);
    while (to < keys.length && Math.floor((keys[to] ?? 0) / PLACES) === prefix) to += 1;
    if (to - from > 1) yield [from, to];
  }
}

function* findGroups(bytes: Buffer, size: number, prefixBytes: number): Generator<Buffer> {
  const keys = orderByPrefix(bytes, size);
  if (keys === undefined) {
    yield* groupsIn(sortRecords(bytes, size), size, prefixBytes);
    return;
  }
  for (const [from, to] of alike(keys)) {
    const some = Buffer.concat(
      Array.from(keys.subarray(from, to), (key) =>
        bytes.subarray((key % PLACES) * size, ((key % PLACES) + 1) * size),
      ),
    );
    yield* groupsIn(sortRecords(some, size), size, prefixBytes);
  }
}

function* groupsIn(sorted: Buffer, size: number, prefixBytes: number): Generator<Buffer> {
  for (let from = 0, to = size; from < sorted.length; from = to, to += size) {
    while (to < sorted.length && compareRecords(sorted, from, to, prefixBytes) === 0) to += size;
    if (to - from > size) yield sorted.subarray(from, to);
  }
}

function compareRecords(bytes: Buffer, a: number, b: number, length: number): number {
  return bytes.compare(bytes, b, b + length, a, a + length);
}
