/**
 * @module Guesses at one candidate's identity number, as an attacker sends them who has addresses and processors
 * enough: each from an address of its own, with a proof of work when one is asked for.
 */
import type { SeriesDefinition } from '../../service/results/definition.ts';
import { fieldsOf, type TestCandidate } from './batch.ts';
import { lookupWithProof } from './proof-of-work.ts';
import type { Answer, RunningService } from './service.ts';

export interface Guesses {
  /** Without those that a machine with no time did not give. */
  readonly answers: readonly Answer[];
  /** 404s, which tell the attacker that the guess was wrong. */
  readonly verdicts: number;
  /** Those among them that an instance gave by itself, since Redis did not answer in time. */
  readonly givenLocally: number;
}

const ALLOWED_LOCALLY = 'fangbang_limits_total{outcome="allowedLocally"}';

/** @param strangers whose identity numbers are tried, in parallel and in turn over the instances. */
export async function guessAt(
  services: readonly RunningService[],
  definition: SeriesDefinition,
  target: TestCandidate,
  strangers: readonly TestCandidate[],
): Promise<Guesses> {
  const local = async (): Promise<number> => {
    const counts = await Promise.all(services.map((one) => one.metric(ALLOWED_LOCALLY)));
    return counts.reduce((sum, one) => sum + one, 0);
  };
  const before = await local();
  const sent = await Promise.allSettled(
    strangers.map((stranger, i) => {
      const identityNumber = stranger.credentials['identityNumber'] ?? '';
      const url = services[i % services.length]?.url ?? '';
      const headers = { 'x-forwarded-for': `172.16.${i >> 8}.${i & 255}` };
      return lookupWithProof(
        url,
        definition.id,
        { ...fieldsOf(definition, target), identityNumber },
        headers,
      );
    }),
  );
  const answers = sent.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return {
    answers,
    verdicts: answers.filter(({ status }) => status === 404).length,
    givenLocally: (await local()) - before,
  };
}
