/**
 * @module A published 一分一段表 as what totals are compared with.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import iconv from 'iconv-lite';
import { afterAll, describe, expect, test } from 'vitest';
import type { Reference } from '../../loader-cli/report/comparison.ts';
import { readScoreTable } from '../../loader-cli/report/score-table.ts';
import { FangbangError } from '../../service/results/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'fangbang-table-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/score-tables/${name}.csv`, import.meta.url));

async function read(text: string | Buffer): Promise<Reference> {
  const path = join(folder, 'table.csv');
  writeFileSync(path, text);
  return await readScoreTable(path);
}

async function refusal(text: string | Buffer): Promise<string> {
  try {
    await read(text);
  } catch (error) {
    if (error instanceof FangbangError && error.code === 'file-refused') return error.message;
    throw error;
  }
  throw new Error('the table was not refused');
}

describe('a published table', () => {
  test('of Zhejiang is read by its Chinese columns', async () => {
    const { totals, lowest, openTop } = await readScoreTable(fixture('zhejiang-2025-top'));
    expect(totals.slice(0, 2)).toEqual([
      [693, 343],
      [692, 52],
    ]);
    expect(totals.reduce((sum, [, n]) => sum + n, 0)).toBe(20_114);
    expect([lowest, openTop]).toEqual([635, undefined]);
  });

  test('of Guangdong is read by its English columns, with counts such as 31.0 and a mark of UTF-8', async () => {
    const { totals } = await readScoreTable(fixture('guangdong-2024-physics'));
    expect(totals[0]).toEqual([695, 31]);
  });

  test.each(['693及以上', '693分以上', '693-750', '693～750分', '693+'])(
    'whose highest class is written %s is open upwards',
    async (top) => {
      expect(await read(`分数,人数\n${top},343\n692,52\n`)).toMatchObject({
        lowest: 692,
        openTop: 693,
        totals: [
          [693, 343],
          [692, 52],
        ],
      });
    },
  );

  test('may be in GB18030, with blank lines', async () => {
    const { totals } = await read(iconv.encode('分数,本段人数\r\n\r\n692,52\r\n,\r\n', 'gb18030'));
    expect(totals).toEqual([[692, 52]]);
  });
});

describe('what is no such table is refused with its line', () => {
  test.each([
    ['other columns', '姓名,人数\n1,2\n', /line 1: this is not a score distribution/],
    ['a score that is none', '分数,人数\n692,52\nx,3\n', /line 3: expected a score/],
    ['a count that is none', '分数,人数\n692,5.5\n', /line 2: expected a score/],
    ['a class that is open downwards', '分数,人数\n692,52\n100以下,7\n', /line 3: expected a score/],
    ['a score twice, as of two years', '分数,人数\n692,52\n692,50\n', /line 3: the score is there twice/],
    ['an open class below others', '分数,人数\n692,52\n600以上,7\n', /scores above it/],
    ['two open classes', '分数,人数\n692以上,52\n691以上,7\n', /two classes are open/],
    ['no score', '分数,人数\n', /no score/],
    ['no text', Buffer.from([0xe5, 0x88, 0xff, 0xff, 0x0a]), /neither UTF-8 nor GB18030/],
    ['no CSV', '分数,人数\n"692,52\n', /not a CSV file/],
  ])('%s', async (_what, text, says) => {
    expect(await refusal(text)).toMatch(says);
  });

  test('a file that is not there', async () => {
    await expect(readScoreTable('/nowhere/table.csv')).rejects.toMatchObject({ code: 'file-refused' });
  });
});
