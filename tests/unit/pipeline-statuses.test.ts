/**
 * @module Statuses, electives, optional components, flags and grades: what a row means as a whole.
 */
import { describe, expect, test } from 'vitest';
import { MARK_BASE, statusMark } from '../../service/results/slip.ts';
import { definitionWith, preset } from '../helpers/definitions.ts';
import { GAOKAO, HEADER, readBytes, ROWS, withCell } from '../fixtures/files/small-file.ts';
import type { Outcome } from '../fixtures/files/small-file.ts';

const ABSENT = statusMark('absent');

/** One row of the gaokao file with a status column. */
async function gaokaoRow(row: string, status: string): Promise<Outcome> {
  return await readBytes([`${HEADER},状态\n${row},${status}\n`]);
}

function codeOf({ rejects }: Outcome): unknown[] {
  return rejects.map(({ code, column }) => [code, column]);
}

/** The first row with all marks, total and rank empty. */
const BARE = `${ROWS[0].split(',').slice(0, 3).join(',')}${','.repeat(12)}`;
const ALL_ABSENT = ['语文', '数学', '外语', '物理', '化学', '生物'].reduce(
  (row, column) => withCell(row, column, '缺考'),
  BARE,
);

describe('a status that shows no marks', () => {
  test.each([
    ['暂缓', 'withheld'],
    ['违纪', 'misconduct'],
    ['屏蔽', 'shielded'],
  ])('%s: marks, total and rank beside it are not even stored, and counted', async (word, status) => {
    const { accepted, report } = await gaokaoRow(ROWS[0], word);
    expect(accepted[0]?.slip).toEqual({
      candidateNumber: '26330101000001',
      name: '林泽',
      status,
      marks: GAOKAO.components.map(() => 0),
      total: undefined,
      rank: undefined,
      flags: 0,
    });
    expect(report.normalisations).toEqual({ 'marks-not-stored': 1 });
    expect(report.statistics.totals).toEqual([]);
  });

  test('may stand beside empty cells', async () => {
    const { accepted, report } = await gaokaoRow(BARE, '屏蔽');
    expect(accepted[0]?.slip.status).toBe('shielded');
    expect(report.normalisations).toEqual({});
  });

  test('gives the same checksum whatever marks stood beside it', async () => {
    const one = await gaokaoRow(ROWS[0], '屏蔽');
    const other = await gaokaoRow(BARE, '屏蔽');
    expect(one.report.checksum).toEqual(other.report.checksum);
  });
});

describe('absent', () => {
  test('is a row in which everything taken is absent', async () => {
    for (const outcome of [
      await readBytes([`${HEADER}\n${ALL_ABSENT}\n`]),
      await gaokaoRow(ALL_ABSENT, ''),
    ]) {
      expect(outcome.accepted[0]?.slip).toMatchObject({
        status: 'absent',
        total: undefined,
        rank: undefined,
      });
      expect(outcome.accepted[0]?.slip.marks.slice(0, 7)).toEqual([
        ABSENT,
        ABSENT,
        ABSENT,
        ABSENT,
        ABSENT,
        ABSENT,
        0,
      ]);
    }
  });

  test('drops a total of 0, which would be read as a mark', async () => {
    const { accepted, report } = await gaokaoRow(withCell(ALL_ABSENT, '总分', '0'), '');
    expect(accepted[0]?.slip).toMatchObject({ status: 'absent', total: undefined });
    expect(report.normalisations).toEqual({ 'marks-not-stored': 1 });
  });

  test('as the status may stand beside empty cells', async () => {
    expect((await gaokaoRow(BARE, '缺考')).accepted[0]?.slip.status).toBe('absent');
  });

  test('as the status beside a mark is a contradiction', async () => {
    expect(codeOf(await gaokaoRow(ROWS[0], '缺考'))).toEqual([['status-contradicts-marks', '语文']]);
  });

  test('in everything beside a status that says a normal result is a contradiction', async () => {
    expect(codeOf(await gaokaoRow(ALL_ABSENT, '正常'))).toEqual([['status-contradicts-marks', '状态']]);
  });

  test('in everything beside a total above 0 is a contradiction', async () => {
    expect(codeOf(await gaokaoRow(withCell(ALL_ABSENT, '总分', '300'), ''))).toEqual([
      ['total-without-scores', '总分'],
    ]);
  });

  test('counts as taken in an elective', async () => {
    const absentInTwo = withCell(withCell(ROWS[0], '历史', '缺考'), '地理', '缺 考');
    const { accepted } = await gaokaoRow(withCell(absentInTwo, '总分', '414'), '正常');
    expect(accepted[0]?.slip).toMatchObject({ status: 'scored', total: 414 });
  });
});

