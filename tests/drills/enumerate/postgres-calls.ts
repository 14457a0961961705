/**
 * @module How often the one-slip function ran, as Postgres itself counts it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { queryOne } from '../../helpers/batch.ts';

/** Makes Postgres count calls in every session from now on; before the instances connect. */
export async function countCalls(superuserUrl: string): Promise<void> {
  await queryOne(superuserUrl, "alter system set track_functions = 'all'");
  await queryOne(superuserUrl, 'select pg_reload_conf()');
}

/** A session that is idle hands in what it has counted within seconds (PGSTAT_IDLE_INTERVAL is 10 s). */
const STEADY_MS = 12_000;

/** The calls so far, once the sessions have handed them in. */
export async function slipCalls(superuserUrl: string): Promise<number> {
  await sleep(STEADY_MS);
  const row = await queryOne(
    superuserUrl,
    "select coalesce(sum(calls), 0)::int as calls from pg_stat_user_functions where funcname = 'one_slip'",
  );
  return Number(row['calls']);
}
