/**
 * What a Redis that stands still, or is slow, has shown: pure.
 */
import type { LoadSummary } from '../../helpers/checked-load.ts';
import { BOUNDS_BEHIND_REDIS } from '../../../service/lookup/postgres-fallback.ts';
import type { Check, Outcome } from '../common/drill.ts';
import { nothingWrong, toldLater } from '../common/load-report.ts';
import type { Felt } from './faults.ts';

/** Milliseconds, of the contract. */
const MOST_P99_MS = 300;
const MOST_BACK_MS = 1_000;
/** The contract has no bound for honest refusals; but who only refused would keep all others. */
const LEAST_ANSWERED = 0.9;
/** Seconds for which lookups may wait in the queue of a client: what comes until its connection is given up. */
const QUEUE_SECONDS = 1 / 3;
/** Later than this without any fault, or with less of the machine left, and the bounds in time say little. */
const CALM_P99_MS = 50;
const LEAST_IDLE = 0.1;

export interface Freeze {
  readonly runtimes: readonly string[];
  readonly perSecond: number;
  /** Before any fault. */
  readonly quiet: LoadSummary;
  readonly felt: readonly Felt[];
  /** Of the whole run. */
  readonly whole: LoadSummary;
}

export function judgeFreeze({ runtimes, perSecond, quiet, felt, whole }: Freeze): Outcome {
  const idleShare = Math.min(...felt.map((one) => one.idleShare));
  const mostQueued = Math.ceil(perSecond * QUEUE_SECONDS);
  return {
    checks: [nothingWrong(whole), ...felt.flatMap((one) => checksOf(one, mostQueued))],
    figures: { runtimes, perSecond, quiet, felt, whole },
    notes: [
      ...felt.map(({ fault, visitors }) => `${fault}: ${toldLater(visitors)}`),
      ...(quiet.p99Ms > CALM_P99_MS || idleShare < LEAST_IDLE
        ? [
            `disturbed: 99% were answered within ${quiet.p99Ms} ms before any fault, and the machine had ${(100 * idleShare).toFixed(0)}% of its time left under one: it is too busy for the bounds in time`,
          ]
        : []),
    ],
  };
}

function checksOf({ fault, visitors, backMs, queued }: Felt, mostQueued: number): Check[] {
  const { all, candidates } = visitors;
  const answered = candidates.byJudgement.right / candidates.count;
  const { waiting } = BOUNDS_BEHIND_REDIS;
  return [
    {
      what: `${fault}: 99% have their answer`,
      seen: `within ${all.p99Ms} ms (half within ${all.p50Ms}, the slowest ${all.slowestMs})`,
      needed: `≤ ${MOST_P99_MS} ms`,
      holds: all.p99Ms <= MOST_P99_MS,
    },
    {
      what: `${fault}: candidates get their slip`,
      seen: `${(100 * answered).toFixed(2)}% of ${candidates.count}`,
      needed: `≥ ${100 * LEAST_ANSWERED}%`,
      holds: answered >= LEAST_ANSWERED,
    },
    {
      what: `${fault}: queues stay short`,
      seen: `${queued.redis} commands in a client of Redis, ${queued.postgres} queries for a connection to Postgres`,
      needed: `≤ ${mostQueued}, ≤ ${waiting}`,
      holds: queued.redis <= mostQueued && queued.postgres <= waiting,
    },
    {
      what: `${fault}: afterwards every instance uses Redis again`,
      seen: backMs === null ? 'not within 15 s' : `after ${backMs} ms`,
      needed: `≤ ${MOST_BACK_MS} ms`,
      holds: backMs !== null && backMs <= MOST_BACK_MS,
    },
  ];
}