describe('a row without marks', () => {
  test('and without a status that explains it is rejected', async () => {
    expect(codeOf(await gaokaoRow(BARE, ''))).toEqual([['mark-missing', '语文']]);
    const xuekao = preset('xuekao');
    const columns = [...Object.values(xuekao.credentials), ...xuekao.components].map((c) => c.column);
    const row = `260133010001,林泽,33020320080917982X${','.repeat(xuekao.components.length)}`;
    expect(codeOf(await readBytes([`${columns.join(',')}\n${row}\n`], xuekao))).toEqual([
      ['nothing-taken', '语文'],
    ]);
  });

  test('with a rank is rejected', async () => {
    expect(codeOf(await gaokaoRow(withCell(ALL_ABSENT, '位次', '7'), ''))).toEqual([
      ['rank-without-total', '位次'],
    ]);
  });
});

test('an unknown status is rejected', async () => {
  expect(codeOf(await gaokaoRow(ROWS[0], '屏闭'))).toEqual([['status-unknown', '状态']]);
});

test('a status column that may not be missing is asked for', async () => {
  await expect(
    readBytes(['准考证号,姓名,证件号码\n263301000001,林泽,33020320080917982X\n'], preset('ntce-interview')),
  ).rejects.toMatchObject({ code: 'file-refused', faults: ['the column 面试结果 is missing'] });
});

test('a rank may be missing only where the definition says so, or the candidate was absent', async () => {
  const strict = definitionWith({
    components: [{ code: 'c', column: '分', title: { zh: '分', en: 'c' }, score: { max: 100 } }],
    markers: { 缺考: 'absent' },
    total: { column: '总分', max: 100 },
    rank: { column: '位次' },
  });
  const outcome = await readBytes(['准考证号,姓名,分,总分,位次\n1,林泽,50,50,\n2,林泽,缺考,,\n'], strict);
  expect(outcome.rejects.map(({ line, code }) => [line, code])).toEqual([[2, 'rank-missing']]);
  expect(outcome.accepted.map((row) => row.slip.status)).toEqual(['absent']);
});

describe('the CET preset', () => {
  const cet = preset('cet');
  const header = '准考证号,姓名,证件号码,听力,阅读,写作和翻译,口试等级,总分,状态,听力障碍';
  const read = (tail: string): Promise<Outcome> =>
    readBytes([`${header}\n330010261100101,林泽,33020320080917982X,${tail}\n`], cet);

  test('takes grades in either case and width, an empty oral test, an exempted part and a flag', async () => {
    const { accepted, report } = await read('免考,200,150,ｂ＋,350,正常,是');
    expect(accepted[0]?.slip.marks).toEqual([
      statusMark('exempt'),
      MARK_BASE + 200,
      MARK_BASE + 150,
      MARK_BASE + 2,
    ]);
    expect(accepted[0]?.slip.flags).toBe(1);
    expect(report.normalisations).toEqual({ 'full-width': 1, 'upper-case': 1 });
    expect((await read('100,200,150,,450,,')).accepted[0]?.slip.marks[3]).toBe(0);
  });

  test.each([
    ['100,200,150,A-,450,,', 'grade-unknown', '口试等级'],
    ['100,200,150,A,450,,也许', 'flag-unknown', '听力障碍'],
    ['250,200,150,A,600,,', 'mark-out-of-range', '听力'],
  ])('rejects %s', async (tail, code, column) => {
    expect(codeOf(await read(tail))).toEqual([[code, column]]);
  });
});

test('marks in half steps are read without binary fractions', async () => {
  const halves = definitionWith({
    components: [
      { code: 'a', column: '甲', title: { zh: '甲', en: 'a' }, score: { min: 0.5, max: 100, step: 0.1 } },
    ],
    total: { column: '总分', max: 100, step: 0.1 },
  });
  const { accepted, rejects } = await readBytes(
    ['准考证号,姓名,甲,总分\n1,林,0.8,0.8\n2,林,99.70,99.7\n3,林,0.85,0.9\n'],
    halves,
  );
  expect(accepted.map((row) => row.slip.total)).toEqual([0.8, 99.7]);
  expect(accepted.map((row) => row.slip.marks)).toEqual([[MARK_BASE + 3], [MARK_BASE + 992]]);
  expect(rejects.map(({ line, code }) => [line, code])).toEqual([[4, 'mark-off-step']]);
});

test('a total that is not the sum is taken as given where the definition says so', async () => {
  const weighted = definitionWith({
    components: [{ code: 'a', column: '甲', title: { zh: '甲', en: 'a' }, score: { max: 100 } }],
    total: { column: '总分', max: 200, isSum: false },
  });
  const { accepted } = await readBytes(['准考证号,姓名,甲,总分\n1,林泽,60,120\n'], weighted);
  expect(accepted[0]?.slip.total).toBe(120);
});
