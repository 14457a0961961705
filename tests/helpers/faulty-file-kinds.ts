/**
 * @module The faults and the harmless oddities that domain.md tells of official files, each as what it does to
 * one sound row of the gaokao preset.
 *
 * Written from domain.md alone, before the loader's code was read: a kind says what it is, not how a loader
 * finds it. Each changes one thing only, and what follows from it (a changed mark changes the total too).
 */
import { checkCharacter } from '../../service/results/identity-document.ts';

export const COLUMNS = [
  '准考证号',
  '姓名',
  '身份证号',
  '科类',
  '语文',
  '数学',
  '外语',
  '物理',
  '化学',
  '生物',
  '历史',
  '地理',
  '思想政治',
  '技术',
  '总分',
  '位次',
  '状态',
] as const;
type Column = (typeof COLUMNS)[number];
const ELECTIVES: readonly Column[] = ['物理', '化学', '生物', '历史', '地理', '思想政治', '技术'];

/** Stands for a byte that is in no encoding; no file holds this character. */
export const INVALID_BYTE = '\u{F0000}';

export type Row = Readonly<Record<Column, string>>;
/** A row, or its text where it is no longer one cell per column. */
type Change = (row: Row, pick: (below: number) => number) => Row | string;

export function rowText(row: Row): string {
  return COLUMNS.map((column) => row[column]).join(',');
}

function set(row: Row, changed: Partial<Row>): Row {
  return { ...row, ...changed };
}

/** A mark changed together with the total, so that the mark is the only fault. */
function setMark(row: Row, column: Column, mark: number): Row {
  return set(row, {
    [column]: String(mark),
    总分: String(Number(row['总分']) - Number(row[column]) + mark),
  });
}

function taken(row: Row): Column[] {
  return ELECTIVES.filter((column) => row[column] !== '');
}

function notTaken(row: Row): Column[] {
  return ELECTIVES.filter((column) => row[column] === '');
}

function first<T>(list: readonly T[]): T {
  const [one] = list;
  if (one === undefined) throw new Error('a row that this kind cannot be made of');
  return one;
}

function wholeNumber(length: number, pick: (below: number) => number): string {
  return Array.from({ length }, () => pick(10)).join('');
}

/** Excel's general format: 3.30203E+17. */
function excelScientific(number: string): string {
  return `${number[0] ?? ''}.${number.slice(1, 6)}E+${number.length - 1}`;
}

function swapIn(text: string, at: number, character: string): string {
  return text.slice(0, at) + character + text.slice(at + 1);
}

/** One row that must be named and not stored. */
export const ROW_FAULTS: Readonly<Record<string, Change>> = {
  'number-in-scientific-notation': (r) => set(r, { 准考证号: excelScientific(r['准考证号']) }),
  'number-with-letter-o': (r) =>
    set(r, { 准考证号: swapIn(r['准考证号'], r['准考证号'].lastIndexOf('0'), 'O') }),
  'number-too-short': (r) => set(r, { 准考证号: r['准考证号'].slice(0, -1) }),
  'number-too-long': (r) => set(r, { 准考证号: `${r['准考证号']}7` }),
  'number-empty': (r) => set(r, { 准考证号: '' }),
  'identity-in-scientific-notation': (r) => set(r, { 身份证号: excelScientific(r['身份证号']) }),
  'identity-without-its-last-three': (r) => {
    const lost = `${r['身份证号'].slice(0, 15)}000`;
    // One in eleven has 0 as its check character and cannot be told from a sound one.
    return set(r, {
      身份证号: checkCharacter(lost) === '0' ? `${swapIn(lost.slice(0, 15), 14, '8')}000` : lost,
    });
  },
  'identity-with-letter-o': (r) =>
    set(r, { 身份证号: swapIn(r['身份证号'], r['身份证号'].indexOf('0'), 'O') }),
  'identity-of-15-digits': (r) =>
    set(r, { 身份证号: r['身份证号'].slice(0, 6) + r['身份证号'].slice(8, 17) }),
  'identity-with-a-wrong-check-character': (r, pick) => {
    const others = Array.from('0123456789X').filter((c) => c !== r['身份证号'][17]);
    return set(r, { 身份证号: r['身份证号'].slice(0, 17) + (others[pick(others.length)] ?? '') });
  },
  'identity-with-an-impossible-date': (r) => {
    const first17 = `${r['身份证号'].slice(0, 10)}0230${r['身份证号'].slice(14, 17)}`;
    return set(r, { 身份证号: first17 + checkCharacter(first17) });
  },
  'identity-empty': (r) => set(r, { 身份证号: '' }),
  'name-empty': (r) => set(r, { 姓名: '' }),
  'name-with-replacement-character': (r) => set(r, { 姓名: `${r['姓名']}\uFFFD` }),
  'name-with-nul': (r) => set(r, { 姓名: `${r['姓名']}\0` }),
  'name-with-control-character': (r) => set(r, { 姓名: `${r['姓名']}\u0007` }),
  'name-with-invalid-byte': (r) => set(r, { 姓名: `${r['姓名']}${INVALID_BYTE}` }),
  'name-of-70000-characters': (r) => set(r, { 姓名: '林'.repeat(70_000) }),
  'quote-not-escaped': (r) => set(r, { 姓名: `"${r['姓名']}"${r['姓名']}"` }),
  'text-after-closing-quote': (r) => set(r, { 姓名: `"${r['姓名']}"泽` }),
  'quote-not-closed': (r) => set(r, { 姓名: `"${r['姓名']}` }),
  'quote-inside-plain-cell': (r) => set(r, { 姓名: `${r['姓名']}"` }),
  'mark-above-maximum': (r, pick) => setMark(r, '语文', 151 + pick(40)),
  'mark-negative': (r, pick) => setMark(r, '数学', -1 - pick(20)),
  'mark-with-exponent': (r) => set(setMark(r, '外语', 100), { 外语: '1e2' }),
  'mark-hexadecimal': (r) => set(setMark(r, '语文', 100), { 语文: '0x64' }),
  'mark-off-its-step': (r, pick) => setMark(r, '数学', 60.5 + pick(40)),
  'mark-in-words': (r) => set(r, { 外语: '良好' }),
  'mark-missing': (r) => set(setMark(r, '语文', 0), { 语文: '' }),
  'mark-below-minimum': (r, pick) => setMark(r, first(taken(r)), 1 + pick(39)),
  'one-elective-too-many': (r) => setMark(r, first(notTaken(r)), 60),
  'one-elective-too-few': (r) => {
    const column = first(taken(r));
    return set(setMark(r, column, 0), { [column]: '' });
  },
  'total-not-the-sum': (r, pick) =>
    set(r, { 总分: String(Number(r['总分']) + (pick(2) === 0 ? -1 : 1) * (1 + pick(9))) }),
  'total-missing': (r) => set(r, { 总分: '' }),
  'total-with-exponent': (r) => set(r, { 总分: `${Number(r['总分']) / 100}e2` }),
  'rank-in-words': (r) => set(r, { 位次: `第${r['位次']}名` }),
  'rank-zero': (r) => set(r, { 位次: '0' }),
  'rank-off-its-step': (r) => set(r, { 位次: `${r['位次']}.5` }),
  'status-unknown': (r) => set(r, { 状态: '已核' }),
  'column-missing': (r) =>
    COLUMNS.filter((column) => column !== '语文')
      .map((column) => r[column])
      .join(','),
  'column-too-many': (r) => `${rowText(r)},7`,
  'tabs-for-commas': (r) => rowText(r).replaceAll(',', '\t'),
};

