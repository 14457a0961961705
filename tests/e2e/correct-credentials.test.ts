/**
 * @module `correct` where candidates are found by identity number and name: two may not share them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPreset } from '../../service/results/presets.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';

const PEOPLE = [
  ['263301000001', '林泽', '33020320080917982X'],
  ['263301000002', '许明雯', '330203200801279877'],
  ['263301000003', '邓文可', '331002200801289905'],
] as const;

let desk: CliDesk;
let series: string;

function csv(name: string, rows: readonly (readonly string[])[]): string {
  const definition = readPreset('ntce-interview');
  const columns = [...definition.matchAll(/column: (\S+)/g)].map((match) => match[1] ?? '');
  const path = join(desk.folder, name);
  writeFileSync(path, [columns.join(','), ...rows.map((row) => row.join(',')), ''].join('\n'));
  return path;
}

async function done(run: Promise<CliResult>): Promise<Record<string, unknown>> {
  const result = await run;
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}\n${result.stderr}`);
  return jsonOf(result);
}

beforeAll(async () => {
  desk = await openCliDesk();
  const yaml = join(desk.folder, 'interview.yaml');
  writeFileSync(yaml, readPreset('ntce-interview'));
  series = String((await done(desk.asLoader(['series', 'add', yaml, '--json'])))['series']);
  const file = csv(
    'all.csv',
    PEOPLE.map((person) => [...person, '合格']),
  );
  const loaded = await done(desk.asLoader(['load', file, '--series', series, '--json']));
  await done(desk.asLoader(['warm', '1', '--json']));
  await done(desk.asLoader(['verify', '1', '--json']));
  await done(
    desk.asApprover([
      'approve',
      '1',
      '--checksum',
      String(loaded['checksum']),
      '--not-before',
      'now',
      '--json',
    ]),
  );
  await done(desk.asLoader(['publish', '1', '--at', 'now', '--json']));
});
afterAll(() => desk.close());

test('the credentials of somebody who is carried over are refused, with the line', async () => {
  const [first, second] = PEOPLE;
  const file = csv('clash.csv', [[first[0], second[1], second[2], '合格']]);
  const result = await desk.asLoader(['correct', file, '--series', series, '--json']);
  expect(refusalOf(result)).toEqual({ code: 'rows-rejected', exitCode: 3 });
  expect(result.stderr).toContain(`line 2, candidate ${first[0]}: also those of candidate ${second[0]}`);
  expect(result.stdout + result.stderr).not.toContain(second[2]);
});

test('two candidates whose documents were exchanged are corrected together', async () => {
  const [first, second] = PEOPLE;
  const file = csv('exchanged.csv', [
    [first[0], second[1], second[2], '合格'],
    [second[0], first[1], first[2], '不合格'],
  ]);
  const made = await done(desk.asLoader(['correct', file, '--series', series, '--json']));
  expect(made).toMatchObject({ replaced: 2, added: 0, unchanged: 0, carriedOver: 1 });
  const answer = await desk.asLoader(['preview', String(made['batch']), '--json'], {
    input: `${first[2]}\n${first[1]}\n`,
  });
  expect(jsonOf(answer)).toMatchObject({ candidate: { number: second[0] }, status: { code: 'failed' } });
});
