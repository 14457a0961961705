/**
 * What is open of a series, and what will be: by Postgres's clock.
 */
import { FangbangError } from '#results/errors.ts';
import type { Database } from './database.ts';

export interface Openings {
  /** The batch in force; null when none was ever opened or the series is withdrawn. */
  readonly open: number | null;
  /** The batch whose opening is planned. */
  readonly scheduled: number | null;
  /** What a rollback would open. */
  readonly before: number | null;
}

/** @throws FangbangError `series-unknown` */
export async function readOpenings(database: Database, series: string): Promise<Openings> {
  const [found] = await database.query<Openings>(
    `select (fangbang.act_in_force(s.id, now.at)).batch as open, (fangbang.act_to_come(s.id, now.at)).batch as scheduled,
       fangbang.batch_before(s.id, now.at) as before
     from fangbang.series s, (select clock_timestamp() as at) now where s.id = $1`,
    [series],
  );
  if (found !== undefined) return found;
  throw new FangbangError('series-unknown', 'there is no such series', {
    hint: 'fangbang series list shows them',
  });
}
