/**
 * @module Two people correct the open batch: `publish` lets the second correction not take back the first, and
 * says what to do instead.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';
import { officialFile } from '../helpers/official-gaokao.ts';

const SERIES = 'zj-gaokao-2026';
const LATER = '2099-06-25T09:00:00+08:00';

let desk: CliDesk;
let first: DeskBatch;

beforeAll(async () => {
  desk = await openCliDesk();
  first = await desk.makeBatch(SERIES, 30);
  await makeReady(first.number, first.file, first.checksum);
  await done(publish(first.number));
});
afterAll(() => desk.close());

async function done(run: Promise<CliResult>): Promise<Record<string, unknown>> {
  const result = await run;
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}\n${result.stderr}`);
  return jsonOf(result);
}

function publish(batch: unknown, at = 'now'): Promise<CliResult> {
  return desk.asLoader(['publish', String(batch), '--at', at, '--json']);
}

async function makeReady(batch: unknown, file: string, checksum: unknown): Promise<void> {
  const n = String(batch);
  await done(desk.asLoader(['warm', n, '--json']));
  await done(desk.asLoader(['verify', n, '--file', file, '--json']));
  const agreed = ['--checksum', String(checksum), '--not-before', '2020-01-01T00:00:00Z'];
  await done(desk.asApprover(['approve', n, ...agreed, '--json']));
}

/** A correction that moves one candidate's name to another; answers its batch, ready to publish. */
async function correction(candidate: number): Promise<number> {
  const one = first.candidates[candidate];
  if (one === undefined) throw new Error('nobody');
  const file = join(desk.folder, `correction-${candidate}.csv`);
  writeFileSync(
    file,
    officialFile(first.definition, [{ ...one, slip: { ...one.slip, name: `改${one.slip.name}` } }]),
  );
  const made = await done(desk.asLoader(['correct', file, '--series', SERIES, '--json']));
  await makeReady(made['batch'], file, made['checksum']);
  return Number(made['batch']);
}

async function shown(batch: number, candidate: number): Promise<unknown> {
  const one = first.candidates[candidate];
  const preview = desk.asLoader(['preview', String(batch), '--json'], {
    input: `${one?.candidateNumber}\n${one?.identityNumber}\n`,
  });
  return ((await done(preview))['candidate'] as { name: unknown }).name;
}

test('of two corrections of the open batch the second is refused, and made again on top of the first keeps both', async () => {
  const one = await correction(3);
  const other = await correction(4);
  await done(publish(one));
  const refused = await publish(other);
  expect(refusalOf(refused)).toEqual({ code: 'corrects-another-batch', exitCode: 4 });
  expect(refused.stderr).toContain(`batch ${other} corrects batch ${first.number}, but batch ${one} is open`);
  expect(refused.stderr).toContain(`run fangbang correct again on top of batch ${one}`);

  const again = await correction(4);
  await done(publish(again));
  for (const candidate of [3, 4])
    expect(await shown(again, candidate)).toBe(`改${first.candidates[candidate]?.slip.name}`);
});

test('rolled back to the batch that it corrects, a correction opens again; one on top of what was taken back does not', async () => {
  const base = await correction(5);
  await done(publish(base));
  const onTop = await correction(6);
  await done(desk.asLoader(['rollback', SERIES, '--json']));
  const refused = await publish(onTop);
  expect(refusalOf(refused)).toEqual({ code: 'corrects-another-batch', exitCode: 4 });
  await done(publish(base));
  await done(publish(onTop));
});

test('while another correction is planned a second one is refused, until the first is given up as the message says', async () => {
  const planned = await correction(7);
  const urgent = await correction(8);
  await done(publish(planned, LATER));
  const refused = await publish(urgent);
  expect(refusalOf(refused)).toEqual({ code: 'corrects-another-batch', exitCode: 4 });
  const advice = /give it up first: fangbang publish ([0-9]+) --at now/.exec(refused.stderr);
  expect(await done(publish(advice?.[1]))).toMatchObject({ moved: true });
  await done(publish(urgent));
});
