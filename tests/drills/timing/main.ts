/**
 * @module `npm run drill:timing`: whether an answer's time, bytes or text tells "no such number" from "wrong
 * document".
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../../loadtest/bench/statistics.ts';
import { EASY_PROOFS, NO_LIMITS } from '../../helpers/proof-of-work.ts';
import type { Runtime } from '../../helpers/service.ts';
import { RUNTIMES } from '../../helpers/service.ts';
import { withRedis } from '../../helpers/batch.ts';
import type { Check, Drill, Outcome } from '../common/drill.ts';
import { oneOf, runDrill, wholeNumber } from '../common/drill.ts';
import { openInstallation, preload } from '../common/installation.ts';
import type { DrillInstallation } from '../common/installation.ts';
import { KeptConnection } from '../common/kept-connection.ts';
import type { Kind, Seen } from './ask.ts';
import { KINDS, askBothKinds } from './ask.ts';
import { separation } from './classifier.ts';

const USAGE = `npm run drill:timing -- [options]

  --count <n>       guesses of each kind and state (10000)
  --runtime <name>  bun or node (both, one after the other)
  --state <name>    warm, cold or away: of Redis (all three)
  --sabotage        100 µs more when the candidate number is somebody's: must fall short
  --seed <n>        order and guesses (random)
  --json            one JSON object on standard output, all else on standard error

Wrong guesses of both kinds in random order over one connection; limits out of the way, each from an address of its
own. With Redis away every verdict takes a proof of work, so there are two times for each guess.

Exit codes: 0 holds, 1 fell short or could not be run, 2 wrong options, 130 stopped.

Example: npm run drill:timing -- --runtime bun --state warm --count 2000
`;

const STATES = ['warm', 'cold', 'away'] as const;
type State = (typeof STATES)[number];

const MOST_FROM_HALF = 0.02;
/** For the compilers. */
const WARM_UP = 1_500;
/** An instance's poll puts the epoch back into an emptied Redis, and notices one that is away. */
const SETTLE_MS = 3_000;
const CANDIDATES = 10_000;

await runDrill({
  name: 'timing',
  usage: USAGE,
  options: {
    count: { type: 'string' },
    runtime: { type: 'string' },
    state: { type: 'string' },
    sabotage: { type: 'boolean' },
  },
  run: timing,
});

async function timing(drill: Drill): Promise<Outcome> {
  const { values, stop } = drill;
  const count = wholeNumber(values, 'count', { least: 100, usual: 10_000 });
  const only = oneOf(values, 'runtime', RUNTIMES);
  const state = oneOf(values, 'state', STATES);
  const installation = await openInstallation(drill, CANDIDATES);
  const checks: Check[] = [];
  const figures: Record<string, unknown> = {};
  for (const runtime of only === undefined ? RUNTIMES : [only]) {
    for (const one of state === undefined ? STATES : [state]) {
      stop.throwIfAborted();
      const seen = await drill.progress(`${runtime}, Redis ${one}`, () =>
        measure(drill, { installation, runtime, state: one, count }),
      );
      const { checks: more, figures: figure } = judge(seen, { name: `${runtime}, Redis ${one}`, count });
      checks.push(...more);
      figures[`${runtime} ${one}`] = figure;
    }
  }
  return { checks, figures };
}

interface Measurement {
  readonly installation: DrillInstallation;
  readonly runtime: Runtime;
  readonly state: State;
  readonly count: number;
}

async function measure(drill: Drill, { installation, runtime, state, count }: Measurement): Promise<Seen> {
  const { redis, candidates, definition } = installation;
  const { seed, stop, values } = drill;
  const service = await installation.serve({
    runtime,
    env: {
      ...NO_LIMITS,
      ...EASY_PROOFS,
      TRUSTED_PROXIES: '127.0.0.0/8',
      ...(values['sabotage'] === true
        ? preload(runtime, new URL('./slow-for-known-numbers.mjs', import.meta.url))
        : {}),
    },
  });
  const connection = await KeptConnection.open(Number(new URL(service.url).port));
  try {
    if (state === 'cold') await withRedis(redis.url, (client) => client.flushall());
    if (state === 'away') await redis.stop();
    if (state !== 'warm') await sleep(SETTLE_MS, undefined, { signal: stop });
    const asking = { connection, series: definition.id, candidates, stop };
    await askBothKinds({ ...asking, count: Math.min(WARM_UP, count), seed: seed + 1 });
    return await askBothKinds({ ...asking, count, seed });
  } finally {
    connection.close();
    await service.stop();
    if (state === 'away') await redis.start();
  }
}

function judge(seen: Seen, { name, count }: { name: string; count: number }): Outcome {
  const { tookNs, refusedNs, texts, lengths, refusedLengths, others } = seen;
  const verdicts = tookNs['no such number'].length + tookNs['wrong document'].length;
  const timed = [
    { what: 'the time of a verdict', times: tookNs },
    ...(refusedNs['no such number'].length === 0
      ? []
      : [{ what: 'the time of a refusal', times: refusedNs }]),
  ].map(({ what, times }) => {
    const { auc, standardError } = separation(times['no such number'], times['wrong document']);
    const mediansUs = [times['no such number'], times['wrong document']].map((one) => median(one) / 1_000);
    const check: Check = {
      what: `${name}: ${what} tells nothing`,
      seen: `AUC ${auc.toFixed(4)} ± ${(1.96 * standardError).toFixed(4)} (95%), medians ${mediansUs.map((us) => us.toFixed(0)).join(' and ')} µs`,
      needed: `0.50 ± ${MOST_FROM_HALF}`,
      holds: Math.abs(auc - 0.5) <= MOST_FROM_HALF,
    };
    return { check, figure: { what, auc, standardError, mediansUs } };
  });
  const allTexts = merged(texts);
  const allLengths = merged(lengths);
  const allRefused = merged(refusedLengths);
  return {
    checks: [
      ...timed.map(({ check }) => check),
      {
        what: `${name}: verdicts have the same bytes but for id and date`,
        seen: `${allTexts.length} text, ${allLengths.join(' and ')} bytes${allRefused.length === 0 ? '' : `; refusals ${allRefused.join(' and ')} bytes`}`,
        needed: 'one text, one length',
        holds: allTexts.length === 1 && allLengths.length === 1 && allRefused.length <= 1,
      },
      {
        what: `${name}: every guess got its verdict`,
        seen: `${verdicts} of ${2 * count}${[...others].map(([status, n]) => `, ${n} × ${status}`).join('')}`,
        needed: 'all but one in a thousand',
        holds: verdicts >= 2 * count * 0.999,
      },
    ],
    figures: { verdicts, others: Object.fromEntries(others), timed: timed.map(({ figure }) => figure) },
  };
}

/** What was seen of either kind, once each. */
function merged<T>(sets: Record<Kind, Set<T>>): T[] {
  return [...new Set(KINDS.flatMap((kind) => [...sets[kind]]))];
}
