/**
 * Every key that writer and reader share, in one place.
 */
import type { Digest } from './digest.ts';

/** A batch's number: 1 and up, from one global sequence. */
export type BatchNumber = number & { readonly __brand: 'BatchNumber' };

/** The highest epoch that anybody has seen committed (design.md section 2.7), as a decimal string. */
export const EPOCH_KEY = 'epoch';

/** `r`, the batch in 4 bytes, digest[0,16): 21 bytes. */
export function slipKey(batch: number, digest: Digest): Buffer {
  const key = Buffer.allocUnsafe(21);
  key[0] = 0x72;
  key.writeUInt32BE(batch, 1);
  digest.copy(key, 5, 0, 16);
  return key;
}

/** Set when a batch was warmed whole, to the number of its entries: gone when the cache was flushed. */
export function warmMarkerKey(batch: number): string {
  return `warm:${batch}`;
}

/**
 * Raises the epoch, never lowers it. Read-then-write from a client could lower it when two do so at
 * once, and a lowered epoch lets an instance that was cut off serve a batch that was taken back: so
 * it is one atomic script. It is outside the lookups' path, where scripts are avoided.
 * Arguments: EVAL RAISE_EPOCH_SCRIPT 1 epoch <epoch>. Answers the epoch that stands then.
 */
export const RAISE_EPOCH_SCRIPT = `local have = tonumber(redis.call('GET', KEYS[1]) or '0')
if have < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) return tonumber(ARGV[1]) end
return have`;
