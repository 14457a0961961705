import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addSeries,
  approve,
  type Cast,
  check,
  codeOf,
  digestOf,
  gather,
  load,
  makeEntries,
  oneSlip,
  type Person,
  publish,
  readyBatch,
  refusalOf,
  rollback,
  serviceState,
  stateOf,
  withdraw,
} from '../helpers/schema.ts';
import { cloneMigratedDatabase } from '../helpers/stores.ts';

let cast: Cast;
beforeAll(async () => {
  cast = await gather(await cloneMigratedDatabase());
});
afterAll(() => cast.close());

let made = 0;
/** A series of the test's own. */
async function newSeries(): Promise<string> {
  made += 1;
  const series = `series-${made}`;
  await addSeries(cast.loader, series);
  return series;
}

/** `count` batches that are ready to publish. */
async function readySeries(count: number): Promise<{ series: string; batches: number[] }> {
  const series = await newSeries();
  const batches: number[] = [];
  for (let i = 0; i < count; i += 1) batches.push(await readyBatch(cast, series));
  return { series, batches };
}

/** By the database's clock: its difference from ours is none of this test's. */
async function inMs(ms: number): Promise<string> {
  const time = await cast.owner.value<Date>(`select clock_timestamp() + $1 * interval '1 millisecond'`, [ms]);
  return time.toISOString();
}

async function openBatchOf(series: string): Promise<number | null | undefined> {
  return (await stateOf(cast.service, series))?.current?.batch?.number ?? null;
}

async function nextBatchOf(series: string): Promise<number | null> {
  return (await stateOf(cast.service, series))?.next?.batch?.number ?? null;
}

test('a batch that is loaded, warmed, verified and approved is published and open at once', async () => {
  const { series, batches } = await readySeries(1);
  const [batch = 0] = batches;
  const { epoch, opens_at, moved } = await publish(cast.loader, batch);
  expect(moved).toBe(false);
  expect(await stateOf(cast.service, series)).toMatchObject({
    current: { epoch: Number(epoch), opensAtMs: expect.any(Number), batch: { number: batch } },
    next: null,
    previous: null,
  });
  expect((await stateOf(cast.service, series))?.current?.opensAtMs).toBeCloseTo(opens_at.getTime(), -1);
});

test('a publication is refused until a second person has approved', async () => {
  const series = await newSeries();
  const batch = await load(cast.loader, series);
  await check(cast.loader, batch, 'warmed', 'verified');
  const refusal = await refusalOf(publish(cast.loader, batch));
  expect(refusal).toMatchObject({ state: 'FB409', code: 'not-approved' });
  await approve(cast.approver, batch);
  await publish(cast.loader, batch);
});

test.for([
  ['was never warmed', [], 'not-warmed'],
  ['was verified and not warmed', ['verified'], 'not-warmed'],
  ['was warmed and not verified', ['warmed'], 'not-verified'],
  ['was warmed again after it was verified', ['warmed', 'verified', 'warmed'], 'not-verified'],
  ['was cooled', ['warmed', 'verified', 'cooled'], 'not-warmed'],
  ['was cooled and then verified', ['warmed', 'cooled', 'verified'], 'not-warmed'],
  ['was cooled, warmed and not verified again', ['warmed', 'verified', 'cooled', 'warmed'], 'not-verified'],
  ['was cooled, warmed and verified', ['warmed', 'verified', 'cooled', 'warmed', 'verified'], undefined],
  ['was warmed and verified twice', ['warmed', 'warmed', 'verified', 'verified'], undefined],
] as const)('a batch that %s: %s → %s', async ([, kinds, expected]) => {
  const series = await newSeries();
  const batch = await load(cast.loader, series);
  await approve(cast.approver, batch);
  await check(cast.loader, batch, ...kinds);
  expect(await codeOf(publish(cast.loader, batch))).toBe(expected);
});

test('a check of an unknown kind, or of a batch that does not exist, is refused', async () => {
  const { batches } = await readySeries(1);
  expect(
    await refusalOf(cast.loader.ask(`select fangbang.record_check($1, 'blessed', '{}')`, batches)),
  ).toMatchObject({
    state: '23514',
  });
  expect(await codeOf(check(cast.loader, 999_999, 'warmed'))).toBe('batch-not-found');
});

test('an opening before the approved time is refused, at the approved time taken', async () => {
  const series = await newSeries();
  const notBefore = await inMs(3_600_000);
  const batch = await readyBatch(cast, series, notBefore);
  expect(await codeOf(publish(cast.loader, batch))).toBe('before-approved-opening');
  expect(await codeOf(publish(cast.loader, batch, await inMs(3_500_000)))).toBe('before-approved-opening');
  expect(await openBatchOf(series)).toBeNull();
  await publish(cast.loader, batch, notBefore);
});

