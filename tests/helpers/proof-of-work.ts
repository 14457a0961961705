/**
 * @module Lookups as a client makes them that solves proofs of work when asked, by the page's own solver.
 */
import { setImmediate } from 'node:timers/promises';
import { findNumber } from '../../service/page/browser/proof-of-work.js';
import type { Answer } from './service.ts';
import { lookupAt } from './service.ts';

/** The challenge of a problem `proof-of-work-required`. */
export interface Challenge {
  readonly algorithm: string;
  readonly challenge: string;
  readonly maxnumber: number;
  readonly salt: string;
  readonly signature: string;
}

/** Settings that make a proof of work take no time. */
export const EASY_PROOFS = { PROOF_OF_WORK_MAX_NUMBER: '1000' } as const;
/** Settings under which a test may guess wrong as often as it likes. */
export const NO_LIMITS = {
  LIMIT_WRONG_PER_15_MINUTES: '65535',
  LIMIT_WRONG_PER_DAY: '65535',
  LIMIT_FREE_BEFORE_PROOF: '65535',
  LIMIT_FREE_PER_NETWORK: '65535',
  LIMIT_WRONG_WITHOUT_REDIS: '255',
} as const;

/** The challenge of an answer; throws when it has none. */
export function challengeOf(answer: Answer): Challenge {
  const { type, challenge } = answer.json;
  if (type !== 'urn:fangbang:problem:proof-of-work-required')
    throw new Error(`no challenge in ${answer.text}`);
  return challenge as Challenge;
}

/** Value of the header `fangbang-proof`. */
export function solve({ algorithm, challenge, maxnumber, salt, signature }: Challenge): string {
  const number = findNumber(challenge, salt, 0, maxnumber + 1);
  if (number < 0) throw new Error('the challenge has no solution');
  return encodeProof({ algorithm, challenge, number, salt, signature });
}

export function encodeProof(solution: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(solution)).toString('base64');
}

let solved: Promise<unknown> = Promise.resolve();
/** One at a time, and sockets have their turn in between: hundreds at once would hold up whatever else runs here. */
function solveInTurn(challenge: Challenge): Promise<string> {
  const solution = solved.then(async () => {
    await setImmediate();
    return solve(challenge);
  });
  solved = solution.catch(() => {});
  return solution;
}

/** A lookup, and when a proof of work is asked for, the same again with one. */
export async function lookupWithProof(
  url: string,
  series: string,
  fields: Record<string, unknown>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const answer = await lookupAt(url, series, fields, headers);
  if (answer.json['type'] !== 'urn:fangbang:problem:proof-of-work-required') return answer;
  const proof = await solveInTurn(challengeOf(answer));
  return await lookupAt(url, series, fields, { ...headers, 'fangbang-proof': proof });
}
