/**
 * @module `npm run drill:enumerate`: what guessing gets, from ten thousand addresses, in parallel, over three
 * instances.
 */
import type { Runtime } from '../../helpers/service.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import { EASY_PROOFS } from '../../helpers/proof-of-work.ts';
import type { Check, Drill, Outcome } from '../common/drill.ts';
import { oneOf, runDrill, wholeNumber } from '../common/drill.ts';
import { openInstallation, preload } from '../common/installation.ts';
import { DrillClock } from './clock.ts';
import { Crowd } from './crowd.ts';
import { flood, forge } from './flood.ts';
import { countCalls } from './postgres-calls.ts';
import { besiege } from './targets.ts';

const USAGE = `npm run drill:enumerate -- [options]

  --numbers <n>      candidate numbers tried against one document (20000)
  --documents <n>    documents tried against one candidate number (10000)
  --guesses <n>      random guesses at everybody (100000)
  --runtime <name>   bun or node for all instances (two on Bun, one on Node)
  --sabotage <what>  must fall short: limits (none), cookie (not sent), trust (every socket), filter (lets all through)
  --seed <n>         the guesses (random)
  --json             one JSON object on standard output, all else on standard error

Proofs of work are easy ones, and are solved; the wait of a new device passes on the database's clock and in the
expiry of what Redis holds, not in minutes of yours.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:enumerate -- --guesses 20000 --runtime node
`;

const SABOTAGES = ['limits', 'cookie', 'trust', 'filter'] as const;
const PARALLEL = 500;
const CANDIDATES = 20_000;
const NO_COUNTERS = { LIMIT_WRONG_PER_15_MINUTES: '65535', LIMIT_WRONG_PER_DAY: '65535' } as const;

await runDrill({
  name: 'enumerate',
  usage: USAGE,
  options: {
    numbers: { type: 'string' },
    documents: { type: 'string' },
    guesses: { type: 'string' },
    runtime: { type: 'string' },
    sabotage: { type: 'string' },
  },
  run: enumerate,
});

async function enumerate(drill: Drill): Promise<Outcome> {
  const { values } = drill;
  const numbers = wholeNumber(values, 'numbers', { least: PARALLEL, usual: 20_000 });
  const documents = wholeNumber(values, 'documents', { least: PARALLEL, usual: 10_000 });
  const guesses = wholeNumber(values, 'guesses', { least: 1_000, usual: 100_000 });
  const sabotage = oneOf(values, 'sabotage', SABOTAGES);
  const only = oneOf(values, 'runtime', RUNTIMES);
  const runtimes: readonly Runtime[] = only === undefined ? ['bun', 'node', 'bun'] : [only, only, only];

  const made = await openInstallation(drill, CANDIDATES);
  await countCalls(made.postgres.url);
  const clock = await DrillClock.install(made);
  const serve = (runtime: Runtime, trusted: string): ReturnType<typeof made.serve> =>
    made.serve({
      runtime,
      env: {
        ...EASY_PROOFS,
        TRUSTED_PROXIES: trusted,
        // An overloaded machine refuses guesses, too, and would make the limits look better.
        MAX_LOOP_DELAY_MS: '10000',
        ...(sabotage === 'limits' ? NO_COUNTERS : {}),
        ...(sabotage === 'filter' ? preload(runtime, new URL('./ask-everything.mjs', import.meta.url)) : {}),
      },
    });
  const services = await drill.progress('three instances, and one that trusts nobody', () =>
    Promise.all([
      ...runtimes.map((runtime) => serve(runtime, '127.0.0.0/8')),
      serve(runtimes[0] ?? 'bun', sabotage === 'trust' ? '127.0.0.0/8' : ''),
    ]),
  );
  const untrusting = services.at(-1);
  const instances = services.slice(0, -1);
  const urls = instances.map(({ url }) => url);
  const crowd = new Crowd(made.definition.id, urls, PARALLEL);
  const visitors = new Crowd(made.definition.id, urls, 3);
  drill.undo(() => {
    crowd.leave();
    visitors.leave();
  });

  const givenLocally = async (): Promise<number> => {
    const given = await Promise.all(
      instances.map((one) => one.metric('fangbang_limits_total{outcome="allowedLocally"}')),
    );
    return given.reduce((sum, one) => sum + one, 0);
  };

  const checks: Check[] = [];
  for (const [guessed, count, place] of [
    ['identityNumber', documents, 0],
    ['candidateNumber', numbers, 1],
  ] as const) {
    const target = made.candidates[place];
    if (target === undefined) continue;
    const keepsCookie = sabotage !== 'cookie';
    const who = { crowd, visitors, target, guessed, guesses: count, keepsCookie };
    checks.push(
      ...(await besiege({ drill, made, clock, ...who, givenLocally, instances: instances.length })),
    );
  }
  checks.push(await forge(drill, untrusting?.url ?? '', made));
  checks.push(...(await flood(drill, { made, crowd, guesses })));
  return {
    checks,
    figures: { runtimes, numbers, documents, guesses, verdictsWithoutRedis: await givenLocally() },
    notes:
      crowd.askedAgain + visitors.askedAgain === 0
        ? []
        : [
            `${crowd.askedAgain} guesses and ${visitors.askedAgain} visits met a 503 or 408 and were made again: a machine with little time`,
          ],
  };
}
