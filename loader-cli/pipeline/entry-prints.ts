/**
 * Prints of entries: enough of each to tell, in any order, which entries two sides have alike, which differ and which
 * one side lacks. Memory: one 256th of them at a time; the rest is 32 bytes an entry in a temporary file
 * (sorted-records.ts, also for what happens when that is full).
 */
import type { Digest } from '#results/digest.ts';
import { SortedRecords } from './sorted-records.ts';

/** Begin of the digest, which says whose entry it is, ‖ begin of the hash of the whole entry: 128 bits each. */
const DIGEST_BYTES = 16;
const HASH_BYTES = 16;
export const PRINT_BYTES = DIGEST_BYTES + HASH_BYTES;

/**
 * Writes a print.
 * @param hash of the entry, as StoredChecksum answers it.
 * @returns the place behind it.
 */
export function writePrint(into: Buffer, at: number, digest: Buffer, hash: Buffer): number {
  digest.copy(into, at, 0, DIGEST_BYTES);
  hash.copy(into, at + DIGEST_BYTES, 0, HASH_BYTES);
  return at + PRINT_BYTES;
}

export interface PrintsCompared {
  /** Expected and found, the differing ones included. */
  readonly present: number;
  readonly missing: number;
  /** Found with another candidate number, credential set or slip. */
  readonly differing: number;
}

export class EntryPrints {
  #records = new SortedRecords(PRINT_BYTES);
  readonly #print = Buffer.alloc(PRINT_BYTES);

  /** @param hash as in `writePrint`. */
  add(digest: Digest, hash: Buffer): void {
    writePrint(this.#print, 0, digest, hash);
    this.#records.add(this.#print);
  }

  /** Adds prints, one after the other. */
  addAll(prints: Uint8Array): void {
    for (let at = 0; at < prints.length; at += PRINT_BYTES)
      this.#records.add(prints.subarray(at, at + PRINT_BYTES));
  }

  clear(): void {
    this.close();
    this.#records = new SortedRecords(PRINT_BYTES);
  }

  /** How these stand to what was found. */
  compareWith(found: EntryPrints): PrintsCompared {
    const counts = { present: 0, missing: 0, differing: 0 };
    for (const [expected, other] of this.#records.sortedBeside(found.#records))
      compareSorted(expected, other, counts);
    return counts;
  }

  /** Gives the temporary file back. */
  close(): void {
    this.#records.close();
  }
}

/** Counts what two sorted runs have alike; both begin with the same bytes of their digests. */
function compareSorted(
  expected: Buffer,
  found: Buffer,
  counts: { present: number; missing: number; differing: number },
): void {
  let other = 0;
  for (let at = 0; at < expected.length; at += PRINT_BYTES) {
    while (other < found.length && compareParts(found, other, expected, at, 0, DIGEST_BYTES) < 0)
      other += PRINT_BYTES;
    if (other === found.length || compareParts(found, other, expected, at, 0, DIGEST_BYTES) !== 0) {
      counts.missing += 1;
      continue;
    }
    counts.present += 1;
    if (compareParts(found, other, expected, at, DIGEST_BYTES, PRINT_BYTES) !== 0) counts.differing += 1;
  }
}

/** Bytes `from` to `to` of the print at `a` of one run and at `b` of another. */
function compareParts(one: Buffer, a: number, two: Buffer, b: number, from: number, to: number): number {
  return one.compare(two, b + from, b + to, a + from, a + to);
}
