import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addSeries,
  type Cast,
  check,
  codeOf,
  copyEntries,
  gather,
  load,
  makeEntries,
  openBatch,
  publish,
  readyBatch,
  refusalOf,
  rollback,
  serviceState,
  withdraw,
} from '../helpers/schema.ts';
import { cloneMigratedDatabase } from '../helpers/stores.ts';

const SERIES = 'audit-2026';
let cast: Cast;

beforeAll(async () => {
  cast = await gather(await cloneMigratedDatabase());
  await addSeries(cast.loader, SERIES);
});
afterAll(() => cast.close());

interface Link {
  readonly seq: string;
  readonly entry: string;
  readonly hash: Buffer;
}

/** Recomputed from the texts alone, as somebody outside would. */
async function readChain(): Promise<{ entries: Record<string, unknown>[]; head: string }> {
  const rows = await cast.loader.ask<Link & Record<string, unknown>>(
    'select seq, entry, hash from fangbang.audit order by seq',
  );
  let previous: Buffer = Buffer.alloc(32);
  const entries = rows.map((row, i) => {
    expect(row.seq).toBe(String(i + 1));
    previous = createHash('sha256').update(previous).update(row.entry, 'utf8').digest();
    expect(row.hash.equals(previous), `link ${row.seq}`).toBe(true);
    const entry = JSON.parse(row.entry) as Record<string, unknown>;
    expect(entry['seq']).toBe(i + 1);
    return entry;
  });
  return { entries, head: `${rows.length}:${previous.toString('hex')}` };
}

test('every act is in the trail, by its login, and prints the head', async () => {
  const { entries: before } = await readChain();
  const batch = await readyBatch(cast, SERIES);
  await cast.loader.ask('select fangbang.announce($1, null)', [SERIES]);
  await publish(cast.loader, batch);
  const again = await readyBatch(cast, SERIES);
  await publish(cast.loader, again);
  await rollback(cast.loader, SERIES);
  await cast.owner.ask('select fangbang.set_allow_single(false)');
  const { head } = await withdraw(cast.approver, SERIES, '更正 “again”');
  const { entries, head: computed } = await readChain();
  expect(head).toBe(computed);
  const { loader, approver } = cast;
  const release = [
    ['load', loader.name, batch],
    ['warmed', loader.name, batch],
    ['verified', loader.name, batch],
    ['approve', approver.name, batch],
  ];
  expect(entries.slice(before.length).map((e) => [e['act'], e['actor'], e['batch']])).toEqual([
    ...release,
    ['announce', loader.name, null],
    ['publish', loader.name, batch],
    ...release.map(([act, actor]) => [act, actor, again]),
    ['publish', loader.name, again],
    ['rollback', loader.name, batch],
    ['allow single approval', 'postgres', null],
    ['withdraw', approver.name, null],
  ]);
  expect(entries.at(-1)).toMatchObject({ series: SERIES, detail: { reason: '更正 “again”' } });
});

test('a refused act leaves no entry, and no gap', async () => {
  const { head } = await readChain();
  expect(await codeOf(rollback(cast.loader, 'no-such-series'))).toBe('nothing-to-roll-back');
  const batch = await load(cast.loader, SERIES, makeEntries(1, 'refused'));
  expect(await codeOf(publish(cast.loader, batch))).toBe('not-approved');
  const { entries } = await readChain();
  expect(entries).toHaveLength(Number(head.split(':')[0]) + 1);
});

test('an act whose transaction is undone leaves no entry', async () => {
  const { head } = await readChain();
  await cast.loader.ask('begin');
  await addSeries(cast.loader, 'undone');
  await cast.loader.ask('rollback');
  expect((await readChain()).head).toBe(head);
});

test('under SET ROLE the trail says who logged in', async () => {
  await cast.loader.ask('set role fangbang_loader');
  await addSeries(cast.loader, 'by-set-role');
  await cast.loader.ask('reset role');
  expect((await readChain()).entries.at(-1)).toMatchObject({ act: 'series add', actor: cast.loader.name });
});