test('the constraint holds the approved time also when the function is faulty', async () => {
  const series = await newSeries();
  const notBefore = await inMs(3_600_000);
  const batch = await readyBatch(cast, series, notBefore);
  const insert = (opensAt: string, by: string): Promise<unknown> =>
    cast.owner.ask(
      `insert into fangbang.publication (epoch, series, kind, batch, opens_at, not_before) values (9000, $1, 'publish', $2, $3, $4)`,
      [series, batch, opensAt, by],
    );
  expect(await codeOf(insert(await inMs(0), notBefore))).toBe('before-approved-opening');
  // Nor by another time than the approver's.
  expect(await codeOf(insert(await inMs(0), await inMs(-3_600_000)))).toBe('not-approved');
});

test('an opening in the past is refused, and one just past is now', async () => {
  const { batches } = await readySeries(1);
  const [batch = 0] = batches;
  expect(await codeOf(publish(cast.loader, batch, await inMs(-120_000)))).toBe('opening-in-the-past');
  expect(await codeOf(publish(cast.loader, batch, '-infinity'))).toBe('opening-in-the-past');
  const asked = await inMs(-30_000);
  const { opens_at } = await publish(cast.loader, batch, asked);
  expect(opens_at.getTime()).toBeGreaterThanOrEqual(Date.parse(asked) + 30_000);
});

test('an opening just past is held against the approved time as the “now” that it is', async () => {
  const series = await newSeries();
  const batch = await readyBatch(cast, series, await inMs(-10_000));
  await publish(cast.loader, batch, await inMs(-30_000));
  expect(await openBatchOf(series)).toBe(batch);
});

test('an opening at infinity is refused', async () => {
  const { series, batches } = await readySeries(1);
  expect(await refusalOf(publish(cast.loader, batches[0] ?? 0, 'infinity'))).toMatchObject({
    state: '23514',
  });
  expect(
    await refusalOf(cast.loader.ask(`select fangbang.announce($1, 'infinity')`, [series])),
  ).toMatchObject({
    state: '23514',
  });
});

test('a batch that does not exist is not published, nor one that is not committed', async () => {
  expect(await codeOf(publish(cast.loader, 999_999))).toBe('batch-not-found');
});

test('what is scheduled opens by itself, by the database’s clock, neither before nor after its time', async () => {
  const { series, batches } = await readySeries(2);
  const [first = 0, second = 0] = batches;
  await publish(cast.loader, first);
  const opensAt = await inMs(1_200);
  await publish(cast.loader, second, opensAt);
  const digest = digestOf(`${series}:0`);
  const openings: {
    before: boolean;
    after: boolean;
    first: boolean;
    second: boolean;
    state: number | null;
  }[] = [];
  for (;;) {
    // One statement: the clock is read before and after each look.
    const [row] = await cast.service.ask<(typeof openings)[number]>(
      `select clock_timestamp() >= $4::timestamptz as before, (fangbang.one_slip($1, $3)).open as first,
        (fangbang.one_slip($2, $3)).open as second, clock_timestamp() >= $4 as after`,
      [first, second, digest, opensAt],
    );
    if (row === undefined) throw new Error('no row');
    openings.push(row);
    if (row.before) break;
    await sleep(5);
  }
  expect(openings.filter((o) => !o.after && (o.second || !o.first))).toEqual([]);
  expect(openings.filter((o) => o.before && (!o.second || o.first))).toEqual([]);
  expect(openings.length).toBeGreaterThan(20);
  expect(await stateOf(cast.service, series)).toMatchObject({
    current: { batch: { number: second }, corrected: true },
    next: null,
    previous: { number: first },
  });
});

test('before the time the batch before stays open and the next is announced to the service', async () => {
  const { series, batches } = await readySeries(2);
  const [first = 0, second = 0] = batches;
  await publish(cast.loader, first);
  const opensAt = await inMs(3_600_000);
  await publish(cast.loader, second, opensAt);
  expect(await stateOf(cast.service, series)).toMatchObject({
    current: { batch: { number: first }, corrected: false },
    next: { batch: { number: second }, corrected: true, opensAtMs: Date.parse(opensAt) },
    previous: null,
  });
  expect(await oneSlip(cast.service, second, digestOf(`${series}:0`))).toEqual({
    open: false,
    payload: null,
  });
});

