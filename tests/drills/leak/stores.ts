/**
 * @module What a thief of a store's disk would have: Redis's dump, and the folder of Postgres.
 *
 * Failure policy: a store that does not write, or a folder that cannot be read, rejects.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withRedis } from '../../helpers/batch.ts';
import { withClient } from '../../helpers/stores.ts';
import { filesIn } from './bystander.ts';
import type { Findings } from './findings.ts';

/** All keys and values as they are. */
export async function searchRedis(url: string, findings: Findings): Promise<void> {
  await withRedis(url, async (redis) => {
    await redis.config('SET', 'rdbcompression', 'no');
    await redis.save();
    const [, folder = ''] = await redis.config('GET', 'dir');
    const [, file = ''] = await redis.config('GET', 'dbfilename');
    findings.search({ name: 'Redis' }, readFileSync(join(folder, file)));
    const log = join(folder, 'log');
    if (existsSync(log)) findings.search({ name: 'logs of the stores' }, readFileSync(log));
  });
}

/** Tables and indexes, the log of writes, whatever else is in the folder, and the server's own log. */
export async function searchPostgres(url: string, findings: Findings): Promise<void> {
  const { folder, slips } = await withClient(url, async (client) => {
    await client.query('checkpoint');
    const { rows: settings } = await client.query<{ data_directory: string }>('show data_directory');
    const { rows } = await client.query<{ path: string }>(
      `select pg_relation_filepath(c.oid) as path from pg_class c where c.relkind in ('r', 'i')
       and (c.oid in (select inhrelid from pg_inherits where inhparent = 'fangbang.slip'::regclass)
         or c.oid in (select indexrelid from pg_index where indrelid in
           (select inhrelid from pg_inherits where inhparent = 'fangbang.slip'::regclass)))`,
    );
    return { folder: settings[0]?.data_directory ?? '', slips: rows.map(({ path }) => path) };
  });
  for (const path of filesIn(folder)) {
    const inside = path.slice(folder.length + 1);
    const isSlips = slips.some(
      (slip) => inside === slip || (/^[._]/.test(inside.slice(slip.length)) && inside.startsWith(slip)),
    );
    if (isSlips)
      findings.search({ name: 'slips in Postgres', may: ['candidate number', 'name'] }, readFileSync(path));
    else if (inside.startsWith('pg_wal'))
      findings.search({ name: 'write-ahead log', may: ['candidate number', 'name'] }, readFileSync(path));
    else findings.search({ name: 'Postgres but for the slips' }, readFileSync(path));
  }
  const log = join(dirname(folder), 'log');
  if (existsSync(log)) findings.search({ name: 'logs of the stores' }, readFileSync(log));
}
