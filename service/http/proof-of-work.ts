/**
 * Proof of work by altcha (the protocol of its version 1, which the page speaks): a challenge is the
 * SHA-256 of a salt and a number that the client has to find. It carries its own expiry, series and
 * network, signed, so that no instance has to remember it; that it is used once is for the limits
 * (#lookup/limits) to see to.
 *
 * It slows down a script, not a determined attacker: a graphics card finds in 15 µs what takes an old
 * phone a second. What holds against guessing are the counters.
 */
import { createChallenge, extractParams, verifySolution } from 'altcha-lib/v1';
import { z } from 'zod';
import type { Pepper } from '#results/digest.ts';
import { deriveKey } from './keys.ts';

/** The header that brings the solution: base64 of its JSON. */
export const PROOF_HEADER = 'fangbang-proof';

/** Long enough for a slow phone in a pocket; used proofs are remembered for longer. */
const VALID_MS = 5 * 60_000;
/** Far above any solution of ours. */
const MOST_CHARACTERS = 1_000;

const ALGORITHM = 'SHA-256';

/** What a client sends back. */
export const solutionSchema = z.strictObject({
  // Weaker ones are the sender's to choose otherwise.
  algorithm: z.literal(ALGORITHM),
  challenge: z.string().regex(/^[0-9a-f]{64}$/),
  number: z.number().int().nonnegative(),
  salt: z.string().max(300),
  signature: z.string().regex(/^[0-9a-f]{64}$/),
});

/** What a client gets to solve; the same as altcha's, with every field there. */
export const challengeSchema = z.strictObject({
  ...solutionSchema.omit({ number: true }).shape,
  maxnumber: z.number().int().positive().describe('The number to be found is not above it.'),
});

export type ProofChallenge = Readonly<z.infer<typeof challengeSchema>>;

export interface Proofs {
  challenge(seriesId: string, network: number): Promise<ProofChallenge>;
  /**
   * The proof's name (24 bits of its challenge) when it is a solution of a challenge of ours for this
   * series and network that has not expired. Never rejects.
   */
  verify(header: string, seriesId: string, network: number): Promise<number | undefined>;
}

export interface ProofsDeps {
  /** The first signs; all of them are taken, so that a pepper can be changed instance by instance. */
  readonly peppers: readonly [Pepper, ...Pepper[]];
  /** Numbers to try: half of them on average. */
  readonly maxNumber: number;
}

export function createProofs({ peppers, maxNumber }: ProofsDeps): Proofs {
  const keyOf = (pepper: Pepper): string => deriveKey(pepper, 'fangbang-proof-1', 32).toString('hex');
  const key = keyOf(peppers[0]);
  const keys = peppers.map(keyOf);
  return {
    async challenge(seriesId, network) {
      const { challenge, salt, signature } = await createChallenge({
        algorithm: ALGORITHM,
        hmacKey: key,
        maxnumber: maxNumber,
        expires: new Date(Date.now() + VALID_MS),
        params: { series: seriesId, network: hex(network) },
      });
      return { algorithm: ALGORITHM, challenge, maxnumber: maxNumber, salt, signature };
    },

    async verify(header, seriesId, network) {
      const solution = parse(header);
      if (solution === undefined) return undefined;
      const { series, network: ofNetwork, expires } = extractParams(solution);
      if (series !== seriesId || ofNetwork !== hex(network) || expires === undefined) return undefined;
      for (const one of keys) {
        if (await verifySolution(solution, one)) return Number.parseInt(solution.challenge.slice(0, 6), 16);
      }
      return undefined;
    },
  };
}

function parse(header: string): z.infer<typeof solutionSchema> | undefined {
  if (header.length > MOST_CHARACTERS) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString());
    return solutionSchema.safeParse(value).data;
  } catch {
    return undefined;
  }
}

function hex(network: number): string {
  return network.toString(16).padStart(8, '0');
}
