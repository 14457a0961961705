/**
 * @module From bytes to result, line by line: what happens to each thing that was seen in official files.
 */
import { describe, expect, test } from 'vitest';
import type { RejectCode } from '../../loader-cli/pipeline/reject-codes.ts';
import { checkCharacter } from '../../service/results/identity-document.ts';
import { fileText, readBytes, ROWS, withCell, withRow } from '../fixtures/files/small-file.ts';

const cell =
  (column: string, value: string) =>
  (row: string): string =>
    withCell(row, column, value);

interface RejectCase {
  readonly what: string;
  /** Changes row 2, which is line 3. */
  readonly change: (row: string) => string;
  readonly code: RejectCode;
  /** Undefined: the line as a whole. */
  readonly column?: string;
}

const REJECTED: readonly RejectCase[] = [
  {
    what: 'scientific notation in a candidate number',
    change: cell('准考证号', '2.63301E+13'),
    code: 'scientific-notation',
    column: '准考证号',
  },
  {
    what: 'scientific notation in an identity number',
    change: cell('身份证号', '3.30203E+17'),
    code: 'scientific-notation',
    column: '身份证号',
  },
  {
    what: 'an identity number that lost its last digits',
    change: cell('身份证号', '330203200801279000'),
    code: 'digits-lost',
    column: '身份证号',
  },
  {
    what: 'a letter O for zero in a candidate number',
    change: cell('准考证号', '2633010100000O'),
    code: 'letter-for-digit',
    column: '准考证号',
  },
  {
    what: 'a letter O for zero in an identity number',
    change: cell('身份证号', '33O203200801279877'),
    code: 'letter-for-digit',
    column: '身份证号',
  },
  {
    what: 'a letter O for zero in a mark',
    change: cell('语文', '12O'),
    code: 'letter-for-digit',
    column: '语文',
  },
  {
    what: 'a candidate number with a digit too few',
    change: cell('准考证号', '2633010100002'),
    code: 'pattern-mismatch',
    column: '准考证号',
  },
  {
    what: 'an old identity number of 15 digits',
    change: cell('身份证号', '330203080127987'),
    code: 'old-15-digit-number',
    column: '身份证号',
  },
  {
    what: 'a wrong check character',
    change: cell('身份证号', '330203200801279878'),
    code: 'wrong-check-character',
    column: '身份证号',
  },
  {
    what: 'an impossible birth date',
    change: cell('身份证号', `33020320080230987${checkCharacter('33020320080230987')}`),
    code: 'impossible-birth-date',
    column: '身份证号',
  },
  {
    what: 'an empty identity number',
    change: cell('身份证号', ''),
    code: 'credential-missing',
    column: '身份证号',
  },
  { what: 'an empty name', change: cell('姓名', ' '), code: 'credential-missing', column: '姓名' },
  { what: 'a name with a question mark', change: cell('姓名', '许?'), code: 'name-damaged', column: '姓名' },
  {
    what: 'a name with a replacement character',
    change: cell('姓名', '许\uFFFD'),
    code: 'name-damaged',
    column: '姓名',
  },
  {
    what: 'a name of 101 characters',
    change: cell('姓名', '许'.repeat(101)),
    code: 'credential-too-long',
    column: '姓名',
  },
  {
    what: 'a control character in a name',
    change: cell('姓名', '许\u0007'),
    code: 'control-character',
    column: '姓名',
  },
  {
    what: 'a mark above the maximum',
    change: cell('语文', '151'),
    code: 'mark-out-of-range',
    column: '语文',
  },
  { what: 'a mark below the minimum', change: cell('生物', '39'), code: 'mark-out-of-range', column: '生物' },
  { what: 'a negative mark', change: cell('语文', '-3'), code: 'mark-not-understood', column: '语文' },
  { what: 'a mark with a plus', change: cell('语文', '+3'), code: 'mark-not-understood', column: '语文' },
  { what: 'a mark as 1e2', change: cell('语文', '1e2'), code: 'mark-not-understood', column: '语文' },
  { what: 'a mark as 0x64', change: cell('语文', '0x64'), code: 'mark-not-understood', column: '语文' },
  { what: 'a mark between two steps', change: cell('语文', '119.5'), code: 'mark-off-step', column: '语文' },
  {
    what: 'a mark with a decimal comma in quotes',
    change: cell('语文', '"120,0"'),
    code: 'mark-not-understood',
    column: '语文',
  },
  {
    what: 'a word that is no marker',
    change: cell('语文', '未考'),
    code: 'mark-not-understood',
    column: '语文',
  },
  { what: 'a dash for a mark', change: cell('语文', '—'), code: 'mark-not-understood', column: '语文' },
  { what: 'a compulsory mark missing', change: cell('语文', ''), code: 'mark-missing', column: '语文' },
  {
    what: 'a fourth elective',
    change: cell('物理', '80'),
    code: 'elective-count',
    column: '物理/化学/生物/历史/地理/思想政治/技术',
  },
  {
    what: 'only two electives',
    change: cell('生物', ''),
    code: 'elective-count',
    column: '物理/化学/生物/历史/地理/思想政治/技术',
  },
  {
    what: 'a total that is not the sum',
    change: cell('总分', '569'),
    code: 'total-is-not-sum',
    column: '总分',
  },
  { what: 'a total in words', change: cell('总分', '合格'), code: 'total-not-understood', column: '总分' },
  {
    what: 'a total above the maximum',
    change: cell('总分', '751'),
    code: 'total-out-of-range',
    column: '总分',
  },
  { what: 'no total beside marks', change: cell('总分', ''), code: 'total-missing', column: '总分' },
  { what: 'a rank of zero', change: cell('位次', '0'), code: 'rank-not-understood', column: '位次' },
  {
    what: 'a rank with a fraction',
    change: cell('位次', '1.5'),
    code: 'rank-not-understood',
    column: '位次',
  },
  { what: 'a negative rank', change: cell('位次', '-1'), code: 'rank-not-understood', column: '位次' },
  {
    what: 'a rank of ten digits',
    change: cell('位次', '1234567890'),
    code: 'rank-not-understood',
    column: '位次',
  },
  { what: 'a column too many', change: (row) => `${row},7`, code: 'column-count' },
  { what: 'a column too few', change: (row) => row.replace(/,1$/, ''), code: 'column-count' },
  {
    what: 'a comma too many between the electives',
    change: (row) => row.replace(',,,61', ',,,,61'),
    code: 'column-count',
  },
  { what: 'an unclosed quote', change: (row) => row.replace('许', '"许'), code: 'unclosed-quote' },
  {
    what: 'text after a closing quote',
    change: (row) => row.replace('许𠮷', '"许"𠮷'),
    code: 'text-after-quote',
  },
  { what: 'a quote inside a value', change: (row) => row.replace('许𠮷', '许"𠮷'), code: 'stray-quote' },
  {
    what: 'a field of 70,000 characters',
    change: cell('姓名', '许'.repeat(70_000)),
    code: 'field-too-long',
    column: '姓名',
  },
  {
    what: 'a lone carriage return in the line',
    change: (row) => row.replace('许', '许\r'),
    code: 'control-character',
  },
  {
    what: 'a sum line',
    change: () => '合计,,,433,400,444,120,0,61,205,236,54,79,1924,',
    code: 'pattern-mismatch',
    column: '准考证号',
  },
  {
    what: 'the header with another name in it',
    change: () => '准考证号,姓名,身份证号,语文,数学,外语,物理,化学,生物,历史,地理,政治,技术,总分,位次',
    code: 'pattern-mismatch',
    column: '准考证号',
  },
];

