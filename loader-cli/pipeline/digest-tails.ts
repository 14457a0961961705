/**
 * The tails of all digests until their number, and so the size of the membership filter, is known:
 * in a temporary file, 16 bytes an entry, so that ten million cost no memory.
 */
import { closeSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Digest } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import { MembershipFilter } from '#results/membership-filter.ts';
import { openNameless, writeWholly } from './sources.ts';

/** The filter uses digest[48, 64). */
export const TAIL_AT = 48;
export const TAIL_BYTES = 16;
const BLOCK_BYTES = 1024 * 1024;

export class DigestTails {
  entries = 0;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;
  #file: number | undefined;
  #blocks = 0;

  add(digest: Digest): void {
    if (this.#used === BLOCK_BYTES) this.#write();
    this.#used += digest.copy(this.#block, this.#used, TAIL_AT, TAIL_AT + TAIL_BYTES);
    this.entries += 1;
  }

  /** Adds tails, one after the other. */
  addAll(tails: Uint8Array): void {
    for (let from = 0; from < tails.length;) {
      if (this.#used === BLOCK_BYTES) this.#write();
      const count = Math.min(tails.length - from, BLOCK_BYTES - this.#used);
      this.#block.set(tails.subarray(from, from + count), this.#used);
      this.#used += count;
      from += count;
    }
    this.entries += tails.length / TAIL_BYTES;
  }

  /** The filter of all that was added; once. */
  buildFilter(): MembershipFilter {
    const filter = MembershipFilter.forEntries(this.entries);
    addTails(filter, this.#block.subarray(0, this.#used));
    for (let i = 0; i < this.#blocks; i += 1) {
      const read = readSync(this.#file ?? -1, this.#block, 0, BLOCK_BYTES, i * BLOCK_BYTES);
      if (read !== BLOCK_BYTES) throw new Error('the temporary file is shorter than what was written');
      addTails(filter, this.#block);
    }
    return filter;
  }

  /** Gives the temporary file back. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(): void {
    try {
      this.#file ??= openNameless('fangbang-filter-');
      writeWholly(this.#file, this.#block, this.#blocks * BLOCK_BYTES);
    } catch (cause) {
      throw new FangbangError('file-refused', 'the load needs more room than the temporary folder has', {
        hint: `make room in ${tmpdir()}, or point TMPDIR to a larger disk`,
        cause,
      });
    }
    this.#blocks += 1;
    this.#used = 0;
  }
}

function addTails(filter: MembershipFilter, tails: Buffer): void {
  for (let at = 0; at < tails.length; at += TAIL_BYTES) filter.addTail(tails, at);
}
