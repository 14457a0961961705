/**
 * @module Plain rows are read as the slow way reads them: the same credentials and slip, or nothing is said.
 */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readHeader } from '../../loader-cli/pipeline/header.ts';
import { splitLine } from '../../loader-cli/pipeline/csv-line.ts';
import { NOT_PLAIN, isResidentNumber } from '../../loader-cli/pipeline/plain-cells.ts';
import { PlainRows } from '../../loader-cli/pipeline/plain-rows.ts';
import { RowReader } from '../../loader-cli/pipeline/row-reader.ts';
import type { SeriesDefinition } from '../../service/results/definition.ts';
import { checkCharacter, checkDocumentNumber } from '../../service/results/identity-document.ts';
import { definitionWith, preset } from '../helpers/definitions.ts';
import { GAOKAO, HEADER, ROWS, readBytes, fileText } from '../fixtures/files/small-file.ts';

interface Ways {
  readonly plain: (line: string) => { credentials: readonly string[]; slip: unknown } | undefined;
  /** The slow way, by csv-parse's cells. */
  readonly slow: (line: string) => { credentials: readonly string[]; slip: unknown } | undefined;
}

function waysOf(definition: SeriesDefinition, headerLine: string): Ways {
  const header = readHeader(headerLine, definition, 'test');
  const plain = PlainRows.of(definition, header);
  const rows = new RowReader(definition, header);
  return {
    plain: (line) => {
      const text = `before\n${line}\nafter`;
      const end = plain?.read(text, 7) ?? NOT_PLAIN;
      if (plain === undefined || end === NOT_PLAIN) return undefined;
      expect(text.slice(end)).toBe('after');
      return { credentials: plain.credentials, slip: plain.slip() };
    },
    slow: (line) => {
      // CR before the line feed is of the line's end.
      const cells = csvParseCells(line.replace(/\r$/, ''), header.delimiter);
      if (cells?.length !== header.cells.length) return undefined;
      for (let i = header.cells.length - header.unnamed; i < cells.length; i += 1)
        if (cells[i] !== '') return undefined;
      const row = rows.read(cells);
      return row.ok && row.changes.length === 0
        ? { credentials: row.credentials, slip: row.slip }
        : undefined;
    },
  };
}

/** What csv-parse makes of one line, by itself and as our splitter does; undefined when it refuses it. */
function csvParseCells(line: string, delimiter: string): string[] | undefined {
  if (line === '' || line.includes('\r')) return undefined;
  let records: string[][];
  try {
    records = parse(line, { delimiter, recordDelimiter: '\n', relax_column_count: true });
  } catch {
    return undefined;
  }
  const ours = splitLine(line, delimiter as ',');
  expect(records).toEqual([ours]);
  return records[0];
}

/** Texts that stand in cells, sound or not; and characters to damage a line with. */
const CELLS = [
  ...[
    '',
    '0',
    '7',
    '40',
    '99',
    '099',
    '100',
    '101',
    '150',
    '151',
    '750',
    '1000',
    '12345',
    '0.5',
    '101.0',
    '1e2',
  ],
  ...[
    '缺考',
    '违纪',
    '暂缓',
    '正常',
    '屏蔽',
    'A',
    'a',
    '合格',
    '是',
    '否',
    '-',
    '+1',
    ' 101',
    '101 ',
    '１０１',
  ],
  ...[
    '林泽',
    '许𠮷',
    'LI',
    '欧阳·娜',
    '李 四',
    '"',
    '""',
    '"101"',
    '="101"',
    "'101",
    '26330101000009',
    '123456789',
  ],
  ...['1234567890', '33020320080917982X', '33020320080917982x', '11010519491231002X', '810000199408230021'],
] as const;
const HARM = [
  '"',
  ',',
  ';',
  '\t',
  ' ',
  '\r',
  "'",
  '=',
  '0',
  'x',
  '张',
  '\u3000',
  '\uFEFF',
  '\u200B',
  '.',
  '-',
  'Ａ',
];

interface Damage {
  readonly cells: readonly (readonly [place: number, cell: string])[];
  readonly harm: readonly (readonly [place: number, remove: number, text: string])[];
}

