/**
 * Where everything stands: publication state from Postgres, what of it Redis still holds.
 *
 * Failure policy: Redis being away is part of the report, not a reason to give none.
 */
import { FangbangError } from '#results/errors.ts';
import { EPOCH_KEY, warmMarkerKey } from '#results/redis-keys.ts';
import type { CommandContext } from './command.ts';
import type { Database } from './database.ts';

export interface BatchStatus {
  readonly number: number;
  readonly series: string;
  readonly definitionVersion: number;
  readonly loadedBy: string;
  readonly loadedAt: string;
  readonly candidates: number;
  readonly entries: number;
  readonly corrects: number | null;
  readonly checksum: string;
  readonly approvedBy: string | null;
  readonly notBefore: string | null;
  readonly single: boolean | null;
  /** Undone by a later cooling. */
  readonly warmedAt: string | null;
  /** After the last warming only: an older one does not count for a publication. */
  readonly verifiedAt: string | null;
}

export interface Opening {
  readonly batch: number | null;
  readonly opensAt: string;
  readonly epoch: number;
}

export interface SeriesStatus {
  readonly series: string;
  readonly definitionVersion: number;
  readonly announced: { readonly releaseAt: string | null } | null;
  readonly state: 'draft' | 'scheduled' | 'open' | 'withdrawn';
  readonly current: Opening | null;
  readonly next: Opening | null;
  /** What a rollback would open. */
  readonly previousBatch: number | null;
  readonly batches: readonly BatchStatus[];
}

export interface RedisStatus {
  readonly state: 'none' | 'reachable' | 'away';
  /** Why it is away. */
  readonly reason: string | null;
  readonly epoch: number | null;
  /** By batch number: whether the mark of a whole warming is still there, on a Cluster on every master. */
  readonly warm: Readonly<Record<string, boolean>>;
}

export interface Status {
  readonly now: string;
  readonly epoch: number;
  readonly allowSingle: boolean;
  readonly series: readonly SeriesStatus[];
}

const SERIES = `
with acts as (
  select s.id,
    (select max(version) from fangbang.definition d where d.series = s.id) as version,
    fangbang.act_in_force(s.id, now.at) as current,
    fangbang.act_to_come(s.id, now.at) as next,
    fangbang.batch_before(s.id, now.at) as previous
  from fangbang.series s, (select clock_timestamp() as at) now where $1::text is null or s.id = $1
)
select id as series, version as "definitionVersion", previous as "previousBatch",
  (select json_build_object('releaseAt', n.release_at) from fangbang.announcement n where n.series = id) as announced,
  case when (current).epoch is not null then
    json_build_object('batch', (current).batch, 'opensAt', (current).opens_at, 'epoch', (current).epoch) end as current,
  case when (next).epoch is not null then
    json_build_object('batch', (next).batch, 'opensAt', (next).opens_at, 'epoch', (next).epoch) end as next
from acts order by id`;

const BATCHES = `
select b.series, b.number, b.definition_version as "definitionVersion", b.loaded_by as "loadedBy", b.loaded_at as "loadedAt",
  b.candidates::float8 as candidates, b.entries::float8 as entries, b.corrects,
  'sha256:' || encode(b.checksum, 'hex') as checksum, a.approved_by as "approvedBy", a.not_before as "notBefore", a.single,
  w.done_at as "warmedAt",
  (select max(v.done_at) from fangbang.batch_check v where v.batch = b.number and v.kind = 'verified' and v.id > w.id) as "verifiedAt"
from fangbang.batch b
  left join fangbang.approval a on a.batch = b.number
  left join fangbang.batch_check w on w.id = fangbang.last_warmed(b.number)
where b.sealed_at is not null and ($1::text is null or b.series = $1) order by b.number`;

type SeriesRow = Omit<SeriesStatus, 'state' | 'batches'>;

/** @param series one, or undefined for all. @throws FangbangError `series-unknown` */
export async function readStatus(database: Database, series: string | undefined): Promise<Status> {
  const { now, epoch, allowSingle } = await database.one<{ now: Date; epoch: number; allowSingle: boolean }>(
    `select clock_timestamp() as now, epoch::float8 as epoch, allow_single as "allowSingle" from fangbang.installation`,
  );
  const found = await database.query<SeriesRow>(SERIES, [series]);
  if (series !== undefined && found.length === 0) {
    throw new FangbangError('series-unknown', 'there is no such series', {
      hint: 'fangbang series list shows them',
    });
  }
  // Through JSON, so that --json and the table show the same and times have one form.
  const batches: BatchStatus[] = JSON.parse(JSON.stringify(await database.query(BATCHES, [series])));
  return {
    now: now.toISOString(),
    epoch,
    allowSingle,
    series: found.map((row) => ({
      ...row,
      announced: row.announced && { releaseAt: utc(row.announced.releaseAt) },
      current: row.current && { ...row.current, opensAt: utc(row.current.opensAt) ?? '' },
      next: row.next && { ...row.next, opensAt: utc(row.next.opensAt) ?? '' },
      state: stateOf(row),
      batches: batches.filter((batch) => batch.series === row.series),
    })),
  };
}

/** As GET /v1/series says it; `draft` is what that does not list. */
function stateOf(row: SeriesRow): SeriesStatus['state'] {
  if (row.current !== null) return row.current.batch === null ? 'withdrawn' : 'open';
  return row.next !== null || row.announced !== null ? 'scheduled' : 'draft';
}

/** Postgres writes times into JSON in the session's time zone. */
function utc(text: string | null): string | null {
  return text === null ? null : new Date(text).toISOString();
}

/** What Redis holds of the warmed batches. Never throws for a Redis that is away. */
export async function readRedisStatus(
  ctx: CommandContext,
  batches: readonly BatchStatus[],
): Promise<RedisStatus> {
  try {
    const redis = await ctx.redis();
    if (redis === undefined) return { state: 'none', reason: null, epoch: null, warm: {} };
    const epoch = await redis.get(EPOCH_KEY);
    const warm: Record<string, boolean> = {};
    for (const { number, warmedAt } of batches) {
      if (warmedAt === null) continue;
      const markers = await redis.getEverywhere(warmMarkerKey(number));
      warm[number] = markers.every((marker) => marker !== null);
    }
    return { state: 'reachable', reason: null, epoch: epoch === null ? null : Number(epoch), warm };
  } catch (error) {
    if (!(error instanceof FangbangError)) throw error;
    return { state: 'away', reason: error.message, epoch: null, warm: {} };
  }
}
