/**
 * @module What Postgres itself sees of the instances: how often each asks for which slip, and how many connections
 * they have.
 *
 * Failure policy: a watch that cannot ask rejects when it is stopped.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { queryOne } from '../../helpers/batch.ts';
import { withClient } from '../../helpers/stores.ts';

/** Puts a list of who asked for what between the instances and their slips; before they start. */
export async function listQueries(superuserUrl: string): Promise<void> {
  await withClient(superuserUrl, (client) =>
    client.query(`create unlogged table fangbang.drill_query (login text not null, digest bytea not null,
      at timestamptz not null default clock_timestamp());
    alter function fangbang.one_slip(integer, bytea) rename to true_one_slip;
    create function fangbang.one_slip(p_batch integer, p_digest bytea, out open boolean, out payload bytea)
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
      begin
        insert into fangbang.drill_query values (session_user, p_digest);
        select s.open, s.payload into open, payload from fangbang.true_one_slip(p_batch, p_digest) s;
      end $$;
    grant execute on function fangbang.one_slip(integer, bytea) to fangbang_service;`),
  );
}

export interface Queries {
  readonly count: number;
  /** Different slips that were asked for, counted for each instance. */
  readonly slips: number;
  /** Of these, those asked for more than once by the same instance. */
  readonly askedAgain: number;
  /** Milliseconds between two of these, in their order. */
  readonly againAfterMs: readonly number[];
  /** By one instance for one slip, at most. */
  readonly mostForOne: number;
}

/** Queries since the list was last emptied. */
export async function readQueries(superuserUrl: string): Promise<Queries> {
  const row = await queryOne(
    superuserUrl,
    `select coalesce(sum(times), 0)::int as count, count(*)::int as slips,
        count(*) filter (where times > 1)::int as again, coalesce(max(times), 0)::int as most
      from (select count(*) as times from fangbang.drill_query group by login, digest) one`,
  );
  const { gaps } = await queryOne(
    superuserUrl,
    `select coalesce(array_agg(ms order by ms), '{}') as gaps from (
      select round(extract(epoch from at - lag(at) over (partition by login, digest order by at)) * 1000)::int as ms
      from fangbang.drill_query) one where ms is not null`,
  );
  return {
    count: Number(row['count']),
    slips: Number(row['slips']),
    askedAgain: Number(row['again']),
    againAfterMs: gaps as number[],
    mostForOne: Number(row['most']),
  };
}

export async function emptyQueries(superuserUrl: string): Promise<void> {
  await queryOne(superuserUrl, 'truncate fangbang.drill_query');
}

export interface ConnectionWatch {
  /** The most connections of all instances together that were seen. */
  readonly stop: () => Promise<number>;
}

/** Pools keep an idle connection for 10 s: none is missed that was used. */
const LOOK_EVERY_MS = 250;

/** Looks at the connections of everybody with the service's role until it is stopped. */
export function watchConnections(superuserUrl: string): ConnectionWatch {
  const over = new AbortController();
  let most = 0;
  const watching = withClient(superuserUrl, async (client) => {
    while (!over.signal.aborted) {
      const { rows } = await client.query<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity a join pg_auth_members m on m.member = a.usesysid
          where m.roleid = 'fangbang_service'::regrole`,
      );
      most = Math.max(most, rows[0]?.count ?? 0);
      await sleep(LOOK_EVERY_MS);
    }
  });
  // Heard when it is stopped.
  watching.catch(() => {});
  return {
    stop: async () => {
      over.abort();
      await watching;
      return most;
    },
  };
}
