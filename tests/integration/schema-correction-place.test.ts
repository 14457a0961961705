/**
 * @module A correction opens only in the place of the batch that it corrects, so that nothing that was
 * published in between is lost: held by the database.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addSeries,
  approve,
  type Cast,
  check,
  codeOf,
  gather,
  load,
  makeEntries,
  publish,
  readyBatch,
  refusalOf,
  rollback,
  stateOf,
  withdraw,
} from '../helpers/schema.ts';
import { cloneMigratedDatabase } from '../helpers/stores.ts';

const REFUSED = 'corrects-another-batch';

let cast: Cast;
beforeAll(async () => {
  cast = await gather(await cloneMigratedDatabase());
});
afterAll(() => cast.close());

let made = 0;
/** A series with a batch that is ready to publish. */
async function newSeries(): Promise<{ series: string; first: number }> {
  made += 1;
  const series = `series-${made}`;
  await addSeries(cast.loader, series);
  return { series, first: await readyBatch(cast, series) };
}

/** A correction of a batch, loaded, warmed, verified and approved. */
async function readyCorrection(series: string, corrects: number): Promise<number> {
  made += 1;
  const batch = await load(cast.loader, series, makeEntries(3, `correction ${made}`), corrects);
  await check(cast.loader, batch, 'warmed', 'verified');
  await approve(cast.approver, batch);
  return batch;
}

async function openBatchOf(series: string): Promise<number | undefined> {
  return (await stateOf(cast.service, series))?.current?.batch?.number;
}

async function nextBatchOf(series: string): Promise<number | undefined> {
  return (await stateOf(cast.service, series))?.next?.batch?.number;
}

const LATER = '2099-06-25T09:00:00+08:00';
const MUCH_LATER = '2099-06-26T09:00:00+08:00';

describe('of two corrections of one batch', () => {
  test('the second is refused once the first is open, and says what to do', async () => {
    const { series, first } = await newSeries();
    await publish(cast.loader, first);
    const one = await readyCorrection(series, first);
    const other = await readyCorrection(series, first);
    await publish(cast.loader, one);
    const refusal = await refusalOf(publish(cast.loader, other));
    expect(refusal).toMatchObject({ state: 'FB409', code: REFUSED });
    expect(refusal?.message).toBe(
      `batch ${other} corrects batch ${first}, but batch ${one} is open: what that one changed would be lost`,
    );
    expect(await openBatchOf(series)).toBe(one);
    // On top of the one that is open it goes through.
    await publish(cast.loader, await readyCorrection(series, one));
  });

  test('the second is refused while the first is planned, at any time, until that one is given up', async () => {
    const { series, first } = await newSeries();
    await publish(cast.loader, first);
    const one = await readyCorrection(series, first);
    const other = await readyCorrection(series, first);
    await publish(cast.loader, one, LATER);
    for (const at of [null, LATER, MUCH_LATER])
      expect(await codeOf(publish(cast.loader, other, at))).toBe(REFUSED);
    expect(await nextBatchOf(series)).toBe(one);
    expect((await publish(cast.loader, first)).moved).toBe(true);
    await publish(cast.loader, other);
    expect(await openBatchOf(series)).toBe(other);
  });

  test('the second is taken after the first was rolled back, and then the first is refused', async () => {
    const { series, first } = await newSeries();
    await publish(cast.loader, first);
    const one = await readyCorrection(series, first);
    const other = await readyCorrection(series, first);
    await publish(cast.loader, one);
    await rollback(cast.loader, series);
    await publish(cast.loader, other);
    expect(await codeOf(publish(cast.loader, one))).toBe(REFUSED);
    expect(await openBatchOf(series)).toBe(other);
  });

  test('both at the same moment: one opens, the other is refused', async () => {
    const { series, first } = await newSeries();
    await publish(cast.loader, first);
    const both = [await readyCorrection(series, first), await readyCorrection(series, first)];
    const codes = await Promise.all([
      codeOf(publish(cast.loader, both[0] ?? 0)),
      codeOf(publish(cast.approver, both[1] ?? 0)),
    ]);
    expect(codes.filter((code) => code !== undefined)).toEqual([REFUSED]);
  });
});