const damage: fc.Arbitrary<Damage> = fc.record({
  cells: fc.array(fc.tuple(fc.nat(40), fc.constantFrom(...CELLS)), { maxLength: 3 }),
  harm: fc.array(fc.tuple(fc.nat(200), fc.nat(2), fc.constantFrom('', ...HARM)), { maxLength: 2 }),
});

function damaged(row: string, delimiter: string, { cells, harm }: Damage): string {
  const parts = row.split(delimiter);
  for (const [place, cell] of cells) parts[place % parts.length] = cell;
  let line = parts.join(delimiter);
  for (const [place, remove, text] of harm) {
    const at = place % (line.length + 1);
    line = line.slice(0, at) + text + line.slice(at + remove);
  }
  return line.replaceAll('\n', '');
}

const CET = preset('cet');
const CET_HEADER = '准考证号,姓名,证件号码,听力,阅读,写作和翻译,口试等级,总分';
const text = { zh: '名', en: 'name' };

/** Half marks, a flag, a group, a rank that must be there, a column that nobody asks for. */
const MADE = definitionWith({
  credentials: {
    number: { kind: 'candidate-number', column: '号', title: text, example: '1', pattern: '[0-9A-Z]{2,9}' },
    name: { kind: 'person-name', column: '姓名', title: text, example: '林泽', pattern: '.{2,4}' },
    pin: { kind: 'text', column: '码', title: text, example: '1', pattern: '[0-9A-Z]+' },
  },
  credentialSets: [{ name: 'both', credentials: ['number', 'pin'] }],
  components: [
    { code: 'a', title: text, column: '甲', score: { max: 10, step: 0.5 } },
    { code: 'b', title: text, column: '乙', grades: ['优', '良', 'A', '1'] },
    { code: 'c', title: text, column: '丙', score: { min: 2, max: 9 }, optional: true },
    { code: 'd', title: text, column: '丁', score: { max: 2000 }, optional: true },
  ],
  electives: [{ components: ['c', 'd'], choose: 1 }],
  markers: { 缺考: 'absent', 免考: 'exempt' },
  total: { column: '总分', max: 3000, step: 0.5 },
  rank: { column: '位次', optional: false },
  flags: [{ code: 'f', title: text, column: '标', values: { '': false, 是: true } }],
  ignoredColumns: ['备注'],
});

/** Without a rank, and so perhaps without a total; absent from one subject, and from all. */
const MORE_ROWS = [
  ROWS[0].replace(/,2$/, ','),
  ROWS[3].replace('阿依古丽·买买提', '林泽'),
  '26330101000005,林泽,33020320080917982X,缺考,缺考,缺考,,,,缺考,缺考,,缺考,,',
];

const CASES: readonly [string, SeriesDefinition, string, readonly string[]][] = [
  ['gaokao', GAOKAO, HEADER, [...ROWS, ...MORE_ROWS]],
  ['gaokao with state and unnamed columns', GAOKAO, `${HEADER},状态,,`, ROWS.map((row) => `${row},,,`)],
  [
    'gaokao with semicolons',
    GAOKAO,
    HEADER.replaceAll(',', ';'),
    ROWS.map((row) => row.replaceAll(',', ';')),
  ],
  [
    'a definition of its own',
    MADE,
    '备注\t号\t姓名\t码\t甲\t乙\t丙\t丁\t总分\t位次\t标',
    ['甲班\tA1\t林泽\tX9\t7.5\t优\t5\t\t12.5\t3\t是', '\t77\t许林\t0\t10\t1\t\t1500\t1510\t1\t'],
  ],
];

