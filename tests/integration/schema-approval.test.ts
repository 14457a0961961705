import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  addSeries,
  approve,
  type Cast,
  check,
  checksumOf,
  codeOf,
  gather,
  load,
  makeEntries,
  publish,
  refusalOf,
  sha256,
  stateOf,
} from '../helpers/schema.ts';
import { cloneMigratedDatabase } from '../helpers/stores.ts';

const SERIES = 'approval-2026';
let cast: Cast;

beforeAll(async () => {
  cast = await gather(await cloneMigratedDatabase());
  await addSeries(cast.loader, SERIES);
});
afterAll(() => cast.close());
afterEach(() => allowSingle(false));

async function allowSingle(allow: boolean): Promise<void> {
  await cast.owner.ask('select fangbang.set_allow_single($1)', [allow]);
}

let loads = 0;
function newBatch(): Promise<number> {
  loads += 1;
  return load(cast.loader, SERIES, makeEntries(2, `approval ${loads}`));
}

/** A time so many hours from now, to the second. */
function inHours(hours: number): string {
  return `${new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 19)}Z`;
}

test('a second person approves a batch by its checksum', async () => {
  const batch = await newBatch();
  await approve(cast.approver, batch);
  const [row] = await cast.loader.ask(
    'select loaded_by, approved_by, single from fangbang.approval where batch = $1',
    [batch],
  );
  expect(row).toEqual({ loaded_by: cast.loader.name, approved_by: cast.approver.name, single: false });
});

test('whoever loaded a batch cannot approve it, under SET ROLE neither', async () => {
  const batch = await newBatch();
  expect(await codeOf(approve(cast.loader, batch))).toBe('approver-is-loader');
  await cast.loader.ask('set role fangbang_loader');
  try {
    expect(await codeOf(approve(cast.loader, batch))).toBe('approver-is-loader');
  } finally {
    await cast.loader.ask('reset role');
  }
  expect(await cast.loader.ask('select 1 from fangbang.approval where batch = $1', [batch])).toEqual([]);
});

test('the constraint holds also when the function is faulty', async () => {
  const batch = await newBatch();
  const refusal = await refusalOf(
    cast.owner.ask(
      `insert into fangbang.approval (batch, checksum, loaded_by, approved_by, not_before) values ($1, $2, $3, $3, now())`,
      [batch, checksumOf(batch), cast.loader.name],
    ),
  );
  expect(refusal).toMatchObject({ state: '23514', code: 'approver-is-loader' });
  // Nor by naming another loader: there is no such batch.
  expect(
    await codeOf(
      cast.owner.ask(
        `insert into fangbang.approval (batch, checksum, loaded_by, approved_by, not_before) values ($1, $2, $3, $4, now())`,
        [batch, checksumOf(batch), cast.approver.name, cast.loader.name],
      ),
    ),
  ).toBe('checksum-differs');
});

test('another checksum is refused, and so is none', async () => {
  const batch = await newBatch();
  const other = await newBatch();
  expect(await codeOf(approve(cast.approver, batch, inHours(1), sha256('another')))).toBe('checksum-differs');
  expect(await codeOf(approve(cast.approver, batch, inHours(1), checksumOf(other)))).toBe('checksum-differs');
  expect(await refusalOf(approve(cast.approver, batch, inHours(1), null))).toMatchObject({ state: '23502' });
  expect(await cast.loader.ask('select 1 from fangbang.approval where batch = $1', [batch])).toEqual([]);
});

test('a batch that does not exist cannot be approved', async () => {
  expect(await codeOf(approve(cast.approver, 999_999))).toBe('batch-not-found');
});

test('an approval needs a time, and a finite one', async () => {
  const batch = await newBatch();
  for (const time of ['infinity', '-infinity']) {
    expect(await refusalOf(approve(cast.approver, batch, time))).toMatchObject({ state: '23514' });
  }
  expect(
    await refusalOf(cast.approver.ask('select fangbang.approve($1, $2, null)', [batch, checksumOf(batch)])),
  ).toMatchObject({ state: '23502' });
});

