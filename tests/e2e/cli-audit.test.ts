import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';
import { withClient } from '../helpers/stores.ts';

let desk: CliDesk;
let batch: DeskBatch;
let heads: string[];

beforeAll(async () => {
  desk = await openCliDesk();
  batch = await desk.makeBatch('zj-gaokao-2026', 3);
  await desk.makeBatch('zj-gaokao-2027', 3);
  const number = String(batch.number);
  const acts = [
    await desk.asLoader(['warm', number, '--json']),
    await desk.asLoader(['verify', number, '--json']),
    await desk.asApprover(['approve', number, '--checksum', batch.checksum, '--not-before', 'now', '--json']),
    await desk.asLoader(['publish', number, '--at', 'now', '--json']),
    await desk.asLoader(['withdraw', 'zj-gaokao-2026', '--reason', 'wrong file', '--json']),
  ];
  heads = acts.map((act) => String(jsonOf(act)['head']));
});
afterAll(() => desk.close());

function verify(...more: string[]): Promise<CliResult> {
  return desk.asLoader(['audit', '--verify', '--json', ...more]);
}

/** What a superuser does to the trail, undone afterwards. */
async function tampered(sql: string, check: () => Promise<void>): Promise<void> {
  await withClient(desk.database.url, async (client) => {
    await client.query('create table kept as table fangbang.audit');
    await client.query(sql);
  });
  try {
    await check();
  } finally {
    await withClient(desk.database.url, async (client) => {
      await client.query('truncate fangbang.audit');
      await client.query('insert into fangbang.audit table kept');
      await client.query('drop table kept');
    });
  }
}

describe('the audit trail', () => {
  it('lists who did what, with the role that the database saw', async () => {
    const { entries, head } = jsonOf(await desk.asLoader(['audit', '--json'])) as {
      entries: { act: string; actor: string }[];
      head: string;
    };
    expect(entries.map(({ act }) => act)).toEqual([
      'series add',
      'load',
      'series add',
      'load',
      'warmed',
      'verified',
      'approve',
      'publish',
      'withdraw',
    ]);
    expect(new Set(entries.map(({ actor }) => actor)).size).toBe(2);
    expect(head).toBe(heads.at(-1));
  });

  it('of one series leaves the others out', async () => {
    const { stdout } = await desk.asLoader(['audit', 'zj-gaokao-2027']);
    expect(stdout.trim().split('\n')).toHaveLength(3);
    expect(stdout).toContain(`audit head ${heads.at(-1)}`);
  });

  it('is whole, and still holds every head that an act printed', async () => {
    const plain = await verify();
    expect(jsonOf(plain)).toEqual({ verified: true, entries: 9, head: heads.at(-1) });
    for (const head of heads) expect((await verify('--head', head)).exitCode).toBe(0);
  });

  it.each([
    ['removed an entry', 'delete from fangbang.audit where seq = 4', 'entry 4 is missing'],
    [
      'changed an entry',
      `update fangbang.audit set entry = replace(entry, 'approve', 'approvd') where seq = 7`,
      'entry 7 is not as it was written',
    ],
    [
      'changed a hash',
      `update fangbang.audit set hash = sha256(hash) where seq = 9`,
      'entry 9 is not as it was written',
    ],
    [
      'exchanged two entries',
      `update fangbang.audit a set entry = b.entry from fangbang.audit b where a.seq + b.seq = 9 and a.seq in (4, 5)`,
      'entry 4 is not as it was written',
    ],
  ])('is known to be broken when a superuser %s', async (_, sql, why) => {
    await tampered(sql, async () => {
      const result = await verify();
      expect(refusalOf(result)).toEqual({ code: 'audit-broken', exitCode: 3 });
      expect(result.stderr).toContain(why);
    });
  });

  it('whose end was removed is known to be broken to whoever kept the head', async () => {
    await tampered('delete from fangbang.audit where seq = 9', async () => {
      expect((await verify()).exitCode).toBe(0);
      const result = await verify('--head', heads.at(-1) ?? '');
      expect(refusalOf(result)).toEqual({ code: 'audit-broken', exitCode: 3 });
      expect(result.stderr).toContain('its end was removed');
    });
  });

  it('that was written anew from an entry on is known to be broken to whoever kept the head', async () => {
    const rewrite = `
      create function pg_temp.rewrite() returns void language plpgsql as $$
      declare previous bytea := (select hash from fangbang.audit where seq = 8); e text;
      begin
        e := (select replace(entry, 'wrong file', 'no reason') from fangbang.audit where seq = 9);
        update fangbang.audit set entry = e, hash = sha256(previous || convert_to(e, 'UTF8')) where seq = 9;
      end $$;
      select pg_temp.rewrite();`;
    await tampered(rewrite, async () => {
      expect((await verify()).exitCode).toBe(0);
      const result = await verify('--head', heads.at(-1) ?? '');
      expect(refusalOf(result)).toEqual({ code: 'audit-broken', exitCode: 3 });
      expect(result.stderr).toContain('the trail was written anew');
    });
  });

  it('can be neither changed nor removed by a loader', async () => {
    await withClient(desk.loader.url, async (client) => {
      for (const sql of [
        'delete from fangbang.audit',
        `update fangbang.audit set entry = ''`,
        'truncate fangbang.audit',
        `insert into fangbang.audit values (99, '', sha256(''))`,
      ]) {
        await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
      }
    });
  });
});
