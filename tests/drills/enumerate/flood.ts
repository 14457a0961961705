/**
 * @module What random guesses reach: of a flood at everybody, Postgres; of forged addresses, one bucket.
 */
import { withRedis } from '../../helpers/batch.ts';
import type { Check, Drill } from '../common/drill.ts';
import { address, strangersIdentity, strangersNumber } from '../common/guesses.ts';
import type { DrillInstallation } from '../common/installation.ts';
import type { Ask } from './crowd.ts';
import { Crowd, listed } from './crowd.ts';
import { slipCalls } from './postgres-calls.ts';

const MOST_SHARE = 0.001;
/** Slips removed from Redis and asked for, to see that calls are counted at all. */
const CALIBRATION = 20;
const FORGED_ADDRESSES = 10_000;
/** LIMIT_FREE_PER_NETWORK. */
const FREE_PER_NETWORK = 30;

/** Well-formed, nobody's, each from an address of its own. */
function* randomOnes(seed: number, count: number, fromAddress: number): Generator<Ask> {
  for (let i = 0; i < count; i += 1) {
    const n = seed * 5 + fromAddress + i;
    yield {
      // Far apart, as random numbers are; 7919 has no common factor with 10⁸.
      fields: { candidateNumber: strangersNumber(n * 7_919), identityNumber: strangersIdentity(n * 31) },
      from: address(fromAddress + i),
    };
  }
}

/** The share of random guesses for which Postgres was asked, by its own count. */
export async function flood(
  drill: Drill,
  { made, crowd, guesses }: { made: DrillInstallation; crowd: Crowd; guesses: number },
): Promise<Check[]> {
  const { postgres, redis, batch, definition, candidates } = made;
  const set = definition.credentialSets[0]?.credentials ?? [];
  const lost = candidates.slice(-CALIBRATION);
  await withRedis(redis.url, (client) =>
    client.del(...batch.sealed.slice(-CALIBRATION).map(({ key }) => key)),
  );
  const start = await drill.progress("Postgres's count at the beginning", () => slipCalls(postgres.url));
  const found = await crowd.askAll(
    lost.map(({ credentials }, i) => ({
      fields: Object.fromEntries(set.map((name) => [name, credentials[name] ?? ''])),
      from: address(800_000 + i),
    })),
    drill,
  );
  const before = await drill.progress('the same after slips that Redis has lost', () =>
    slipCalls(postgres.url),
  );
  const answers = await drill.progress(`${guesses.toLocaleString('en')} random guesses`, () =>
    crowd.askAll(randomOnes(drill.seed, guesses, 0), drill),
  );
  const after = await drill.progress("Postgres's count afterwards", () => slipCalls(postgres.url));
  const calls = after - before;
  const verdicts = answers.get('candidate-not-found') ?? 0;
  return [
    {
      what: `slips that Redis has lost are asked of Postgres, so its count counts`,
      seen: `${before - start} calls for ${CALIBRATION} (${listed(found)})`,
      needed: `at least ${CALIBRATION}`,
      holds: before - start >= CALIBRATION && found.get('found') === CALIBRATION,
    },
    {
      what: `random guesses that reach Postgres`,
      seen: `${calls} of ${guesses.toLocaleString('en')}, ${((calls / guesses) * 100).toFixed(3)}% (${listed(answers)})`,
      needed: `≤ ${MOST_SHARE * 100}%, and 99% answered 404`,
      holds: calls <= guesses * MOST_SHARE && verdicts >= guesses * 0.99,
    },
  ];
}

/** Forged addresses over a socket that nobody trusts. */
export async function forge(drill: Drill, url: string, made: DrillInstallation): Promise<Check> {
  const alone = new Crowd(made.definition.id, [url], 20);
  const answers = await drill.progress(`${FORGED_ADDRESSES.toLocaleString('en')} forged addresses`, () =>
    alone.askAll(randomOnes(drill.seed, FORGED_ADDRESSES, 200_000), { stop: drill.stop, withProof: false }),
  );
  alone.leave();
  const verdicts = answers.get('candidate-not-found') ?? 0;
  return {
    what: 'forged addresses from a socket that is not trusted are one network',
    seen: listed(answers),
    needed: `1 to ${FREE_PER_NETWORK} verdicts, a proof of work for all others`,
    holds:
      verdicts >= 1 &&
      verdicts <= FREE_PER_NETWORK &&
      verdicts + (answers.get('proof-of-work-required') ?? 0) === FORGED_ADDRESSES,
  };
}
