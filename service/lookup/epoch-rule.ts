/**
 * Whether an instance may answer from what it knows (design.md section 2.7): every act raises the
 * epoch in Postgres and then in Redis, and every read of Redis brings the epoch along.
 */

/**
 * Without word from Redis an instance trusts its last successful poll for so long. An act with
 * Redis away is acknowledged after 12 s: this and the longest answer lie within it.
 */
const TRUST_POLL_MS = 10_000;

/**
 * serve: what the instance knows is current. behind: an act has happened that it does not know of.
 * stale: nobody says that it is current.
 */
export type EpochVerdict = 'serve' | 'behind' | 'stale';

/**
 * @param known the epoch of the last successful poll.
 * @param inRedis undefined when the key is missing or Redis is away.
 * @param polls milliseconds since the last successful poll was sent; looked at only when it matters.
 */
export function judgeEpoch(
  known: number,
  inRedis: number | undefined,
  polls: { readonly pollAgeMs: number },
): EpochVerdict {
  if (inRedis === known) return 'serve';
  if (inRedis !== undefined && inRedis > known) return 'behind';
  return polls.pollAgeMs < TRUST_POLL_MS ? 'serve' : 'stale';
}

/** The epoch as Redis holds it, or undefined when that is no number. */
export function parseEpoch(value: Buffer | null | undefined): number | undefined {
  if (value === null || value === undefined || value.length === 0 || value.length > 15) return undefined;
  let epoch = 0;
  for (const byte of value) {
    if (byte < 0x30 || byte > 0x39) return undefined;
    epoch = epoch * 10 + (byte - 0x30);
  }
  return epoch;
}
