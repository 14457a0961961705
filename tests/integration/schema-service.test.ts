import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addSeries,
  type Cast,
  digestOf,
  filterBytes,
  gather,
  load,
  makeEntries,
  oneSlip,
  publish,
  readyBatch,
  refusalOf,
  rollback,
  serviceState,
  sha256,
  stateOf,
  withdraw,
} from '../helpers/schema.ts';
import { cloneMigratedDatabase } from '../helpers/stores.ts';

let cast: Cast;
beforeAll(async () => {
  cast = await gather(await cloneMigratedDatabase());
});
afterAll(() => cast.close());

/** All that an instance is told of a batch. */
function batchState(number: number, series: string): object {
  return {
    number,
    definitionVersion: 1,
    pepperFingerprint: '0101010101010101',
    nonceSalt: expect.stringMatching(/^[0-9a-f]{16}$/),
    codecVersion: 1,
    candidates: makeEntries(3, series).length,
    entries: 3,
    filterBits: filterBytes.length * 8,
    filterSha256: sha256(filterBytes).toString('hex'),
    rehearsal: false,
  };
}

test('a series is unknown to the service until it is announced or published', async () => {
  await addSeries(cast.loader, 'quiet');
  const batch = await load(cast.loader, 'quiet');
  expect(await stateOf(cast.service, 'quiet')).toBeUndefined();
  expect(await oneSlip(cast.service, batch, digestOf('quiet:0'))).toEqual({ open: false, payload: null });
});

test('the state of an installation with nothing in it is a clock, an epoch and no series', async () => {
  const empty = await gather(await cloneMigratedDatabase());
  try {
    const state = await serviceState(empty.service);
    expect(state).toEqual({ nowMs: expect.any(Number), epoch: 1, series: [] });
    const now = await empty.owner.value<Date>('select clock_timestamp()');
    expect(Math.abs(now.getTime() - state.nowMs)).toBeLessThan(60_000);
  } finally {
    await empty.close();
  }
});

test('the state of a series through its life has exactly the shape that instances read', async () => {
  const series = 'life';
  await addSeries(cast.loader, series);
  await cast.loader.ask('select fangbang.announce($1, null)', [series]);
  const nothing = { current: null, next: null, previous: null };
  expect(await stateOf(cast.service, series)).toEqual({
    id: series,
    announced: { definitionVersion: 1, releaseAtMs: null },
    ...nothing,
  });

  await addSeries(cast.loader, series, 'a second version');
  await cast.loader.ask('select fangbang.announce($1, $2)', [series, '2099-01-01T09:00:00.250+08:00']);
  const announced = { definitionVersion: 2, releaseAtMs: Date.parse('2099-01-01T09:00:00.250+08:00') };
  expect(await stateOf(cast.service, series)).toEqual({ id: series, announced, ...nothing });

  const first = await readyBatch(cast, series);
  const planned = await publish(cast.loader, first, '2099-01-01T09:00:00+08:00');
  expect(await stateOf(cast.service, series)).toEqual({
    id: series,
    announced,
    ...nothing,
    next: {
      epoch: Number(planned.epoch),
      opensAtMs: Date.parse('2099-01-01T09:00:00+08:00'),
      corrected: false,
      batch: batchState(first, series),
    },
  });

  const opened = await publish(cast.loader, first);
  expect(await stateOf(cast.service, series)).toEqual({
    id: series,
    announced,
    ...nothing,
    current: {
      epoch: Number(opened.epoch),
      opensAtMs: expect.any(Number),
      corrected: false,
      batch: batchState(first, series),
    },
  });

  const second = await readyBatch(cast, series);
  await publish(cast.loader, second);
  expect(await stateOf(cast.service, series)).toMatchObject({
    current: { corrected: true, batch: batchState(second, series) },
    next: null,
    previous: batchState(first, series),
  });

  await rollback(cast.loader, series);
  expect(await stateOf(cast.service, series)).toMatchObject({
    current: { corrected: false, batch: { number: first } },
    previous: null,
  });

  const { epoch } = await withdraw(cast.loader, series);
  expect(await stateOf(cast.service, series)).toEqual({
    id: series,
    announced,
    ...nothing,
    current: { epoch: Number(epoch), opensAtMs: expect.any(Number), corrected: null, batch: null },
  });
});

test('series stand in the order of their ids, and the epoch is the highest of all', async () => {
  for (const series of ['b-series', 'a-series']) {
    await addSeries(cast.loader, series);
    await publish(cast.loader, await readyBatch(cast, series));
  }
  const { series, epoch } = await serviceState(cast.service);
  const ids = series.map((s) => s.id);
  expect(ids).toEqual(ids.toSorted());
  expect(ids).toEqual(expect.arrayContaining(['a-series', 'b-series']));
  expect(epoch).toBe(Math.max(...series.map((s) => s.current?.epoch ?? 0)));
});

test('a corrected batch is marked so after a withdrawal too, and a first one is not', async () => {
  const series = 'marked';
  await addSeries(cast.loader, series);
  const first = await readyBatch(cast, series);
  const second = await readyBatch(cast, series);
  // Planned, and taken back before anybody saw it: the second is the first to open.
  await publish(cast.loader, first, '2099-01-01T00:00:00Z');
  await publish(cast.loader, second);
  expect((await stateOf(cast.service, series))?.current?.corrected).toBe(false);
  // Also when the plan's time has gone by.
  await publish(cast.loader, first, new Date(Date.now() + 300).toISOString());
  await publish(cast.loader, second);
  await sleep(400);
  await publish(cast.loader, second);
  expect((await stateOf(cast.service, series))?.current).toMatchObject({
    corrected: false,
    batch: { number: second },
  });
  await withdraw(cast.loader, series);
  const third = await readyBatch(cast, series);
  await publish(cast.loader, third);
  expect((await stateOf(cast.service, series))?.current?.corrected).toBe(true);
});