test('a later schedule takes the place of an earlier one, and says that it moved it', async () => {
  const { series, batches } = await readySeries(3);
  const [first = 0, second = 0, third = 0] = batches;
  expect((await publish(cast.loader, first, await inMs(3_600_000))).moved).toBe(false);
  expect((await publish(cast.loader, first, await inMs(7_200_000))).moved).toBe(true);
  expect((await publish(cast.loader, second, await inMs(1_800_000))).moved).toBe(true);
  expect(await nextBatchOf(series)).toBe(second);
  expect((await publish(cast.loader, third)).moved).toBe(true);
  expect(await openBatchOf(series)).toBe(third);
  expect(await nextBatchOf(series)).toBeNull();
});

test('a schedule that was moved to later does not open at its earlier time', async () => {
  const { series, batches } = await readySeries(2);
  const [first = 0, second = 0] = batches;
  await publish(cast.loader, first, await inMs(300));
  await publish(cast.loader, second, await inMs(3_600_000));
  await sleep(500);
  expect(await openBatchOf(series)).toBeNull();
  expect(await nextBatchOf(series)).toBe(second);
  expect((await oneSlip(cast.service, first, digestOf(`${series}:0`))).open).toBe(false);
});

test('rollback takes acts from a stack: 1 → 2 → rollback → publish 3 → rollback is 1, never the 2 that was taken back', async () => {
  const { series, batches } = await readySeries(3);
  const [one = 0, two = 0, three = 0] = batches;
  await publish(cast.loader, one);
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
  await publish(cast.loader, two);
  expect((await rollback(cast.loader, series)).batch).toBe(one);
  expect(await openBatchOf(series)).toBe(one);
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
  await publish(cast.loader, three);
  expect((await stateOf(cast.service, series))?.previous?.number).toBe(one);
  expect((await rollback(cast.loader, series)).batch).toBe(one);
  expect(await openBatchOf(series)).toBe(one);
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
});

test('rollback goes down more than one step, act by act', async () => {
  const { series, batches } = await readySeries(3);
  for (const batch of batches) await publish(cast.loader, batch);
  const [one, two] = batches;
  expect((await rollback(cast.loader, series)).batch).toBe(two);
  expect((await rollback(cast.loader, series)).batch).toBe(one);
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
});

test('publishing the open batch again adds nothing to the stack', async () => {
  const { series, batches } = await readySeries(2);
  const [one = 0, two = 0] = batches;
  await publish(cast.loader, one);
  await publish(cast.loader, two);
  await publish(cast.loader, two);
  await publish(cast.loader, two, await inMs(0));
  expect((await rollback(cast.loader, series)).batch).toBe(one);
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
});

test('rollback cancels what was still to open', async () => {
  const { series, batches } = await readySeries(3);
  const [one = 0, two = 0, three = 0] = batches;
  await publish(cast.loader, one);
  await publish(cast.loader, two);
  await publish(cast.loader, three, await inMs(400));
  expect((await rollback(cast.loader, series)).batch).toBe(one);
  expect(await nextBatchOf(series)).toBeNull();
  await sleep(500);
  expect(await openBatchOf(series)).toBe(one);
});

test('rollback of a series with nothing but a schedule, or of none, is refused', async () => {
  const { series, batches } = await readySeries(1);
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
  await publish(cast.loader, batches[0] ?? 0, await inMs(3_600_000));
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
  expect(await nextBatchOf(series)).toBe(batches[0]);
  expect(await codeOf(rollback(cast.loader, 'no-such-series'))).toBe('nothing-to-roll-back');
});

test('a withdrawal closes the series, and rollback does not open it again', async () => {
  const { series, batches } = await readySeries(2);
  const [one = 0, two = 0] = batches;
  await publish(cast.loader, one);
  await publish(cast.loader, two);
  await withdraw(cast.loader, series);
  expect(await stateOf(cast.service, series)).toMatchObject({
    current: { batch: null, corrected: null },
    next: null,
    previous: null,
  });
  for (const batch of batches) {
    expect(await oneSlip(cast.service, batch, digestOf(`${series}:0`))).toEqual({
      open: false,
      payload: null,
    });
  }
  expect(await refusalOf(rollback(cast.loader, series))).toMatchObject({
    code: 'nothing-to-roll-back',
    message: `series ${series} has no open batch`,
  });
  await publish(cast.loader, two);
  expect(await openBatchOf(series)).toBe(two);
  // What was before the withdrawal stays closed.
  expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
});

