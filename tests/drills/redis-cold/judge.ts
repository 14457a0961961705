/**
 * What a cold Redis has shown: pure.
 */
import type { LoadSummary } from '../../helpers/checked-load.ts';
import type { Check, Outcome } from '../common/drill.ts';
import { median } from '../../../loadtest/bench/statistics.ts';
import { nothingWrong, toldLater } from '../common/load-report.ts';
import { MOST_COLD_MS, type Felt } from './faults.ts';
import type { Queries } from './postgres-watch.ts';

/** Of all instances together, of the contract. */
const MOST_CONNECTIONS = 20;

export interface Cold {
  readonly runtimes: readonly string[];
  readonly perSecond: number;
  readonly surgeOf: number;
  readonly felt: readonly Felt[];
  /** Of the whole run. */
  readonly whole: LoadSummary;
}

export function judgeCold({ runtimes, perSecond, surgeOf, felt, whole }: Cold): Outcome {
  return {
    checks: [nothingWrong(whole), ...felt.flatMap(checksOf)],
    figures: { runtimes, perSecond, surgeOf, felt, whole },
    notes: felt.flatMap(notesOf),
  };
}

function checksOf({ fault, lost, hits, queries, mostConnections }: Felt): Check[] {
  const { backMs, shares } = hits;
  return [
    {
      what: `${fault}: 95% hits again at every instance`,
      seen: `${backMs === null ? 'not in time' : `after ${(backMs / 1_000).toFixed(1)} s`} (least ${percent(Math.min(...shares))} in a second, ${lost} slips were lost)`,
      needed: `≤ ${MOST_COLD_MS / 1_000} s`,
      holds: backMs !== null && backMs <= MOST_COLD_MS,
    },
    {
      what: `${fault}: each instance asks Postgres once for a slip`,
      seen: againOf(queries),
      needed: '≤ 1 for each',
      holds: queries.count > 0 && queries.mostForOne <= 1,
    },
    {
      what: `${fault}: connections to Postgres`,
      seen: `${mostConnections}`,
      needed: `≤ ${MOST_CONNECTIONS}`,
      holds: mostConnections <= MOST_CONNECTIONS,
    },
  ];
}

function againOf({ count, slips, askedAgain, againAfterMs, mostForOne }: Queries): string {
  const again =
    askedAgain === 0
      ? 'none again'
      : `${askedAgain} again (half within ${median(againAfterMs)} ms), up to ${mostForOne} times`;
  return `${count} queries for ${slips} slips, ${again}`;
}

function notesOf({ fault, visitors, hits }: Felt): string[] {
  const { hit, miss, damaged, away } = hits.reads;
  return [
    `${fault}: ${toldLater(visitors)}; 99% of the candidates had their answer within ${visitors.candidates.p99Ms} ms`,
    ...(away === 0
      ? []
      : [
          `${fault}: ${away} of ${hit + miss + damaged + away} reads had no answer of Redis within 50 ms and went to Postgres for that reason, whether the slip was lost or not: a machine with little time`,
        ]),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
