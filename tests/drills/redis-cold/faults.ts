/**
 * @module What Redis loses, and what becomes of visitors, hits and Postgres until it is all there again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningService } from '../../helpers/service.ts';
import { summarizeVisitors, type Visitors } from '../common/load-report.ts';
import type { Crowd } from './crowd.ts';
import { watchHits, type HitsWatched } from './hits-watch.ts';
import { emptyQueries, readQueries, watchConnections, type Queries } from './postgres-watch.ts';

/** Of the contract: hits again, and the milliseconds until then. */
const WANTED_SHARE = 0.95;
export const MOST_COLD_MS = 60_000;
/** Until everybody has been asked for, with the usual load. */
const LEAST_WATCHED_MS = 20_000;
/** Between one surge and the next; Redis has lost less each time. */
const SURGE_EVERY_MS = 2_000;
const SURGES = 3;

export interface Fault {
  readonly name: string;
  /** Resolves to the number of slips that Redis has lost by it. */
  readonly lose: () => Promise<number>;
}

export interface Felt {
  readonly fault: string;
  readonly lost: number;
  readonly visitors: Visitors;
  readonly hits: HitsWatched;
  readonly queries: Queries;
  readonly mostConnections: number;
}

export interface Stage {
  readonly services: readonly RunningService[];
  readonly crowd: Crowd;
  readonly surgeOf: number;
  readonly superuserUrl: string;
  readonly stop: AbortSignal;
}

/** Has Redis lose it, and watches until most of it is there again. */
export async function feel(
  { services, crowd, surgeOf, superuserUrl, stop }: Stage,
  { name, lose }: Fault,
): Promise<Felt> {
  const connections = watchConnections(superuserUrl);
  try {
    await emptyQueries(superuserUrl);
    const fromMs = performance.now();
    const lost = await lose();
    const surging = (async (): Promise<void> => {
      for (let n = 0; n < SURGES && !stop.aborted; n += 1) {
        await crowd.surge(surgeOf);
        await sleep(SURGE_EVERY_MS);
      }
    })();
    const wanted = { wantedShare: WANTED_SHARE, leastMs: LEAST_WATCHED_MS, atMostMs: MOST_COLD_MS };
    const hits = await watchHits(services, { ...wanted, stop });
    await surging;
    return {
      fault: name,
      lost,
      visitors: summarizeVisitors(crowd.answersSince(fromMs)),
      hits,
      queries: await readQueries(superuserUrl),
      mostConnections: await connections.stop(),
    };
  } finally {
    await connections.stop();
  }
}