test('a withdrawal cancels what was still to open', async () => {
  const { series, batches } = await readySeries(1);
  await publish(cast.loader, batches[0] ?? 0, await inMs(400));
  await withdraw(cast.loader, series);
  await sleep(500);
  expect(await openBatchOf(series)).toBeNull();
});

test('a withdrawal needs a reason and something that was published', async () => {
  const { series, batches } = await readySeries(1);
  expect(await codeOf(withdraw(cast.loader, series))).toBe('nothing-to-withdraw');
  await publish(cast.loader, batches[0] ?? 0);
  for (const reason of ['', '  '])
    expect(await codeOf(withdraw(cast.loader, series, reason))).toBe('reason-missing');
  expect(await refusalOf(cast.loader.ask('select fangbang.withdraw($1, null)', [series]))).toMatchObject({
    code: 'reason-missing',
  });
});

test('the open batch, the next and the one before are not cooled; others are', async () => {
  const { batches } = await readySeries(4);
  const [one = 0, two = 0, three = 0, four = 0] = batches;
  await publish(cast.loader, one);
  await publish(cast.loader, two);
  await publish(cast.loader, three);
  await publish(cast.loader, four, await inMs(3_600_000));
  for (const batch of [two, three, four]) {
    expect(await codeOf(check(cast.loader, batch, 'cooled'))).toBe('batch-is-in-use');
  }
  await check(cast.loader, one, 'cooled');
});

test('rollback to a batch that was cooled is refused until it is warm', async () => {
  const { series, batches } = await readySeries(3);
  const [one = 0, two = 0, three = 0] = batches;
  for (const batch of [one, two, three]) await publish(cast.loader, batch);
  await check(cast.loader, one, 'cooled');
  expect((await rollback(cast.loader, series)).batch).toBe(two);
  expect(await codeOf(rollback(cast.loader, series))).toBe('not-warmed');
  expect(await openBatchOf(series)).toBe(two);
  await check(cast.loader, one, 'warmed');
  expect((await rollback(cast.loader, series)).batch).toBe(one);
});

test('cooling and publishing one batch at once never opens a cold batch', async () => {
  const publisher = await cast.extra(await cast.database.createLogin('publisher', 'fangbang_loader'));
  for (let round = 0; round < 20; round += 1) {
    const { batches } = await readySeries(1);
    const [batch = 0] = batches;
    const codes = await Promise.all([
      codeOf(check(cast.loader, batch, 'cooled')),
      codeOf(publish(publisher, batch)),
    ]);
    expect([
      [undefined, 'not-warmed'],
      ['batch-is-in-use', undefined],
    ]).toContainEqual(codes);
  }
});

test('the epoch rises by every act and by nothing else', async () => {
  const { series, batches } = await readySeries(3);
  const [one = 0, two = 0, three = 0] = batches;
  const epochOf = async (): Promise<number> => (await serviceState(cast.service)).epoch;
  const acts = [
    () => publish(cast.loader, one),
    () => publish(cast.loader, two),
    () => rollback(cast.loader, series),
    () => publish(cast.loader, three, '2099-01-01T00:00:00Z'),
    () => publish(cast.loader, three, '2099-02-01T00:00:00Z'),
    () => withdraw(cast.loader, series),
    () => withdraw(cast.loader, series),
  ];
  for (const act of acts) {
    const before = await epochOf();
    const { epoch } = await act();
    expect(Number(epoch)).toBe(before + 1);
    expect(await epochOf()).toBe(before + 1);
  }
  const before = await epochOf();
  await codeOf(rollback(cast.loader, series));
  await check(cast.loader, one, 'verified');
  await approve(cast.approver, one);
  await addSeries(cast.loader, series, 'another definition');
  await cast.loader.ask('select fangbang.announce($1, null)', [series]);
  expect(await epochOf()).toBe(before);
});

test('acts at once of one series get epochs in the order of their commits', async () => {
  const { series, batches } = await readySeries(2);
  const people = await Promise.all(
    Array.from({ length: 8 }, async () =>
      cast.extra(await cast.database.createLogin('actor', 'fangbang_loader')),
    ),
  );
  const acts = await Promise.all(
    people.flatMap((person, i) => [
      publish(person, batches[i % 2] ?? 0),
      publish(person, batches[(i + 1) % 2] ?? 0),
    ]),
  );
  const epochs = acts.map((a) => Number(a.epoch));
  expect(new Set(epochs).size).toBe(16);
  const rows = await cast.owner.ask<{ epoch: string; opens_at: Date; over: string | null; batch: number }>(
    'select epoch, opens_at, over, batch from fangbang.publication where series = $1 order by epoch',
    [series],
  );
  expect(rows).toHaveLength(16);
  // "Now" never goes back from one act to the next, and each stands on the one before it.
  for (const [i, row] of rows.entries()) {
    const below = rows[i - 1];
    if (below === undefined) continue;
    expect(row.opens_at.getTime()).toBeGreaterThanOrEqual(below.opens_at.getTime());
    expect(row.over).toBe(row.batch === below.batch ? below.over : below.epoch);
  }
  expect(await openBatchOf(series)).toBe(rows.at(-1)?.batch);
});

