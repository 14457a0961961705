/**
 * @module The attacker's view: wrong guesses of two kinds in random order over one kept connection, each answer's
 * time, bytes and text.
 *
 * Failure policy: a connection that breaks ends the drill; answers that are no verdict are counted.
 */
import type { TestCandidate } from '../../helpers/batch.ts';
import { solve, type Challenge } from '../../helpers/proof-of-work.ts';
import { rawRequest, lookupRequest } from '../../../loadtest/bench/requests.ts';
import { randomAt } from '../../../loadtest/profiles/random.ts';
import { address, shuffled, strangersIdentity, strangersNumber } from '../common/guesses.ts';
import type { KeptConnection, RawAnswer } from '../common/kept-connection.ts';

export const KINDS = ['no such number', 'wrong document'] as const;
export type Kind = (typeof KINDS)[number];

export interface Seen {
  /** Of the verdicts, by kind, in nanoseconds. */
  readonly tookNs: Record<Kind, number[]>;
  /** Of the refusals that asked for a proof of work, if the state makes any. */
  readonly refusedNs: Record<Kind, number[]>;
  /** Whole answers without what is random in each: request id and date. */
  readonly texts: Record<Kind, Set<string>>;
  /** Bytes of whole verdicts. */
  readonly lengths: Record<Kind, Set<number>>;
  /** Bytes of whole refusals. */
  readonly refusedLengths: Record<Kind, Set<number>>;
  /** Answers that were no verdict, by status. */
  readonly others: Map<number, number>;
}

export interface Asking {
  readonly connection: KeptConnection;
  readonly series: string;
  readonly candidates: readonly TestCandidate[];
  /** Of each kind. */
  readonly count: number;
  readonly seed: number;
  readonly stop: AbortSignal;
}

/** A challenge that was used before by its first bits (limits/README.md) is followed by another. */
const MOST_PROOFS = 5;

export async function askBothKinds(asking: Asking): Promise<Seen> {
  const { count, seed, stop } = asking;
  const both = <T>(make: () => T): Record<Kind, T> => ({
    'no such number': make(),
    'wrong document': make(),
  });
  const seen: Seen = {
    tookNs: both<number[]>(() => []),
    refusedNs: both<number[]>(() => []),
    texts: both(() => new Set<string>()),
    lengths: both(() => new Set<number>()),
    refusedLengths: both(() => new Set<number>()),
    others: new Map(),
  };
  const plan = shuffled(
    KINDS.flatMap((kind) => Array.from({ length: count }, (_, i) => ({ kind, i }))),
    seed,
  );
  for (const [n, { kind, i }] of plan.entries()) {
    if (n % 256 === 0) stop.throwIfAborted();
    await askOne(asking, seen, { kind, i, n });
  }
  return seen;
}

async function askOne(
  asking: Asking,
  seen: Seen,
  { kind, i, n }: { kind: Kind; i: number; n: number },
): Promise<void> {
  const { connection, series, seed } = asking;
  const fields = guess(asking, kind, i);
  const from = { 'x-forwarded-for': address(seed + n) };
  let answer = await connection.ask(rawRequest(lookupRequest(series, fields, from)));
  for (let proofs = 0; answer.status === 429 && proofs < MOST_PROOFS; proofs += 1) {
    const { challenge } = JSON.parse(answer.body) as { challenge?: Challenge };
    if (challenge === undefined) break;
    // Later ones come after a proof that was refused: another path, and rare.
    if (proofs === 0) {
      seen.refusedNs[kind].push(answer.tookNs);
      seen.refusedLengths[kind].add(lengthOf(answer));
    }
    const headers = { ...from, 'fangbang-proof': solve(challenge) };
    answer = await connection.ask(rawRequest(lookupRequest(series, fields, headers)));
  }
  if (answer.status !== 404) {
    seen.others.set(answer.status, (seen.others.get(answer.status) ?? 0) + 1);
    return;
  }
  seen.tookNs[kind].push(answer.tookNs);
  seen.texts[kind].add(withoutNoise(answer));
  seen.lengths[kind].add(lengthOf(answer));
}

/**
 * One credential of a candidate's own in half of either kind: whose document or number it is must not show
 * either.
 */
function guess({ candidates, seed }: Asking, kind: Kind, i: number): Record<string, string> {
  const n = seed * 7 + i;
  const other = candidates[(i + 1 + Math.floor(randomAt(seed, i, 1) * 1_000)) % candidates.length];
  const identityNumber = i % 2 === 0 ? (other?.credentials['identityNumber'] ?? '') : strangersIdentity(n);
  const candidateNumber =
    kind === 'no such number'
      ? strangersNumber(n)
      : (candidates[i % candidates.length]?.credentials['candidateNumber'] ?? '');
  return { candidateNumber, identityNumber };
}

function lengthOf({ head, body }: RawAnswer): number {
  return head.length + Buffer.byteLength(body);
}

function withoutNoise({ head, body }: RawAnswer): string {
  return `${head}\n${body}`
    .replace(/^date: .*$/im, 'date')
    .replace(/^x-request-id: [0-9a-f]{16}\r?$/im, 'id')
    .replace(/"requestId":"[0-9a-f]{16}"/, 'id');
}