test('a correction that was rolled back can be opened again', async () => {
  const { series, first } = await newSeries();
  await publish(cast.loader, first);
  const correction = await readyCorrection(series, first);
  await publish(cast.loader, correction);
  await rollback(cast.loader, series);
  expect(await openBatchOf(series)).toBe(first);
  await publish(cast.loader, correction);
  expect(await openBatchOf(series)).toBe(correction);
});

test('a correction of a batch that was rolled back is refused, since it would open that one’s changes again', async () => {
  const { series, first } = await newSeries();
  await publish(cast.loader, first);
  const second = await readyCorrection(series, first);
  await publish(cast.loader, second);
  const third = await readyCorrection(series, second);
  await rollback(cast.loader, series);
  expect(await codeOf(publish(cast.loader, third))).toBe(REFUSED);
});

test('a correction of a batch that a whole load took the place of is refused', async () => {
  const { series, first } = await newSeries();
  await publish(cast.loader, first);
  const correction = await readyCorrection(series, first);
  await publish(cast.loader, await readyBatch(cast, series));
  expect(await codeOf(publish(cast.loader, correction))).toBe(REFUSED);
  await rollback(cast.loader, series);
  await publish(cast.loader, correction);
});

test('a whole load is free to open in the place of any batch, and so is a batch that is open already', async () => {
  const { series, first } = await newSeries();
  await publish(cast.loader, first);
  const second = await readyCorrection(series, first);
  await publish(cast.loader, second);
  const third = await readyCorrection(series, second);
  await publish(cast.loader, third, LATER);
  // Which gives up what was planned.
  expect((await publish(cast.loader, second)).moved).toBe(true);
  expect(await nextBatchOf(series)).toBeUndefined();
  await publish(cast.loader, first);
  expect(await openBatchOf(series)).toBe(first);
});

test('the opening of a correction can be moved to and fro', async () => {
  const { series, first } = await newSeries();
  await publish(cast.loader, first);
  const correction = await readyCorrection(series, first);
  for (const at of [LATER, MUCH_LATER, LATER, null]) await publish(cast.loader, correction, at);
  expect(await openBatchOf(series)).toBe(correction);
});

test('a correction of a batch that is about to open takes its place, earlier, then or later', async () => {
  for (const at of [null, LATER, MUCH_LATER]) {
    const { series, first } = await newSeries();
    await publish(cast.loader, first, LATER);
    const correction = await readyCorrection(series, first);
    expect((await publish(cast.loader, correction, at)).moved).toBe(true);
    expect((await openBatchOf(series)) ?? (await nextBatchOf(series))).toBe(correction);
  }
});

test('a correction of a batch that was never published is refused', async () => {
  const { series, first } = await newSeries();
  const correction = await readyCorrection(series, first);
  expect(await refusalOf(publish(cast.loader, correction))).toMatchObject({
    code: REFUSED,
    message: `batch ${correction} corrects batch ${first}, which was never published`,
  });
});

describe('after a withdrawal', () => {
  test('the correction of what was open opens without that being shown again', async () => {
    const { series, first } = await newSeries();
    await publish(cast.loader, first);
    const correction = await readyCorrection(series, first);
    await withdraw(cast.loader, series);
    await publish(cast.loader, correction);
    expect(await openBatchOf(series)).toBe(correction);
  });

  test('a correction of an earlier batch is refused, unless it was open before', async () => {
    const { series, first } = await newSeries();
    await publish(cast.loader, first);
    const second = await readyCorrection(series, first);
    const never = await readyCorrection(series, first);
    await publish(cast.loader, second);
    await publish(cast.loader, await readyCorrection(series, second));
    expect(await codeOf(publish(cast.loader, second))).toBe(REFUSED);
    await withdraw(cast.loader, series);
    expect(await codeOf(publish(cast.loader, never))).toBe(REFUSED);
    // Where rollback is refused, this is the way back.
    expect(await codeOf(rollback(cast.loader, series))).toBe('nothing-to-roll-back');
    await publish(cast.loader, second);
    expect(await openBatchOf(series)).toBe(second);
  });

  test('what was planned is given up, and its place with it', async () => {
    const { series, first } = await newSeries();
    await publish(cast.loader, first);
    const one = await readyCorrection(series, first);
    const other = await readyCorrection(series, first);
    await publish(cast.loader, one, LATER);
    await withdraw(cast.loader, series);
    await publish(cast.loader, other);
    expect(await openBatchOf(series)).toBe(other);
  });
});
