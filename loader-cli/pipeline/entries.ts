/**
 * Accepted rows → what Postgres stores of them, a block at a time: digests, COPY rows, the filter's tails, the stored
 * checksum. It needs nothing but its arguments, so that it can run in a thread of its own (entry-thread.ts).
 */
import { StoredChecksum } from '#results/checksum.ts';
import type { StoredSums } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { DIGEST_BYTES, digestOf, digestPrefix } from '#results/digest.ts';
import type { Digest, Pepper } from '#results/digest.ts';
import { TAIL_AT, TAIL_BYTES } from './digest-tails.ts';

/** What the digests of a batch are made with; plain, so that it can be sent to a thread. */
export interface EntryRecipe {
  readonly pepperKey: Uint8Array;
  /** Credentials of a row. */
  readonly credentials: number;
  /** Place of the candidate number among them. */
  readonly numberAt: number;
  readonly sets: readonly { readonly prefix: Uint8Array; readonly places: readonly number[] }[];
}

/** What a block of rows became. */
export interface EntryBlock {
  /** Rows in the binary format of COPY, without its head and tail. */
  readonly copy: Uint8Array;
  /** One after the other (digest-tails.ts). */
  readonly tails: Uint8Array;
  readonly sums: StoredSums;
}

/** The recipe of a series under a pepper. */
export function entryRecipe(definition: SeriesDefinition, pepper: Pepper): EntryRecipe {
  const names = Object.keys(definition.credentials);
  return {
    pepperKey: pepper.key,
    credentials: names.length,
    numberAt: names.indexOf(definition.numberCredential),
    sets: definition.credentialSets.map((set) => ({
      prefix: digestPrefix(definition.id, set.name),
      places: set.credentials.map((name) => names.indexOf(name)),
    })),
  };
}

/** Of a row beside its digest, number and payload: count of fields, their lengths, the credential set. */
const COPY_OVERHEAD_BYTES = 2 + 4 * 4 + 2;

/**
 * Makes the entries of a block.
 * @param block rows as `rowBytes` gives them, each behind its length in four bytes.
 */
export function makeEntries(recipe: EntryRecipe, block: Buffer): EntryBlock {
  const key = Buffer.from(recipe.pepperKey);
  const sets = recipe.sets.map(({ prefix, places }) => ({ prefix: Buffer.from(prefix), places }));
  const writer = new EntryWriter(sets.length * countRows(block), sets.length * block.length);
  // Begin and end of each credential in the block.
  const credentials: Range[] = Array.from({ length: recipe.credentials }, () => [0, 0]);
  for (let at = 0; at < block.length;) {
    const end = at + 4 + block.readUInt32BE(at);
    at += 4;
    for (let i = 0; i < recipe.credentials; i += 1) {
      const from = at + 4;
      at = from + block.readUInt32BE(at);
      credentials[i] = [from, at];
    }
    const number = credentials[recipe.numberAt] ?? [0, 0];
    for (let set = 0; set < sets.length; set += 1) {
      const { prefix, places } = sets[set] ?? { prefix: block, places: [] };
      const digest = digestOf(key, digestInput(prefix, places, credentials, block));
      writer.add(digest, set, block, number, [at, end]);
    }
    at = end;
  }
  return writer.finish();
}

type Range = readonly [from: number, to: number];

function countRows(block: Buffer): number {
  let rows = 0;
  for (let at = 0; at < block.length; at += 4 + block.readUInt32BE(at)) rows += 1;
  return rows;
}

/** As digest.ts describes it. */
function digestInput(
  prefix: Buffer,
  places: readonly number[],
  credentials: readonly Range[],
  block: Buffer,
): Buffer {
  let size = prefix.length;
  for (const place of places) {
    const [from, to] = credentials[place] ?? [0, 0];
    size += 2 + to - from;
  }
  const input = Buffer.allocUnsafe(size);
  prefix.copy(input, 0);
  let at = prefix.length;
  for (const place of places) {
    const [from, to] = credentials[place] ?? [0, 0];
    at = input.writeUInt16BE(to - from, at);
    for (let i = from; i < to; i += 1, at += 1) input[at] = block[i] ?? 0;
  }
  return input;
}

class EntryWriter {
  readonly #copy: Buffer;
  readonly #tails: Buffer;
  readonly #stored = new StoredChecksum();
  #at = 0;
  #tailAt = 0;

  /** @param rowBytes at most, of all numbers and payloads. */
  constructor(entries: number, rowBytes: number) {
    // Not from a pool: it is given away to another thread.
    this.#copy = Buffer.allocUnsafeSlow(rowBytes + entries * (DIGEST_BYTES + COPY_OVERHEAD_BYTES));
    this.#tails = Buffer.allocUnsafeSlow(entries * TAIL_BYTES);
  }

  add(digest: Digest, set: number, block: Buffer, number: Range, payload: Range): void {
    const copy = this.#copy;
    let at = copy.writeInt16BE(4, this.#at);
    at = this.#putField(at, digest, [0, DIGEST_BYTES]);
    at = copy.writeInt32BE(2, at);
    at = copy.writeInt16BE(set, at);
    at = this.#putField(at, block, number);
    this.#at = this.#putField(at, block, payload);
    for (let i = 0; i < TAIL_BYTES; i += 1) this.#tails[this.#tailAt + i] = digest[TAIL_AT + i] ?? 0;
    this.#tailAt += TAIL_BYTES;
    this.#stored.addFrom(block, digest, set, number, payload);
  }

  finish(): EntryBlock {
    return { copy: this.#copy.subarray(0, this.#at), tails: this.#tails, sums: this.#stored.parts() };
  }

  #putField(at: number, bytes: Buffer, [from, to]: Range): number {
    const copy = this.#copy;
    let place = copy.writeInt32BE(to - from, at);
    for (let i = from; i < to; i += 1, place += 1) copy[place] = bytes[i] ?? 0;
    return place;
  }
}