test('a database clock that is set back does not undo a withdrawal or a rollback', async () => {
  const { series, batches } = await readySeries(2);
  for (const batch of batches) await publish(cast.loader, batch);
  await rollback(cast.loader, series);
  const inForce = (): Promise<{ kind: string; batch: number | null }[]> =>
    cast.owner.ask(
      `select a.kind, a.batch from fangbang.act_in_force($1, clock_timestamp() - interval '1 hour') a`,
      [series],
    );
  expect(await inForce()).toEqual([{ kind: 'rollback', batch: batches[0] }]);
  await withdraw(cast.loader, series);
  expect(await inForce()).toEqual([{ kind: 'withdraw', batch: null }]);
});

test('an act in a snapshot of its own is refused: it would be checked against what others have changed', async () => {
  const { batches } = await readySeries(1);
  for (const level of ['repeatable read', 'serializable']) {
    await cast.loader.ask(`begin isolation level ${level}`);
    expect(await codeOf(publish(cast.loader, batches[0] ?? 0))).toBe('not-permitted');
    await cast.loader.ask('rollback');
  }
});

test('acts of many people at once end without a deadlock', async () => {
  const { series, batches } = await readySeries(3);
  const [one = 0, two = 0, three = 0] = batches;
  await publish(cast.loader, one);
  await publish(cast.loader, two);
  const soon = await inMs(3_600_000);
  const deeds: ((person: Person, round: number) => Promise<unknown>)[] = [
    (person, round) => publish(person, round % 2 === 0 ? two : three),
    (person) => publish(person, three, soon),
    (person) => publish(person, three, soon),
    (person) => rollback(person, series),
    // Another time each round, which goes on to the planned opening.
    (person, round) => approve(person, three, `2020-02-02T00:00:${10 + round}Z`),
    (person) => check(person, one, 'cooled'),
    (person, round) => addSeries(person, series, `definition ${round}`),
  ];
  const people = await Promise.all(
    deeds.map(async () => cast.extra(await cast.database.createLogin('crowd', 'fangbang_loader'))),
  );
  const codes = new Map<string, number>();
  await Promise.all(
    people.map(async (person, i) => {
      for (let round = 0; round < 30; round += 1) {
        const refusal = await refusalOf(deeds[i]?.(person, round) ?? Promise.resolve());
        const word = refusal === undefined ? 'done' : (refusal.code ?? refusal.state ?? refusal.message);
        codes.set(word, (codes.get(word) ?? 0) + 1);
      }
    }),
  );
  const expected = ['done', 'nothing-to-roll-back', 'not-warmed', 'batch-is-in-use'];
  expect([...codes.keys()].filter((word) => !expected.includes(word))).toEqual([]);
  expect(codes.get('done')).toBeGreaterThan(60);
});

test('a batch of another series cannot be slipped into a publication', async () => {
  const { series } = await readySeries(1);
  const other = await readySeries(1);
  expect(
    await refusalOf(
      cast.owner.ask(
        `insert into fangbang.publication (epoch, series, kind, batch, opens_at, not_before)
          values (9001, $1, 'publish', $2, clock_timestamp(), '2020-01-01T00:00:00Z')`,
        [series, other.batches[0]],
      ),
    ),
  ).toMatchObject({ state: '23503' });
});

test('entries of an earlier load are no part of a later one', async () => {
  const series = await newSeries();
  const first = await load(cast.loader, series, makeEntries(2, 'of the first'));
  const second = await load(cast.loader, series, makeEntries(2, 'of the second'));
  for (const batch of [first, second]) {
    await check(cast.loader, batch, 'warmed', 'verified');
    await approve(cast.approver, batch);
  }
  await publish(cast.loader, first);
  await publish(cast.loader, second);
  expect(await oneSlip(cast.service, second, digestOf('of the first:0'))).toEqual({
    open: true,
    payload: null,
  });
  expect(await oneSlip(cast.service, first, digestOf('of the first:0'))).toEqual({
    open: false,
    payload: null,
  });
});
