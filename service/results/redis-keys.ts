/**
 * Every key that writer and reader share, in one place.
 */
import type { Digest } from './digest.ts';
import { SLOTS, keySlot } from './redis-slot.ts';

/** The highest epoch that anybody has seen committed (design.md section 2.7), as a decimal string. */
export const EPOCH_KEY = 'epoch';

/** A key that is written where it is sent from: on the lookups' path one of its own would be another to collect. */
export interface WrittenKey {
  /** In bytes. */
  readonly length: number;
  /** @returns the place behind it. */
  writeInto(out: Buffer, at: number): number;
}

const SLIP_KEY_BYTES = 21;
const SLIP_KEY_DIGEST_BYTES = 16;

/** `r`, the batch in 4 bytes, digest[0,16): 21 bytes. */
export class SlipKey implements WrittenKey {
  readonly length = SLIP_KEY_BYTES;
  readonly #batch: number;
  readonly #digest: Digest;

  constructor(batch: number, digest: Digest) {
    this.#batch = batch;
    this.#digest = digest;
  }

  writeInto(out: Buffer, from: number): number {
    out[from] = 0x72;
    let at = out.writeUInt32BE(this.#batch, from + 1);
    // By the byte: a call would take longer.
    for (let i = 0; i < SLIP_KEY_DIGEST_BYTES; i += 1) out[at++] = this.#digest[i] ?? 0;
    return at;
  }
}

/** The key of a candidate's slip. @throws RangeError for a batch that has not 4 bytes. */
export function slipKey(batch: number, digest: Digest): Buffer {
  return keyBytes(new SlipKey(batch, digest));
}

/** A key by itself. */
export function keyBytes(key: WrittenKey): Buffer {
  const bytes = Buffer.allocUnsafe(key.length);
  key.writeInto(bytes, 0);
  return bytes;
}

/**
 * Set when a batch was warmed whole, to the number of its entries: gone when the cache was flushed. On a
 * Cluster the base of `clusterKeys`.
 */
export function warmMarkerKey(batch: number): string {
  return `warm:${batch}`;
}

/** How far a warm has come, while it goes on or after it broke off. On a Cluster the base of `clusterKeys`. */
export function warmCheckpointKey(batch: number): string {
  return `warming:${batch}`;
}

/**
 * Slots of a Cluster that share a key of `clusterKeys`. Any 511 slots in a row hold one of those keys, so up
 * to 32 masters with even shares each have at least one.
 */
const SLOTS_PER_KEY = 256;

/** By place among the parts of the slots: the smallest number that hashes into that part. */
const HASH_TAGS: readonly number[] = findHashTags();

/**
 * A key in every part of a Cluster's slots, for what has to be known of each master: all of them are there, or
 * some master has lost what it held. Parts of the slots rather than masters, so that they stay right when slots
 * are moved to other masters and when masters are added.
 */
export function clusterKeys(base: string): string[] {
  return HASH_TAGS.map((tag) => `${base}:{${tag}}`);
}

function findHashTags(): number[] {
  const tags: number[] = [];
  const parts = SLOTS / SLOTS_PER_KEY;
  for (let tag = 0, found = 0; found < parts; tag += 1) {
    const part = Math.floor(keySlot(Buffer.from(String(tag))) / SLOTS_PER_KEY);
    if (tags[part] !== undefined) continue;
    tags[part] = tag;
    found += 1;
  }
  return tags;
}

/**
 * Raises the epoch, never lowers it. Read-then-write from a client could lower it when two do so at
 * once, and a lowered epoch lets an instance that was cut off serve a batch that was taken back: so
 * it is one atomic script. It is outside the lookups' path, where scripts are avoided. A full Redis takes it all the
 * same: an instance that is cut off from Postgres could still read the epoch of before.
 * Arguments: EVAL RAISE_EPOCH_SCRIPT 1 epoch <epoch>. Answers the epoch that stands then.
 */
export const RAISE_EPOCH_SCRIPT = `#!lua flags=allow-oom
local have = tonumber(redis.call('GET', KEYS[1]) or '0')
if have < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) return tonumber(ARGV[1]) end
return have`;