const COMPLETE = {
  file: 0,
  message: expect.any(String) as unknown,
  candidateNumber: expect.anything() as unknown,
};

describe('a line of an official file', () => {
  test.each(REJECTED)('with $what is rejected as $code', async ({ change, code, column }) => {
    const { report, accepted, rejects } = await readBytes([fileText(withRow(2, change))]);
    expect(rejects).toEqual([
      { ...COMPLETE, candidateNumber: rejects[0]?.candidateNumber, line: 3, column, code },
    ]);
    expect(accepted.map((row) => row.line)).toEqual([2, 4, 5]);
    expect(report.rows).toEqual({ read: 4, accepted: 3, rejected: 1, skipped: 0 });
    expect(report.lines).toBe(5);
    expect(report.rejects).toEqual([{ code, rows: 1, first: rejects }]);
  });

  test('that is rejected names its candidate number when that is sound, and no other value', async () => {
    const { rejects } = await readBytes([fileText(withRow(2, cell('总分', '569')))]);
    expect(rejects[0]?.candidateNumber).toBe('26330101000002');
    expect(JSON.stringify(rejects)).not.toMatch(/569|许|330203200801279877/);
    const unsound = await readBytes([fileText(withRow(2, cell('准考证号', '2633010100000O')))]);
    expect(unsound.rejects[0]?.candidateNumber).toBeUndefined();
  });

  test('that is broken never takes the lines after it along', async () => {
    const rows = [...ROWS.slice(0, 1), '26330101000002,"许𠮷,330203200801279877', ...ROWS.slice(2)];
    const { report, accepted } = await readBytes([fileText(rows)]);
    expect(accepted.map((row) => row.line)).toEqual([2, 4, 5]);
    expect(report.rows.rejected).toBe(1);
  });

  test('with a line break inside quotes is rejected with all its lines', async () => {
    const rows = withRow(2, (row) => row.replace('许𠮷', '"许\n𠮷"'));
    const { report, accepted, rejects } = await readBytes([fileText(rows)]);
    expect(rejects.map(({ line, code }) => [line, code])).toEqual([
      [3, 'unclosed-quote'],
      [4, 'line-break-in-quotes'],
    ]);
    expect(accepted.map((row) => row.line)).toEqual([2, 5, 6]);
    expect(report.lines).toBe(6);
  });

  test('that the file ends in the middle of is rejected as cut off', async () => {
    const text = fileText();
    const { accepted, rejects } = await readBytes([text.slice(0, text.indexOf(',64,67'))]);
    expect(rejects.map(({ line, code }) => [line, code])).toEqual([[5, 'truncated-line']]);
    expect(accepted).toHaveLength(3);
  });

  test('that is blank, of commas alone, or the header again is skipped and counted', async () => {
    const rows = [
      ROWS[0],
      '',
      '   ',
      ',,,,,,,,,,,,,,',
      ROWS[1],
      '\u3000',
      fileText([]).trim(),
      ROWS[2],
      ROWS[3],
      '',
    ];
    const { report, accepted } = await readBytes([fileText(rows)]);
    expect(accepted).toHaveLength(4);
    expect(report.rows).toEqual({ read: 10, accepted: 4, rejected: 0, skipped: 6 });
  });

  test('after a second header with a byte-order mark, as of two files put together, is read', async () => {
    const { report } = await readBytes([
      `\uFEFF${fileText(ROWS.slice(0, 2))}\uFEFF${fileText(ROWS.slice(2))}`,
    ]);
    expect(report.rows).toEqual({ read: 5, accepted: 4, rejected: 0, skipped: 1 });
  });
});

