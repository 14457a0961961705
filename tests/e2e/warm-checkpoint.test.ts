/**
 * @module Where a warm goes on is a page of the batch's table: worth nothing once the table is another file.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jsonOf, openCliDesk, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';
import { withClient } from '../helpers/stores.ts';

const ENTRIES = 500;

let desk: CliDesk;
let batch: DeskBatch;
let redis: Redis;

beforeAll(async () => {
  desk = await openCliDesk();
  batch = await desk.makeBatch('zj-gaokao-2026', ENTRIES);
  redis = new Redis(desk.redisUrl);
});
afterAll(async () => {
  redis.disconnect();
  await desk.close();
});

/** As if a warm had broken off behind the first pages. */
async function leaveCheckpoint(pages: number): Promise<number> {
  const { salt, node, entries } = await withClient(desk.database.url, async (client) => {
    const { rows } = await client.query<{ salt: string; node: string; entries: number }>(
      `select encode(nonce_salt, 'hex') as salt, pg_relation_filenode('fangbang.slip_${batch.number}')::text as node,
         (select count(*)::int from fangbang.slip_${batch.number} where ctid < '(${pages},0)') as entries
       from fangbang.batch where number = $1`,
      [batch.number],
    );
    return rows[0] ?? { salt: '', node: '', entries: 0 };
  });
  await redis.flushdb();
  await redis.set(`warming:${batch.number}`, `${salt}:${node}:${pages}:${entries}`);
  return entries;
}

async function warm(): Promise<Record<string, unknown>> {
  return jsonOf(await desk.asLoader(['warm', String(batch.number), '--json']));
}

it('a warm goes on at the page that an earlier one reached, and writes no entry before it', async () => {
  const before = await leaveCheckpoint(2);
  expect(before).toBeGreaterThan(50);
  expect(before).toBeLessThan(ENTRIES);
  expect(await warm()).toMatchObject({ entries: ENTRIES, resumedAfter: before });
  // The rest of them, and the marker.
  expect(await redis.dbsize()).toBe(ENTRIES - before + 1);
});

it('after the table was rewritten it begins afresh', async () => {
  await leaveCheckpoint(2);
  await withClient(desk.database.url, (client) => client.query(`vacuum full fangbang.slip_${batch.number}`));
  expect(await warm()).toMatchObject({ entries: ENTRIES, resumedAfter: 0 });
  expect(await redis.dbsize()).toBe(ENTRIES + 1);
});

it('a checkpoint of another form counts for nothing', async () => {
  await redis.flushdb();
  await redis.set(`warming:${batch.number}`, `${'0'.repeat(16)}:${'0'.repeat(128)}:100`);
  expect(await warm()).toMatchObject({ entries: ENTRIES, resumedAfter: 0 });
});

it('a slow warm writes every entry, in small blocks', async () => {
  await redis.flushdb();
  const slow = await desk.asLoader(['warm', String(batch.number), '--rate', '2000', '--json']);
  expect(jsonOf(slow)).toMatchObject({ entries: ENTRIES, resumedAfter: 0 });
  expect(await redis.dbsize()).toBe(ENTRIES + 1);
});