test('a closed batch answers “not open”, whatever the digest', async () => {
  const series = 'closed';
  await addSeries(cast.loader, series);
  const batch = await readyBatch(cast, series);
  const digests = [digestOf(`${series}:0`), digestOf('a wrong guess'), Buffer.alloc(0), Buffer.alloc(63)];
  for (const digest of digests) {
    expect(await oneSlip(cast.service, batch, digest)).toEqual({ open: false, payload: null });
  }
  await publish(cast.loader, batch, '2099-01-01T00:00:00Z');
  for (const digest of digests) {
    expect(await oneSlip(cast.service, batch, digest)).toEqual({ open: false, payload: null });
  }
});

test('a batch that does not exist answers “not open”, with any argument', async () => {
  for (const batch of [0, -1, 999_999, 2_147_483_647]) {
    expect(await oneSlip(cast.service, batch, digestOf('x'))).toEqual({ open: false, payload: null });
  }
  expect(await cast.service.ask('select * from fangbang.one_slip(null, null)')).toEqual([
    { open: false, payload: null },
  ]);
});

test('only the full digest of an open batch finds its slip', async () => {
  const series = 'open';
  await addSeries(cast.loader, series);
  const batch = await readyBatch(cast, series);
  await publish(cast.loader, batch);
  const digest = digestOf(`${series}:2`);
  expect(await oneSlip(cast.service, batch, digest)).toEqual({
    open: true,
    payload: Buffer.from(`slip of ${series}:2`),
  });
  const flipped = Buffer.from(digest);
  flipped[63] = (flipped[63] ?? 0) ^ 1;
  for (const wrong of [
    flipped,
    digest.subarray(0, 63),
    digest.subarray(0, 16),
    Buffer.alloc(0),
    Buffer.concat([digest, Buffer.alloc(1)]),
  ]) {
    expect(await oneSlip(cast.service, batch, wrong)).toEqual({ open: true, payload: null });
  }
  expect(await cast.service.ask('select * from fangbang.one_slip($1, null)', [batch])).toEqual([
    { open: true, payload: null },
  ]);
});

test('a transaction with a snapshot of its own gets no slip: it would not see that one was taken back', async () => {
  const series = 'snapshot';
  await addSeries(cast.loader, series);
  const batch = await readyBatch(cast, series);
  await publish(cast.loader, batch);
  for (const level of ['repeatable read', 'serializable']) {
    await cast.service.ask(`begin isolation level ${level}`);
    expect(await refusalOf(oneSlip(cast.service, batch, digestOf(`${series}:0`)))).toMatchObject({
      code: 'not-permitted',
    });
    await cast.service.ask('rollback');
  }
});

test('a statement that began before a withdrawal gets no slip after it', async () => {
  const series = 'long-statement';
  await addSeries(cast.loader, series);
  const batch = await readyBatch(cast, series);
  await publish(cast.loader, batch);
  const looking = cast.service.ask<{ open: boolean; pause: string }>(
    `select (fangbang.one_slip($1, $2)).open, pg_sleep(0.05) as pause from generate_series(1, 20)`,
    [batch, digestOf(`${series}:0`)],
  );
  await expect
    .poll(() =>
      cast.owner.value<boolean>(`select exists (select from pg_stat_activity where wait_event = 'PgSleep')`),
    )
    .toBe(true);
  await withdraw(cast.loader, series);
  const looks = await looking;
  expect(looks.at(0)?.open).toBe(true);
  expect(looks.at(-1)?.open).toBe(false);
});

test('one_slip reads the batch’s own partition by its index, however many batches there are', async () => {
  const series = 'many';
  await addSeries(cast.loader, series);
  let batch = 0;
  for (let i = 0; i < 12; i += 1)
    batch = await load(cast.loader, series, makeEntries(2_000, `${series} ${i}`));
  const plan = await cast.owner.ask<{ 'QUERY PLAN': string }>(
    `explain select payload from fangbang.slip where batch = ${batch} and digest = '\\x${digestOf('x').toString('hex')}'`,
  );
  const text = plan.map((row) => row['QUERY PLAN']).join('\n');
  expect(text).toContain(`slip_${batch}_digest_idx`);
  expect(text.match(/slip_\d+_digest_idx/g)).toHaveLength(1);
});

test('the service reads definitions and filters, which it needs before the opening', async () => {
  const series = 'reads';
  await addSeries(cast.loader, series, 'id: reads');
  const batch = await load(cast.loader, series);
  expect(
    await cast.service.ask('select source from fangbang.definition where series = $1 and version = 1', [
      series,
    ]),
  ).toEqual([{ source: 'id: reads' }]);
  expect(
    await cast.service.ask('select bytes from fangbang.filter_chunk where batch = $1 order by index', [
      batch,
    ]),
  ).toEqual([{ bytes: filterBytes }]);
});

test('the service works in a read-only transaction, as on a replica', async () => {
  const series = 'read-only';
  await addSeries(cast.loader, series);
  const batch = await readyBatch(cast, series);
  await publish(cast.loader, batch);
  await cast.service.ask('begin read only');
  expect((await stateOf(cast.service, series))?.current?.batch?.number).toBe(batch);
  expect((await oneSlip(cast.service, batch, digestOf(`${series}:0`))).open).toBe(true);
  await cast.service.ask('commit');
});