/** A row that must be stored with its own values. */
export const HARMLESS: Readonly<Record<string, Change>> = {
  'number-full-width': (r) => set(r, { 准考证号: fullWidth(r['准考证号']) }),
  'number-with-apostrophe': (r) => set(r, { 准考证号: `'${r['准考证号']}` }),
  'number-as-formula': (r) => set(r, { 准考证号: `="${r['准考证号']}"` }),
  'number-with-spaces': (r) => set(r, { 准考证号: ` ${r['准考证号']} ` }),
  'number-with-zero-width': (r) => set(r, { 准考证号: `\u200B${r['准考证号']}` }),
  'identity-lower-case': (r) => set(r, { 身份证号: r['身份证号'].toLowerCase() }),
  'identity-with-apostrophe': (r) => set(r, { 身份证号: `'${r['身份证号']}` }),
  'identity-with-inner-spaces': (r) =>
    set(r, { 身份证号: r['身份证号'].replace(/^(.{6})(.{8})(.{4})$/, '$1 $2 $3') }),
  'identity-full-width': (r) => set(r, { 身份证号: fullWidth(r['身份证号']) }),
  'name-with-ideographic-space': (r) => set(r, { 姓名: Array.from(r['姓名']).join('\u3000') }),
  'name-quoted': (r) => set(r, { 姓名: `"${r['姓名']}"` }),
  'all-quoted': (r) => COLUMNS.map((column) => `"${r[column]}"`).join(','),
  'mark-with-point-zero': (r) => set(r, { 语文: `${r['语文']}.0` }),
  'mark-full-width': (r) => set(r, { 数学: fullWidth(r['数学']) }),
  'mark-with-spaces': (r) => set(r, { 外语: ` ${r['外语']}` }),
  'trailing-commas': (r) => `${rowText(r)},,`,
};

/** A row that may be named, or stored with its own values: nothing else. */
export const DISPUTABLE: Readonly<Record<string, Change>> = {
  'line-break-inside-quotes': (r) => set(r, { 姓名: `"${r['姓名']}\n"` }),
};

/** Lines of no candidate that may be passed over. */
export const EMPTY_LINES: readonly string[] = ['', ','.repeat(COLUMNS.length - 1), '   '];

/** A line of no candidate that must be named. */
export function sumLine(pick: (below: number) => number): string {
  return `合计,,,,${wholeNumber(7, pick)},${wholeNumber(7, pick)},${','.repeat(COLUMNS.length - 7)}`;
}

function fullWidth(text: string): string {
  return text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
}
