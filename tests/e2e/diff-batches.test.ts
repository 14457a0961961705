/**
 * @module `diff`: who changed between two batches, in counts on the terminal, with names and marks only in a file.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MARK_BASE } from '../../service/results/slip.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';
import {
  gaokaoDefinition,
  officialCandidates,
  officialFile,
  type OfficialCandidate,
} from '../helpers/official-gaokao.ts';

const SERIES = 'zj-gaokao-2026';

let desk: CliDesk;

function mean(people: readonly OfficialCandidate[]): number {
  return people.reduce((sum, { slip }) => sum + (slip.total ?? 0), 0) / people.length;
}

const before = officialCandidates(40);
/** As the second batch has them, ranks computed anew. */
const after = changed();

/** Candidates 1 to 4 gain or lose in Chinese, 5 has another name, 6 another document, 7 is gone, 41 is new. */
function changed(): OfficialCandidate[] {
  const people = officialCandidates(41).map((one, i) => (i < 40 ? (before[i] as OfficialCandidate) : one));
  const remark = (i: number, by: number): void => {
    const one = people[i] as OfficialCandidate;
    const marks = one.slip.marks.map((mark, place) => (place === 0 ? mark + by : mark));
    people[i] = { ...one, slip: { ...one.slip, marks, total: (one.slip.total ?? 0) + by } };
  };
  remark(0, 2);
  remark(1, 3);
  remark(2, 4);
  remark(3, -1);
  const rename = people[4] as OfficialCandidate;
  people[4] = { ...rename, slip: { ...rename.slip, name: '=林泽' } };
  people[5] = {
    ...(people[5] as OfficialCandidate),
    identityNumber: (officialCandidates(60)[50] as OfficialCandidate).identityNumber,
  };
  people.splice(6, 1);
  return people.map((one) => ({ ...one, slip: { ...one.slip, rank: undefined } }));
}

function write(name: string, series: string, candidates: readonly OfficialCandidate[]): string {
  const path = join(desk.folder, name);
  writeFileSync(path, officialFile(gaokaoDefinition(series), candidates));
  return path;
}