const NORMALISED: readonly [what: string, change: (row: string) => string, counts: Record<string, number>][] =
  [
    ['full-width digits in a number', cell('准考证号', '２６３３０１０１０００００２'), { 'full-width': 1 }],
    ['full-width digits in a mark', cell('语文', '１２０'), { 'full-width': 1 }],
    ['an ideographic space in a name', cell('姓名', '许\u3000𠮷'), { spaces: 1 }],
    ['spaces in a number', cell('准考证号', ' 2633 0101 0000 02 '), { spaces: 1 }],
    ['a tab before a number', cell('身份证号', '\t330203200801279877'), { spaces: 1 }],
    ['a zero-width character in a name', cell('姓名', '许\u200B𠮷'), { 'zero-width': 1 }],
    [
      'a leading apostrophe before a number',
      cell('身份证号', "'330203200801279877"),
      { 'excel-apostrophe': 1 },
    ],
    ['="…" around a number', cell('准考证号', '="26330101000002"'), { 'excel-formula': 1 }],
    ['="…" in quotes, as CSV has it', cell('准考证号', '"=""26330101000002"""'), { 'excel-formula': 1 }],
    ['a mark with .0', cell('语文', '120.0'), { 'decimal-zero': 1 }],
    ['a mark with a leading zero', cell('语文', '0120'), { 'leading-zeros': 1 }],
    ['hyphens in an identity number', cell('身份证号', '330203-20080127-9877'), { hyphens: 1 }],
    ['a rank with .0', cell('位次', '1.0'), { 'decimal-zero': 1 }],
    ['a value in quotes', cell('姓名', '"许𠮷"'), {}],
  ];

describe('what is certainly harmless is normalised and counted', () => {
  test.each(NORMALISED)('%s', async (_what, change, counts) => {
    const plain = await readBytes([fileText()]);
    const { report, rejects } = await readBytes([fileText(withRow(2, change))]);
    expect(rejects).toEqual([]);
    expect(report.normalisations).toEqual(counts);
    expect(report.checksum).toEqual(plain.report.checksum);
  });

  test('a lower-case x', async () => {
    const plain = await readBytes([fileText()]);
    const { report } = await readBytes([fileText(withRow(1, cell('身份证号', '33020320080917982x')))]);
    expect(report.normalisations).toEqual({ 'upper-case': 1 });
    expect(report.checksum).toEqual(plain.report.checksum);
  });

  test('columns without a name at the right end, when all of them are empty', async () => {
    const plain = await readBytes([fileText()]);
    const text = fileText().replaceAll('\n', ',,\n');
    const { report } = await readBytes([text]);
    expect(report.normalisations).toEqual({ 'trailing-empty-columns': 2 });
    expect(report.checksum).toEqual(plain.report.checksum);
    const filled = await readBytes([text.replace('568,1,,', '568,1,,7')]);
    expect(filled.rejects.map(({ line, code }) => [line, code])).toEqual([[3, 'value-without-column']]);
  });
});
