/**
 * What a Postgres that was away has shown: pure.
 */
import type { LoadSummary } from '../../helpers/checked-load.ts';
import type { Check, Outcome } from '../common/drill.ts';
import { MOST_MISS_MS, type Felt } from './faults.ts';

/** Milliseconds (reliability.md section 3, row 6). */
const MOST_RECOVERED_MS = 2_000;
/** More than this without any fault, and the bounds in time say little. */
const MOST_QUIET_P99_MS = 50;

export interface PostgresDown {
  readonly runtimes: readonly string[];
  readonly perSecond: number;
  readonly missesPerSecond: number;
  /** Before any fault: candidates with a slip in Redis, and without. */
  readonly quiet: { readonly hits: LoadSummary; readonly misses: LoadSummary };
  readonly felt: readonly Felt[];
  /** Of the whole run. */
  readonly whole: LoadSummary;
  /** How the instances that ended by themselves did so. */
  readonly ended: readonly string[];
  /** Exit codes of the others when they were told to stop. */
  readonly exitCodes: readonly (number | null)[];
}

export function judgePostgresDown(seen: PostgresDown): Outcome {
  const { runtimes, perSecond, missesPerSecond, quiet, felt, whole, ended, exitCodes } = seen;
  const { wrong, broken } = whole.byJudgement;
  const quietP99Ms = Math.max(quiet.hits.p99Ms, quiet.misses.p99Ms);
  return {
    checks: [
      ...felt.flatMap((one) => checksOf(one, runtimes.length)),
      {
        what: 'wrong answers, and lookups without one',
        seen: `${wrong} and ${broken} of ${whole.count}${whole.faults
          .slice(0, 3)
          .map((one) => `; ${one}`)
          .join('')}`,
        needed: '0 and 0',
        holds: wrong + broken === 0,
      },
      {
        what: 'no instance ends before it is told to',
        seen:
          ended.length === 0
            ? `none, then with exit codes ${exitCodes.join(', ')}`
            : `ended: ${ended.join(', ')}`,
        needed: 'none, then 0',
        holds: ended.length === 0 && exitCodes.every((code) => code === 0),
      },
    ],
    figures: { runtimes, perSecond, missesPerSecond, quiet, felt, whole, ended, exitCodes },
    notes: [
      ...felt.map(
        ({ fault, pollsBackMs, strangers }) =>
          `${fault}: afterwards every instance had read the publications again ${pollsBackMs === null ? 'not in the time of watching' : `after ${pollsBackMs} ms`}; of ${strangers.count} strangers ${strangers.byJudgement.right} were told 404, the others to come again`,
      ),
      ...felt.flatMap(({ fault, redisAway: { during, afterwards } }) => [
        ...(during === 0 || during === null
          ? []
          : [
              `disturbed: ${fault}: Redis, which has no fault, did not answer ${during} reads within 50 ms; whoever asked was no hit, and this machine is too busy for "all"`,
            ]),
        // No excuse: what the instances ask of a Postgres that is away may keep this machine busy when it is back.
        ...(afterwards === 0 || afterwards === null
          ? []
          : [`${fault}: once it was over, Redis did not answer ${afterwards} reads within 50 ms`]),
      ]),
      ...(quietP99Ms > MOST_QUIET_P99_MS
        ? [
            `disturbed: 99% were answered within ${quietP99Ms} ms before any fault; this machine is too busy for the bounds in time`,
          ]
        : []),
    ],
  };
}

function checksOf({ fault, hits, misses, slowMisses, recoveredMs, ready }: Felt, instances: number): Check[] {
  const { right } = hits.byJudgement;
  const { later } = misses.byJudgement;
  return [
    {
      what: `${fault}: candidates with a slip in Redis get it`,
      seen: `${right} of ${hits.count} (99% within ${hits.p99Ms} ms, the slowest ${hits.slowestMs})`,
      needed: 'all',
      holds: hits.count > 0 && right === hits.count,
    },
    {
      what: `${fault}: those whose slip Redis has lost are told when to come again`,
      seen: `${later} of ${misses.count}`,
      needed: 'all',
      holds: misses.count > 0 && later === misses.count,
    },
    {
      what: `${fault}: they are told so`,
      seen: `${slowMisses} of ${misses.count} after more than ${MOST_MISS_MS} ms (99% within ${misses.p99Ms} ms, the slowest ${misses.slowestMs})`,
      needed: `all ≤ ${MOST_MISS_MS} ms`,
      holds: slowMisses === 0,
    },
    {
      what: `${fault}: instances that stay ready`,
      seen: `${ready}`,
      needed: `${instances}`,
      holds: ready === instances,
    },
    {
      what: `${fault}: once Postgres answers, they get their slips`,
      seen: `after ${recoveredMs} ms`,
      needed: `≤ ${MOST_RECOVERED_MS} ms`,
      holds: recoveredMs <= MOST_RECOVERED_MS,
    },
  ];
}
