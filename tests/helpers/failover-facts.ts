/**
 * @module Facts that hold on every set of Redis servers, whatever has just happened to them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { fieldsOf, type TestCandidate } from './batch.ts';
import { summarize, type CheckedLoad } from './checked-load.ts';
import type { FailoverStage } from './failover-stage.ts';
import { guessAt } from './guesses.ts';
import { lookupWithProof } from './proof-of-work.ts';
import { succeed } from './release.ts';
import { until } from './until.ts';

/** Milliseconds; `npm run drill:redis-failover` holds the 4 s and 600 ms of the contract, on a quiet machine. */
export const BACK_WITHIN_MS = 15_000;

/** No answer so far was wrong, none hung. */
export function expectNoFault({ answers }: CheckedLoad): void {
  expect(answers.length).toBeGreaterThan(50);
  const { faults } = summarize(answers);
  expect({ count: faults.length, first: faults.slice(0, 5) }).toEqual({ count: 0, first: [] });
}

/** Candidates get their marks from each instance, though perhaps not at the first try on a busy machine. */
export async function expectAllAnswered(
  stage: FailoverStage,
  candidates: readonly TestCandidate[],
): Promise<void> {
  for (const [i, candidate] of candidates.entries()) {
    await until(`candidate ${i} is answered`, async () => {
      const service = stage.services[i % stage.services.length];
      const answer = await service?.lookup(stage.definition.id, fieldsOf(stage.definition, candidate));
      expect([200, 503]).toContain(answer?.status);
      return answer?.status === 200;
    });
  }
}

/** Of 500 parallel guesses over all instances at most 5 get a verdict, and then nobody does. */
async function expectGuessingIsLimited(stage: FailoverStage, target: TestCandidate): Promise<void> {
  const { services, definition, strangers } = stage;
  const { answers, verdicts, givenLocally } = await guessAt(
    services,
    definition,
    target,
    strangers.slice(0, 500),
  );
  expect(verdicts - givenLocally).toBeLessThanOrEqual(5);
  expect(answers.every(({ status }) => [404, 429, 503].includes(status))).toBe(true);
  // The rest of what the counter allows, should the machine have been too busy for it.
  await guessAt(services, definition, target, strangers.slice(500, 510));
  await expectClosed(stage, target);
}

/**
 * What was counted is not forgotten with the master that counted it.
 * @param replace ends that master, and waits until another has its place.
 * @param restart makes the set whole again: also for whoever tries once more.
 */
export async function expectCountsOutlive(
  stage: FailoverStage,
  replace: () => Promise<unknown>,
  restart: () => Promise<unknown>,
): Promise<void> {
  const { services, definition, strangers } = stage;
  const [closed, tried] = stage.candidates.slice(-2);
  if (closed === undefined || tried === undefined) throw new Error('no candidates');
  await expectGuessingIsLimited(stage, closed);
  const before = await guessAt(services, definition, tried, strangers.slice(600, 603));
  // It may be given to the replicas a moment after it was answered.
  await sleep(500);
  try {
    await replace();
    await expectClosed(stage, closed);
    const after = await guessAt(services, definition, tried, strangers.slice(610, 650));
    const verdicts = before.verdicts + after.verdicts - before.givenLocally - after.givenLocally;
    expect(verdicts).toBeLessThanOrEqual(5);
  } finally {
    await restart();
  }
}

/** Times that a lookup with Redis too slow for it, which no counter of Redis stands against, is asked again. */
const MOST_AWAY = 20;

/** Right credentials get no answer at any instance that hears from Redis. */
async function expectClosed({ services, definition }: FailoverStage, target: TestCandidate): Promise<void> {
  for (const { url, metric } of services) {
    const away = (): Promise<number> => metric('fangbang_redis_reads_total{outcome="away"}');
    for (let tries = 1; ; tries += 1) {
      const awayBefore = await away();
      const answer = await lookupWithProof(url, definition.id, fieldsOf(definition, target));
      const type = answer.json['type'];
      if (type === 'urn:fangbang:problem:too-many-attempts') break;
      if (tries < MOST_AWAY && (await away()) > awayBefore) continue;
      expect(`${answer.status} ${String(type)}`).toBe('429 urn:fangbang:problem:too-many-attempts');
    }
  }
}

/**
 * Withdraws the series while the last instance cannot reach Postgres, and learns of it through Redis alone: no
 * answer 2 s after the acknowledgement.
 */
export async function expectWithdrawalHolds(stage: FailoverStage): Promise<void> {
  const { services, definition, candidates, toPostgres, loader } = stage;
  await expectAllAnswered(stage, candidates.slice(0, 4));
  toPostgres.cut();
  try {
    const done = await succeed(loader('withdraw', definition.id, '--reason', 'a test', '--json'));
    expect(done).toMatchObject({ redisEpoch: true });
    await sleep(2_000);
    const statuses = await Promise.all(
      candidates.slice(0, 60).map(async (candidate, i) => {
        const service = services[i % services.length];
        return (await service?.lookup(definition.id, fieldsOf(definition, candidate)))?.status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([403, 503]));
  } finally {
    toPostgres.mend();
  }
  await until('the instance that was cut off knows of the withdrawal', async () => {
    const [candidate] = candidates;
    const answer = await services
      .at(-1)
      ?.lookup(definition.id, fieldsOf(definition, candidate as TestCandidate));
    return answer?.status === 403;
  });
}

/** Whether `fangbang status` finds all of a batch in Redis. */
export async function isWarm({ loader }: FailoverStage, batch: string): Promise<boolean> {
  const status = (await succeed(loader('status', '--json'))) as {
    redis?: { state?: string; warm?: Record<string, boolean> };
  };
  expect(status.redis?.state).toBe('reachable');
  return status.redis?.warm?.[batch] === true;
}
