/**
 * Accepted rows → what Postgres stores of them, a block at a time: digests, COPY rows, the filter's tails, the stored
 * checksum, and prints, by which `verify` compares. It needs nothing but its arguments, so that it can run in a thread of its own (entry-thread.ts).
 */
import { StoredChecksum } from '#results/checksum.ts';
import type { StoredSums } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { DIGEST_BYTES, digestPrefix, makeDigestOf } from '#results/digest.ts';
import type { Digest, Pepper } from '#results/digest.ts';
import { TAIL_AT, TAIL_BYTES } from './digest-tails.ts';
import { PRINT_BYTES, writePrint } from './entry-prints.ts';

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
  /** One after the other (entry-prints.ts). */
  readonly prints: Uint8Array;
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
  const digestOf = makeDigestOf(recipe.pepperKey);
  const sets = recipe.sets.map(({ prefix, places }) => ({ prefix: Buffer.from(prefix), places }));
  const writer = new EntryWriter(sets.length * countRows(block), sets.length * block.length);
  const row = new RowPlaces(recipe);
  for (let at = 0; at < block.length; at = row.end) {
    row.read(block, at);
    for (let set = 0; set < sets.length; set += 1) {
      const { prefix, places } = sets[set] ?? { prefix: block, places: [] };
      writer.add(digestOf(digestInput(prefix, places, block, row)), set, block, row);
    }
  }
  return writer.finish();
}

/** Where the parts of one row are in its block. Numbers alone: pairs and destructuring took twice as long as all else. */
class RowPlaces {
  readonly credentialFrom: Int32Array;
  readonly credentialEnd: Int32Array;
  readonly #numberAt: number;
  payloadFrom = 0;
  end = 0;

  constructor({ credentials, numberAt }: EntryRecipe) {
    this.credentialFrom = new Int32Array(credentials);
    this.credentialEnd = new Int32Array(credentials);
    this.#numberAt = numberAt;
  }

  read(block: Buffer, from: number): void {
    this.end = from + 4 + block.readUInt32BE(from);
    let at = from + 4;
    for (let i = 0; i < this.credentialFrom.length; i += 1) {
      const length = block.readUInt32BE(at);
      this.credentialFrom[i] = at + 4;
      at += 4 + length;
      this.credentialEnd[i] = at;
    }
    this.payloadFrom = at;
  }

  get numberFrom(): number {
    return this.credentialFrom[this.#numberAt] ?? 0;
  }

  get numberEnd(): number {
    return this.credentialEnd[this.#numberAt] ?? 0;
  }
}

function countRows(block: Buffer): number {
  let rows = 0;
  for (let at = 0; at < block.length; at += 4 + block.readUInt32BE(at)) rows += 1;
  return rows;
}

/** As digest.ts describes it. */
function digestInput(prefix: Buffer, places: readonly number[], block: Buffer, row: RowPlaces): Buffer {
  let size = prefix.length;
  for (const place of places) size += 2 + (row.credentialEnd[place] ?? 0) - (row.credentialFrom[place] ?? 0);
  const input = Buffer.allocUnsafe(size);
  prefix.copy(input, 0);
  let at = prefix.length;
  for (const place of places) {
    const from = row.credentialFrom[place] ?? 0;
    const end = row.credentialEnd[place] ?? 0;
    at = input.writeUInt16BE(end - from, at);
    at += block.copy(input, at, from, end);
  }
  return input;
}

class EntryWriter {
  readonly #copy: Buffer;
  readonly #tails: Buffer;
  readonly #prints: Buffer;
  readonly #stored = new StoredChecksum();
  #at = 0;
  #tailAt = 0;
  #printAt = 0;

  /** @param rowBytes at most, of all numbers and payloads. */
  constructor(entries: number, rowBytes: number) {
    // Not from a pool: it is given away to another thread.
    this.#copy = Buffer.allocUnsafeSlow(rowBytes + entries * (DIGEST_BYTES + COPY_OVERHEAD_BYTES));
    this.#tails = Buffer.allocUnsafeSlow(entries * TAIL_BYTES);
    this.#prints = Buffer.allocUnsafeSlow(entries * PRINT_BYTES);
  }

  add(digest: Digest, set: number, block: Buffer, row: RowPlaces): void {
    const copy = this.#copy;
    const { numberFrom, numberEnd, payloadFrom, end } = row;
    let at = copy.writeInt16BE(4, this.#at);
    at = copy.writeInt32BE(DIGEST_BYTES, at);
    at += digest.copy(copy, at, 0, DIGEST_BYTES);
    at = copy.writeInt32BE(2, at);
    at = copy.writeInt16BE(set, at);
    at = copy.writeInt32BE(numberEnd - numberFrom, at);
    at += block.copy(copy, at, numberFrom, numberEnd);
    at = copy.writeInt32BE(end - payloadFrom, at);
    this.#at = at + block.copy(copy, at, payloadFrom, end);
    this.#tailAt += digest.copy(this.#tails, this.#tailAt, TAIL_AT, TAIL_AT + TAIL_BYTES);
    const hash = this.#stored.addFrom(digest, set, block, numberFrom, numberEnd, payloadFrom, end);
    this.#printAt = writePrint(this.#prints, this.#printAt, digest, hash);
  }

  finish(): EntryBlock {
    return {
      copy: this.#copy.subarray(0, this.#at),
      tails: this.#tails,
      prints: this.#prints,
      sums: this.#stored.parts(),
    };
  }
}