async function done(run: Promise<CliResult>): Promise<Record<string, unknown>> {
  const result = await run;
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}\n${result.stderr}`);
  return jsonOf(result);
}

beforeAll(async () => {
  desk = await openCliDesk();
  await desk.makeBatch(SERIES, 40);
  const file = write('second.csv', SERIES, after);
  await done(desk.asLoader(['load', file, '--series', SERIES, '--json']));
});
afterAll(() => desk.close());

/** Ranks were left out of the second file: all of the 39 in both have lost theirs. */
const COUNTS = {
  series: SERIES,
  from: 1,
  to: 2,
  onlyInFrom: 1,
  onlyInTo: 1,
  changed: 39,
  identical: 0,
  statuses: {},
  fields: {
    name: { changed: 1, better: 0, worse: 0, other: 1 },
    chinese: { changed: 4, better: 3, worse: 1, other: 0 },
    total: { changed: 4, better: 3, worse: 1, other: 0 },
    rank: { changed: 39, better: 0, worse: 0, other: 39 },
    credentials: { changed: 1, better: 0, worse: 0, other: 1 },
  },
  credentialsCompared: true,
  file: null,
};

describe('the counts', () => {
  test('say how many changed in which field and in which direction, whichever batch is named first', async () => {
    expect(await done(desk.asLoader(['diff', '1', '2', '--json']))).toMatchObject(COUNTS);
    expect(await done(desk.asLoader(['diff', '2', '1', '--json']))).toMatchObject(COUNTS);
  });

  test('come with the shift of the totals', async () => {
    const { comparison } = (await done(desk.asLoader(['diff', '2', '1', '--json']))) as {
      comparison: { shift: { mean: number }; this: { candidates: number } };
    };
    expect(comparison.this.candidates).toBe(40);
    expect(comparison.shift.mean).toBeCloseTo(mean(after) - mean(before), 1);
  });

  test('are all that the terminal shows: no candidate number, no name', async () => {
    const { stdout, stderr } = await desk.asLoader(['diff', '2', '1']);
    expect(stdout).toContain('39 changed');
    for (const { candidateNumber, slip } of [...before, ...after]) {
      expect(stdout + stderr).not.toContain(candidateNumber);
      expect(stdout + stderr).not.toContain(slip.name);
    }
  });
});

describe('the file', () => {
  test('holds everybody who changed with both values, is its owner’s alone and safe in a spreadsheet', async () => {
    const path = join(desk.folder, 'changes.csv');
    await done(desk.asLoader(['diff', '2', '1', '--file', path, '--json']));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const rows: Record<string, string>[] = parse(readFileSync(path), { columns: true, bom: true });
    const of = (place: number): Record<string, string>[] =>
      rows.filter((row) => row['candidateNumber'] === before[place]?.candidateNumber);
    const chinese = (before[0]?.slip.marks[0] ?? 0) - MARK_BASE;
    expect(of(0)).toContainEqual({
      candidateNumber: before[0]?.candidateNumber,
      field: 'chinese',
      'batch 1': String(chinese),
      'batch 2': String(chinese + 2),
    });
    expect(of(4)).toContainEqual({
      candidateNumber: before[4]?.candidateNumber,
      field: 'name',
      'batch 1': before[4]?.slip.name,
      'batch 2': "'=林泽",
    });
    expect(of(5).map((row) => row['field'])).toContain('credentials');
    expect(of(6)).toEqual([
      {
        candidateNumber: before[6]?.candidateNumber,
        field: 'candidate',
        'batch 1': 'a candidate',
        'batch 2': 'no such candidate',
      },
    ]);
    const numbers = rows.map((row) => row['candidateNumber'] ?? '');
    expect(numbers).toEqual(numbers.toSorted());
    for (const { identityNumber } of [...before, ...after])
      expect(readFileSync(path, 'utf8')).not.toContain(identityNumber);
  });

  test('that cannot be written is a usage fault', async () => {
    const result = await desk.asLoader(['diff', '2', '1', '--file', '/proc/none/changes.csv', '--json']);
    expect(refusalOf(result)).toEqual({ code: 'usage', exitCode: 2 });
  });
});

describe('which batch is compared with', () => {
  test('must be said while nothing is open and nothing is corrected', async () => {
    expect(refusalOf(await desk.asLoader(['diff', '2', '--json']))).toEqual({ code: 'usage', exitCode: 2 });
    expect(refusalOf(await desk.asLoader(['diff', '9', '--json']))).toEqual({
      code: 'batch-not-found',
      exitCode: 4,
    });
  });

  test('is the open one, and for the open one the one it corrects', async () => {
    const status = (await done(desk.asLoader(['status', SERIES, '--json']))) as {
      series: { batches: { number: number; checksum: string }[] }[];
    };
    const open = async (batch: number, checksum: unknown): Promise<void> => {
      const n = String(batch);
      await done(desk.asLoader(['warm', n, '--json']));
      await done(desk.asLoader(['verify', n, '--json']));
      await done(
        desk.asApprover(['approve', n, '--checksum', String(checksum), '--not-before', 'now', '--json']),
      );
      await done(desk.asLoader(['publish', n, '--at', 'now', '--json']));
    };
    await open(1, status.series[0]?.batches[0]?.checksum);
    expect(await done(desk.asLoader(['diff', '2', '--json']))).toMatchObject({ from: 1, to: 2, changed: 39 });
    const correction = write('correction.csv', SERIES, [
      after[0] as OfficialCandidate,
      ...after.slice(-1),
      // The same slip, found by another document.
      {
        ...(before[9] as OfficialCandidate),
        identityNumber: (officialCandidates(60)[55] as OfficialCandidate).identityNumber,
      },
    ]);
    const made = await done(desk.asLoader(['correct', correction, '--series', SERIES, '--json']));
    const counts = {
      from: 1,
      to: made['batch'],
      changed: 2,
      onlyInTo: 1,
      onlyInFrom: 0,
      identical: 38,
      fields: { credentials: { changed: 1, better: 0, worse: 0, other: 1 } },
    };
    expect(await done(desk.asLoader(['diff', String(made['batch']), '--json']))).toMatchObject(counts);
    await open(Number(made['batch']), made['checksum']);
    expect(await done(desk.asLoader(['diff', String(made['batch']), '--json']))).toMatchObject(counts);
  });

  test('must be of the same series', async () => {
    const other = await desk.makeBatch('zj-gaokao-2025', 12);
    const result = await desk.asLoader(['diff', String(other.number), '1', '--json']);
    expect(refusalOf(result)).toEqual({ code: 'usage', exitCode: 2 });
    expect(result.stderr).toContain('--compare');
  });
});

test('batches of two versions of the definition are compared by what their slips say', async () => {
  const series = 'zj-gaokao-2024';
  const one = await desk.makeBatch(series, 20);
  const yaml = join(desk.folder, 'renamed.yaml');
  // The same slips in other bytes: Chinese is declared last.
  const [head = '', chinese = '', rest = ''] = one.definition.source.split(
    /(?<=components:\n)( {2}- code: chinese\n(?: {4}.*\n)+)/,
  );
  writeFileSync(yaml, head + rest.replace(/(?=\nelectives:)/, chinese));
  await done(desk.asLoader(['series', 'add', yaml, '--json']));
  const loaded = await done(desk.asLoader(['load', one.file, '--series', series, '--json']));
  const compared = await done(desk.asLoader(['diff', String(loaded['batch']), String(one.number), '--json']));
  expect(compared).toMatchObject({ changed: 0, identical: 20, fields: {}, credentialsCompared: false });
});

test('slips that are the same bytes by two definitions are not taken for the same', async () => {
  const series = 'zj-gaokao-2023';
  const one = await desk.makeBatch(series, 20);
  const { source } = one.definition;
  const [chinese = '', mathematics = ''] = ['chinese', 'mathematics'].map(
    (code) => new RegExp(` {2}- code: ${code}\\n(?: {4}.*\\n)+`).exec(source)?.[0],
  );
  const yaml = join(desk.folder, 'exchanged.yaml');
  writeFileSync(yaml, source.replace(chinese + mathematics, mathematics + chinese));
  await done(desk.asLoader(['series', 'add', yaml, '--json']));
  // With the marks exchanged as well, every slip is the same bytes as before.
  const file = join(desk.folder, 'exchanged.csv');
  writeFileSync(file, readFileSync(one.file, 'utf8').replace('语文,数学', '数学,语文'));
  const loaded = await done(desk.asLoader(['load', file, '--series', series, '--json']));
  const compared = await done(desk.asLoader(['diff', String(loaded['batch']), String(one.number), '--json']));
  expect(compared).toMatchObject({
    changed: 20,
    identical: 0,
    fields: { chinese: { changed: 20 }, mathematics: { changed: 20 } },
  });
});
