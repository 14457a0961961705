/**
 * Whether an instance may answer from what it knows (design.md section 2.7): every act raises the
 * epoch in Postgres and then in Redis, and every read of Redis brings the epoch along.
 */
import type { EpochWatch } from './epoch-watch.ts';
import { LONGEST_SILENCE_MS } from './epoch-watch.ts';

export interface Polls {
  /** Milliseconds since the last successful poll was sent. */
  readonly pollAgeMs: number;
}

/** Two polls and more have failed: an act of this moment would else be taken for one that was missed. */
const POLLS_FAIL_MS = 3_000;

/**
 * serve: what the instance knows is current. behind: an act has happened that it does not know of.
 * stale: nobody says that it is current.
 */
export type EpochVerdict = 'serve' | 'behind' | 'stale';

/**
 * @param known the epoch of the last successful poll.
 * @param inRedis undefined when the key is missing or Redis is away.
 * @param watch what Redis has said meanwhile; asked only when polls fail.
 */
export function judgeEpoch(
  known: number,
  inRedis: number | undefined,
  polls: Polls,
  watch: Pick<EpochWatch, 'isUnbrokenFor'>,
): EpochVerdict {
  if (inRedis !== undefined && inRedis > known) return 'behind';
  const { pollAgeMs } = polls;
  if (pollAgeMs < LONGEST_SILENCE_MS) return 'serve';
  return inRedis === known && watch.isUnbrokenFor(pollAgeMs) ? 'serve' : 'stale';
}

/**
 * Whether an instance without news from Postgres knows that it has missed an act: then it does not know what is
 * closed either.
 */
export function hasMissedAct(known: number, polls: Polls, watch: Pick<EpochWatch, 'epoch'>): boolean {
  return watch.epoch > known && polls.pollAgeMs >= POLLS_FAIL_MS;
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
