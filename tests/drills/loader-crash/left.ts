/**
 * @module What is in Postgres once nobody is at work any more: whole batches and nothing else.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { SERIES } from './stage.ts';

/** The server notices a killed client at its next write or read; a batch that is being sealed is finished first. */
const SETTLES_WITHIN_MS = 20_000;

export interface Left {
  readonly batches: readonly number[];
  /** The batch in force. */
  readonly open: number | null;
  /** In words; empty when all is well. */
  readonly faults: readonly string[];
}

/** What a batch holds, in one number that its rows alone decide. */
export async function contentOf(monitor: Client, batch: number): Promise<string> {
  const { rows } = await monitor.query<{ content: string }>(
    `select count(*) || ':' || coalesce(sum(hashtextextended(
       encode(digest, 'hex') || credential_set || candidate_number || ':' || encode(payload, 'hex'), 0)::numeric), 0) as content
     from fangbang.slip where batch = $1`,
    [batch],
  );
  return rows[0]?.content ?? '';
}

/** Waits until no session of the CLI is left, then looks. */
export async function whatIsLeft(monitor: Client): Promise<Left> {
  const sessions = await waitForSessions(monitor);
  const { rows } = await monitor.query<{
    batches: number[];
    tables: number[];
    unsealed: number;
    chunks: number;
    locks: number;
    prepared: number;
    open: number | null;
  }>(`
    select
      (select coalesce(array_agg(number order by number), '{}') from fangbang.batch) as batches,
      (select coalesce(array_agg(substr(relname, 6)::int order by substr(relname, 6)::int), '{}')
         from pg_class where relnamespace = 'fangbang'::regnamespace and relname ~ '^slip_[0-9]+$') as tables,
      (select count(*)::int from fangbang.batch b where b.sealed_at is null
         or not exists (select from pg_inherits i where i.inhrelid = to_regclass('fangbang.slip_' || b.number))) as unsealed,
      (select count(*)::int from fangbang.filter_chunk c where not exists
         (select from fangbang.batch b where b.number = c.batch and b.sealed_at is not null)) as chunks,
      (select count(*)::int from pg_locks l where l.pid <> pg_backend_pid()
         and l.database = (select oid from pg_database where datname = current_database())
         and (l.locktype = 'advisory' or l.mode not in ('AccessShareLock', 'ExclusiveLock'))
         -- The background writers of the server hold what they work on for a moment.
         and exists (select from pg_stat_activity a where a.pid = l.pid and a.backend_type = 'client backend')) as locks,
      (select count(*)::int from pg_prepared_xacts) as prepared,
      (fangbang.act_in_force('${SERIES}', clock_timestamp())).batch as open`);
  const found = rows[0];
  if (found === undefined) throw new Error('no row');
  const faults = [
    [sessions, 'sessions of a dead loader'],
    [found.unsealed, 'batches that are not sealed, or stand alone'],
    [found.chunks, 'pieces of filters without a batch'],
    [found.locks, 'locks'],
    [found.prepared, 'prepared transactions'],
    [
      found.tables.filter((table) => !found.batches.includes(table)).length,
      'tables of slips without a batch',
    ],
    [found.batches.filter((batch) => !found.tables.includes(batch)).length, 'batches without slips'],
  ] as const;
  return {
    batches: found.batches,
    open: found.open,
    faults: faults.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`),
  };
}

async function waitForSessions(monitor: Client): Promise<number> {
  const deadline = performance.now() + SETTLES_WITHIN_MS;
  for (;;) {
    const { rows } = await monitor.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'fangbang'`,
    );
    const sessions = rows[0]?.n ?? 0;
    if (sessions === 0 || performance.now() > deadline) return sessions;
    await sleep(20);
  }
}
