/**
 * @module An official file with faults, and the truth about each of its lines: what must be named, what must be
 * stored and with which values. A pure function of its size and seed.
 *
 * The rows are sound candidates of the gaokao preset; faults and oddities of faulty-file-kinds.ts are dealt to
 * rows at random, at most one each, so that every line has one reason.
 */
import iconv from 'iconv-lite';
import { checkCharacter } from '../../service/results/identity-document.ts';
import {
  COLUMNS,
  DISPUTABLE,
  EMPTY_LINES,
  HARMLESS,
  INVALID_BYTE,
  ROW_FAULTS,
  rowText,
  sumLine,
  type Row,
} from './faulty-file-kinds.ts';

/** Faults that concern two lines, both of which must be named. */
export const PAIR_FAULTS = [
  'copy-exact',
  'copy-with-other-marks',
  'identity-under-two-numbers',
  'rank-contradicts-total',
] as const;
export const FAULT_KINDS: readonly string[] = [
  ...Object.keys(ROW_FAULTS),
  ...PAIR_FAULTS,
  'sum-line',
  'truncated-last-line',
];

export interface FaultyFile {
  /** Lines as texts without their ends; the last may be cut off. */
  readonly lines: readonly string[];
  /** Line → kind of fault: to be named, nothing of it stored. */
  readonly faulty: ReadonlyMap<number, string>;
  /** Line → kind: to be named or passed over, or stored with its candidate's values. */
  readonly disputable: ReadonlyMap<number, string>;
  /** Candidates that must be stored, by line, with what must be stored of them. */
  readonly sound: ReadonlyMap<number, Row>;
  /** Candidates that may be stored, by line; always with these values. */
  readonly perhaps: ReadonlyMap<number, Row>;
  /** Faults dealt: a pair is one. */
  readonly faults: number;
}

interface Line {
  readonly text: string;
  readonly fault?: string;
  readonly disputable?: string;
  /** The candidate whose values must be stored (or, when disputable, may be). */
  readonly row?: Row;
}

/** @param faults how many, in equal parts of every kind (the last line is cut off once). */
export function faultyFile(size: { rows: number; faults: number }, seed: number): FaultyFile {
  const pick = randomFrom(seed);
  const rows = soundRows(size.rows, pick);
  const order = shuffled(rows.length, pick);
  const lines: Line[] = rows.map((row) => ({ text: rowText(row), row }));
  const extra: Line[] = [];
  const nextVictim = (fit: (row: Row) => boolean = () => true): number => {
    for (let at = order.length - 1; at >= 0; at -= 1) {
      const place = order[at] ?? 0;
      if (!fit(at0(rows, place))) continue;
      order.splice(at, 1);
      return place;
    }
    throw new Error('more faults than rows');
  };

  const kinds = FAULT_KINDS.filter((kind) => kind !== 'truncated-last-line');
  let dealt = 0;
  for (; dealt < size.faults - 1; dealt += 1) {
    const kind = at0(kinds, dealt % kinds.length);
    const change = ROW_FAULTS[kind];
    if (kind === 'sum-line') extra.push({ text: sumLine(pick), fault: kind });
    else if (change === undefined) dealPair(kind, rows, lines, extra, nextVictim);
    else {
      const victim = nextVictim();
      const changed = change(at0(rows, victim), pick);
      lines[victim] = { text: typeof changed === 'string' ? changed : rowText(changed), fault: kind };
    }
  }
  const oddities = Object.entries(HARMLESS).concat(Object.entries(DISPUTABLE));
  for (let i = 0; i < Math.floor(size.faults / 2); i += 1) {
    const [kind, change] = at0(oddities, i % oddities.length);
    const victim = nextVictim(
      kind === 'identity-lower-case' ? (row) => row['身份证号'].endsWith('X') : undefined,
    );
    const row = at0(rows, victim);
    const changed = change(row, pick);
    const text = typeof changed === 'string' ? changed : rowText(changed);
    lines[victim] = kind in DISPUTABLE ? { text, disputable: kind, row } : { text, row };
  }
  for (const text of [...EMPTY_LINES, COLUMNS.join(',')]) extra.push({ text, disputable: 'no-candidate' });

  for (const line of extra) lines.splice(1 + pick(lines.length - 1), 0, line);
  const last = at0(rows, nextVictim());
  const cut = lines.findIndex((line) => line.row === last);
  lines.splice(cut, 1);
  lines.push({ text: rowText(last).slice(0, 30), fault: 'truncated-last-line' });
  return withNumbers(lines, dealt + 1);
}