test('one person approves only where the owner allows it, and the answer is marked a rehearsal', async () => {
  const batch = await newBatch();
  await allowSingle(true);
  await approve(cast.loader, batch);
  await allowSingle(false);
  const [row] = await cast.loader.ask('select single from fangbang.approval where batch = $1', [batch]);
  expect(row).toEqual({ single: true });
  await check(cast.loader, batch, 'warmed', 'verified');
  await publish(cast.loader, batch);
  expect((await stateOf(cast.service, SERIES))?.current?.batch).toMatchObject({
    number: batch,
    rehearsal: true,
  });
});

test('where one person may approve, a second person’s approval is still a full one', async () => {
  const batch = await newBatch();
  await allowSingle(true);
  await approve(cast.approver, batch);
  const [row] = await cast.loader.ask('select single from fangbang.approval where batch = $1', [batch]);
  expect(row).toEqual({ single: false });
});

test('a second person’s approval takes the place of a single one', async () => {
  const batch = await newBatch();
  await allowSingle(true);
  await approve(cast.loader, batch);
  await allowSingle(false);
  await approve(cast.approver, batch);
  const [row] = await cast.loader.ask('select single, approved_by from fangbang.approval where batch = $1', [
    batch,
  ]);
  expect(row).toEqual({ single: false, approved_by: cast.approver.name });
});

test('only the owner allows single approvals', async () => {
  for (const person of [cast.loader, cast.approver, cast.service]) {
    expect(await refusalOf(person.ask('select fangbang.set_allow_single(true)'))).toMatchObject({
      state: '42501',
    });
  }
});

test('an approval can be moved to another time while nothing is planned before it', async () => {
  const batch = await newBatch();
  await approve(cast.approver, batch, inHours(1));
  await approve(cast.approver, batch, inHours(2));
  await approve(cast.approver, batch, inHours(-2));
  await check(cast.loader, batch, 'warmed', 'verified');
  await publish(cast.loader, batch, inHours(3));
  await approve(cast.approver, batch, inHours(2.5));
  await approve(cast.approver, batch, inHours(3));
  const [row] = await cast.loader.ask(
    `select p.not_before = a.not_before as together from fangbang.publication p join fangbang.approval a using (batch)
      where batch = $1 and cancelled_by is null`,
    [batch],
  );
  expect(row).toEqual({ together: true });
});

test('an approval cannot be moved to later than an opening that is planned', async () => {
  const batch = await newBatch();
  await approve(cast.approver, batch, inHours(1));
  await check(cast.loader, batch, 'warmed', 'verified');
  await publish(cast.loader, batch, inHours(2));
  expect(await codeOf(approve(cast.approver, batch, inHours(3)))).toBe('before-approved-opening');
  // When the opening is moved, it can.
  await publish(cast.loader, batch, inHours(4));
  await approve(cast.approver, batch, inHours(3));
});

test('an approval cannot be moved to later than an opening that has been', async () => {
  const batch = await newBatch();
  await approve(cast.approver, batch);
  await check(cast.loader, batch, 'warmed', 'verified');
  await publish(cast.loader, batch);
  expect(await codeOf(approve(cast.approver, batch, inHours(1)))).toBe('before-approved-opening');
});

test('an approval and a publication of one batch at once never open it before its time', async () => {
  const others = await Promise.all([
    cast.extra(await cast.database.createLogin('approver', 'fangbang_loader')),
    cast.extra(await cast.database.createLogin('publisher', 'fangbang_loader')),
  ]);
  const [approver, publisher] = others;
  if (approver === undefined || publisher === undefined) throw new Error('two people');
  for (let round = 0; round < 20; round += 1) {
    const batch = await newBatch();
    await approve(cast.approver, batch, inHours(-1));
    await check(cast.loader, batch, 'warmed', 'verified');
    const codes = await Promise.all([
      codeOf(approve(approver, batch, inHours(1))),
      codeOf(publish(publisher, batch)),
    ]);
    // One of them is refused, whichever came second, and nobody deadlocks.
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === 'before-approved-opening')).toHaveLength(1);
    const wrong = await cast.owner.ask(
      `select 1 from fangbang.publication p join fangbang.approval a using (batch)
        where p.cancelled_by is null and p.opens_at < a.not_before`,
    );
    expect(wrong).toEqual([]);
  }
});