test('400 acts at once over 20 connections lose no entry, and the chain holds', async () => {
  const people = await Promise.all(
    Array.from({ length: 20 }, async () =>
      cast.extra(await cast.database.createLogin('clerk', 'fangbang_loader')),
    ),
  );
  const batch = await readyBatch(cast, SERIES);
  const { entries: before } = await readChain();
  const { epoch } = await serviceState(cast.service);
  const heads: string[] = [];
  const epochs: number[] = [];
  await Promise.all(
    people.map(async (person, i) => {
      for (let n = 0; n < 20; n += 1) {
        if (i % 2 === 0) {
          const act = await publish(person, batch);
          epochs.push(Number(act.epoch));
          heads.push(act.head);
        } else {
          heads.push(
            await person.value<string>(`select fangbang.record_check($1, 'verified', $2)`, [batch, { i, n }]),
          );
        }
      }
    }),
  );
  const { entries } = await readChain();
  expect(entries).toHaveLength(before.length + 400);
  const added = entries.slice(before.length);
  for (const person of people) expect(added.filter((e) => e['actor'] === person.name)).toHaveLength(20);
  expect(new Set(heads.map((h) => h.split(':')[0])).size).toBe(400);
  expect(epochs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => epoch + 1 + i));
  // The order of the epochs is the order of the trail.
  const inTrail = added.flatMap((e) => {
    const detail = e['detail'] as { epoch?: number };
    return detail.epoch === undefined ? [] : [detail.epoch];
  });
  expect(inTrail).toEqual(inTrail.toSorted((a, b) => a - b));
});

test('an act with an old snapshot is refused and the chain does not fork', async () => {
  await cast.approver.ask('begin isolation level repeatable read');
  await cast.approver.ask('select count(*) from fangbang.audit');
  await addSeries(cast.loader, 'meanwhile');
  expect(await codeOf(addSeries(cast.approver, 'old-snapshot'))).toBe('not-permitted');
  await cast.approver.ask('rollback');
  const { entries } = await readChain();
  expect(entries.at(-1)).toMatchObject({ act: 'series add', series: 'meanwhile' });
});

test('an open COPY does not hold up the trail', async () => {
  await cast.loader.ask('begin');
  try {
    const batch = await openBatch(cast.loader, SERIES);
    await copyEntries(cast.loader, `fangbang.slip_${batch}`, makeEntries(50, 'open copy'));
    await cast.approver.ask(`set lock_timeout = '3s'`);
    expect(await refusalOf(addSeries(cast.approver, 'during-a-copy'))).toBeUndefined();
  } finally {
    await cast.approver.ask('reset lock_timeout');
    await cast.loader.ask('rollback');
  }
});

test('a changed or removed entry breaks the chain for who recomputes it', async () => {
  const { head } = await readChain();
  const seq = Number(head.split(':')[0]) - 2;
  for (const statement of [
    `update fangbang.audit set entry = replace(entry, 'act', 'a') where seq = ${seq}`,
    `delete from fangbang.audit where seq = ${seq}`,
    `update fangbang.audit set hash = sha256(hash) where seq = ${seq}`,
  ]) {
    await cast.owner.ask('begin');
    await cast.owner.ask(statement);
    const [row] = await cast.owner.ask<{ sound: boolean }>(`
      select bool_and(hash = sha256(coalesce(before, decode(repeat('00', 32), 'hex')) || convert_to(entry, 'UTF8')) and seq = place) as sound
      from (select seq, entry, hash, lag(hash) over (order by seq) as before, row_number() over (order by seq) as place from fangbang.audit) a`);
    expect({ statement, sound: row?.sound }).toEqual({ statement, sound: false });
    await cast.owner.ask('rollback');
  }
});

test('the trail holds no mark and no slip, whatever was loaded', async () => {
  const secret = 'a-mark-of-a-test';
  const batch = await load(cast.loader, SERIES, [
    ...makeEntries(1, 'secret'),
    { digest: Buffer.alloc(64, 7), credentialSet: 0, candidateNumber: secret, payload: Buffer.from(secret) },
  ]);
  await check(cast.loader, batch, 'warmed');
  const found = await cast.owner.ask(`select 1 from fangbang.audit where entry like '%' || $1 || '%'`, [
    secret,
  ]);
  expect(found).toEqual([]);
});