/** Deals one fault of two lines. */
function dealPair(
  kind: string,
  rows: readonly Row[],
  lines: Line[],
  extra: Line[],
  nextVictim: (fit?: (row: Row) => boolean) => number,
): void {
  const here = nextVictim();
  const row = at0(rows, here);
  if (kind === 'copy-exact') {
    lines[here] = { text: rowText(row), fault: kind };
    extra.push({ text: rowText(row), fault: kind });
  } else if (kind === 'copy-with-other-marks') {
    const marks = { 语文: row['数学'], 数学: row['语文'] };
    // Equal marks would make it an exact copy.
    const other = marks['语文'] === marks['数学'] ? { 语文: '', 数学: '' } : marks;
    lines[here] = { text: rowText(row), fault: kind };
    extra.push({ text: rowText({ ...row, ...other }), fault: kind });
  } else if (kind === 'identity-under-two-numbers') {
    const there = nextVictim();
    lines[here] = { text: rowText(row), fault: kind };
    lines[there] = { text: rowText({ ...at0(rows, there), 身份证号: row['身份证号'] }), fault: kind };
  } else {
    // Far apart: among all the others there is no doubt which two are wrong.
    const far = Math.ceil(rows.length / 4);
    const there = nextVictim((other) => Math.abs(Number(other['位次']) - Number(row['位次'])) > far);
    lines[here] = { text: rowText({ ...row, 位次: at0(rows, there)['位次'] }), fault: kind };
    lines[there] = { text: rowText({ ...at0(rows, there), 位次: row['位次'] }), fault: kind };
  }
}

function withNumbers(rowLines: readonly Line[], faults: number): FaultyFile {
  const faulty = new Map<number, string>();
  const disputable = new Map<number, string>();
  const sound = new Map<number, Row>();
  const perhaps = new Map<number, Row>();
  let number = 2;
  for (const line of rowLines) {
    if (line.fault !== undefined) faulty.set(number, line.fault);
    else if (line.disputable !== undefined) {
      // A record of two lines concerns both.
      for (const i of line.text.split('\n').keys()) disputable.set(number + i, line.disputable);
      if (line.row !== undefined) perhaps.set(number, line.row);
    } else if (line.row !== undefined) sound.set(number, line.row);
    number += line.text.split('\n').length;
  }
  return {
    lines: [COLUMNS.join(','), ...rowLines.map(({ text }) => text)],
    faulty,
    disputable,
    sound,
    perhaps,
    faults,
  };
}

/** The file's bytes. A break inside a cell is the file's own line end, as spreadsheets write it. */
export function faultyBytes(file: FaultyFile, form: 'gb18030-crlf' | 'utf8-bom-lf'): Buffer {
  const [encoding, end, mark] =
    form === 'gb18030-crlf' ? (['gb18030', '\r\n', ''] as const) : (['utf8', '\n', '\uFEFF'] as const);
  const text = mark + file.lines.map((line) => line.replaceAll('\n', end)).join(end);
  const pieces = text.split(INVALID_BYTE).map((piece) => iconv.encode(piece, encoding));
  return Buffer.concat(pieces.flatMap((piece, i) => (i === 0 ? [piece] : [Buffer.from([0xff]), piece])));
}

/** The truth as a file, to be looked at beside a report. */
export function truthText(file: FaultyFile): string {
  const rows = [...file.faulty].map(([line, kind]) => `${line},must be named,${kind}`);
  const open = [...file.disputable].map(([line, kind]) => `${line},may be named,${kind}`);
  return ['line,truth,kind', ...rows, ...open, ''].join('\n');
}

const SURNAMES = Array.from('林许邓黄于郑王李张刘陈杨赵吴周');
const GIVEN = [...Array.from('泽明雯文可行晨佑诗欣瑶子若涵宇轩'), '𠮷', '㛃', '𫞩'];

function soundRows(count: number, pick: (below: number) => number): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < count; i += 1) {
    const born = new Date(Date.UTC(2007, 0, 1 + Math.floor(i / 90))).toISOString().slice(0, 10);
    const first17 = `330${1 + (i % 9)}02${born.replaceAll('-', '')}9${String(i % 90).padStart(2, '0')}`;
    const marks: Record<string, string> = {};
    let total = 0;
    const chosen = new Set(shuffled(7, pick).slice(0, 3));
    for (const [at, column] of COLUMNS.slice(4, 14).entries()) {
      const mark = at < 3 ? 30 + pick(60) + pick(61) : chosen.has(at - 3) ? 40 + pick(61) : undefined;
      marks[column] = mark === undefined ? '' : String(mark);
      total += mark ?? 0;
    }
    const name =
      i % 50 === 0
        ? '阿依古丽·买买提'
        : at0(SURNAMES, pick(SURNAMES.length)) +
          Array.from({ length: 1 + pick(2) }, () => at0(GIVEN, pick(GIVEN.length))).join('');
    rows.push({
      准考证号: `26330101${String(i + 1).padStart(6, '0')}`,
      姓名: name,
      身份证号: first17 + checkCharacter(first17),
      科类: '普通类',
      ...marks,
      总分: String(total),
      位次: '',
      状态: pick(5) === 0 ? '正常' : '',
    } as Row);
  }
  const sorted = rows.map((row) => Number(row['总分'])).sort((a, b) => b - a);
  const ranks = new Map<number, number>();
  for (const [i, total] of sorted.entries()) if (!ranks.has(total)) ranks.set(total, i + 1);
  return rows.map((row) => ({ ...row, 位次: String(ranks.get(Number(row['总分']))) }));
}

function at0<T>(list: readonly T[], place: number): T {
  const one = list[place];
  if (one === undefined) throw new Error(`no place ${place} of ${list.length}`);
  return one;
}

function shuffled(count: number, pick: (below: number) => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const j = pick(i + 1);
    const swap = at0(order, i);
    order[i] = at0(order, j);
    order[j] = swap;
  }
  return order;
}

/** mulberry32: whole numbers below a bound. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
