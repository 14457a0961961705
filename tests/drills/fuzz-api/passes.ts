/**
 * What is fuzzed, and what each pass must have met: a run that saw nothing but "no such series" proves little.
 */
import { NO_LIMITS } from '../../helpers/proof-of-work.ts';
import type { Runtime } from '../../helpers/service.ts';
import type { LookupOutcome } from '#lookup/lookup.ts';

export interface Pass {
  readonly name: string;
  readonly runtime: Runtime;
  readonly env: Readonly<Record<string, string>>;
  /** Of the cases that are asked for. */
  readonly share: number;
  /** Outcomes of lookups that must have occurred. */
  readonly meets: readonly LookupOutcome['kind'][];
}

const EVERY_ANSWER = ['found', 'absent', 'notReleased', 'seriesUnknown', 'invalid'] as const;

/** A counter is closed after its first wrong attempt, and a proof asked for after the network's sixth. */
const TIGHT_LIMITS = {
  LIMIT_WRONG_PER_15_MINUTES: '1',
  LIMIT_FREE_BEFORE_PROOF: '65535',
  LIMIT_FREE_PER_NETWORK: '6',
} as const;

export const PASSES: readonly Pass[] = [
  { name: 'bun', runtime: 'bun', env: NO_LIMITS, share: 1, meets: EVERY_ANSWER },
  { name: 'node', runtime: 'node', env: NO_LIMITS, share: 1, meets: EVERY_ANSWER },
  {
    name: 'bun-with-limits',
    runtime: 'bun',
    env: TIGHT_LIMITS,
    share: 0.2,
    meets: ['absent', 'limited', 'proofRequired'],
  },
];