describe('plain rows', () => {
  test.each(CASES)(
    '%s: whatever is taken is what the slow way by csv-parse gives',
    (_, definition, header, rows) => {
      const ways = waysOf(definition, header);
      const { delimiter } = readHeader(header, definition, 'test');
      let taken = 0;
      fc.assert(
        fc.property(fc.constantFrom(...rows), damage, (row, how) => {
          const line = damaged(row, delimiter, how);
          // No decoded text has half a character.
          fc.pre(line.isWellFormed());
          const plain = ways.plain(line);
          if (plain === undefined) return;
          taken += 1;
          expect(plain).toEqual(ways.slow(line));
        }),
        { numRuns: 20_000 },
      );
      // Else the property would say nothing.
      expect(taken).toBeGreaterThan(500);
    },
  );

  test('the usual rows are taken, with LF and CRLF', () => {
    const ways = waysOf(GAOKAO, HEADER);
    const [first, , third] = ROWS;
    expect(ways.plain(first)).toEqual(ways.slow(first));
    expect(ways.plain(`${third}\r`)).toEqual(ways.slow(third));
    expect(ways.plain(first)).toBeDefined();
    expect(ways.plain(`${third}\r`)).toBeDefined();
    const made = waysOf(MADE, CASES[3]?.[2] ?? '');
    for (const row of CASES[3]?.[3] ?? []) {
      expect(made.plain(row)).toBeDefined();
      expect(made.plain(row)).toEqual(made.slow(row));
    }
  });

  test('a line without its end is not taken: it may be cut off', () => {
    const plain = PlainRows.of(GAOKAO, readHeader(HEADER, GAOKAO, 'test'));
    expect(plain?.read(ROWS[0], 0)).toBe(NOT_PLAIN);
    expect(plain?.read(`${ROWS[0]}\r`, 0)).toBe(NOT_PLAIN);
  });

  test('no row is plain where the header once more could be one', () => {
    const definition = definitionWith({
      credentials: {
        number: { kind: 'candidate-number', column: 'ID', title: text, example: '1' },
        name: { kind: 'person-name', column: '姓名', title: text, example: '林泽' },
      },
    });
    expect(PlainRows.of(definition, readHeader('ID,姓名', definition, 'test'))).toBeUndefined();
  });

  test('the preset of CET is read both ways alike', () => {
    const ways = waysOf(CET, CET_HEADER);
    const row = '330010261100101,林泽,11010519491231002X,200,180,150,A,530';
    expect(ways.slow(row)).toBeDefined();
    expect(ways.plain(row)).toEqual(ways.slow(row));
  });

  test('rows after an unclosed quotation mark are held back as before', async () => {
    const lines = [ROWS[0], ROWS[1].replace('许𠮷', '"许𠮷'), ROWS[2]];
    const { report, accepted } = await readBytes([fileText(lines)]);
    expect(report.rows.read).toBe(3);
    expect(report.rows.rejected).toBeGreaterThanOrEqual(1);
    expect(accepted[0]?.slip.candidateNumber).toBe('26330101000001');
  });
});

describe('resident identity numbers', () => {
  test('agree with identity-document.ts on any date, region and check character', () => {
    const digits = fc.integer({ min: 0, max: 9 });
    const any17 = fc
      .tuple(
        digits,
        fc.nat(99_999),
        fc.integer({ min: 1880, max: 2120 }),
        fc.nat(14),
        fc.nat(33),
        fc.nat(999),
      )
      .map(
        ([first, region, year, month, day, sequence]) =>
          `${first}${String(region).padStart(5, '0')}${year}${String(month).padStart(2, '0')}${String(day).padStart(2, '0')}${String(sequence).padStart(3, '0')}`,
      );
    let sound = 0;
    fc.assert(
      fc.property(
        any17,
        fc.option(fc.constantFrom(...'0123456789X'), { nil: undefined }),
        (seventeen, end) => {
          const number = seventeen + (end ?? checkCharacter(seventeen));
          const isSound = checkDocumentNumber(number, ['resident-identity']) === undefined;
          // Regions that begin with 8 are left to the slow way.
          expect(isResidentNumber(`,${number},`, 1)).toBe(isSound && !number.startsWith('8'));
          if (isSound) sound += 1;
        },
      ),
      { numRuns: 20_000 },
    );
    expect(sound).toBeGreaterThan(1_000);
  });

  test.each(['0229', '0230', '0228'])('every year of %s', (monthAndDay) => {
    for (let year = 1890; year <= 2110; year += 1) {
      const seventeen = `330203${year}${monthAndDay}900`;
      const number = seventeen + checkCharacter(seventeen);
      expect(isResidentNumber(number, 0)).toBe(
        checkDocumentNumber(number, ['resident-identity']) === undefined,
      );
    }
  });
});
