/**
 * Candidates whose numbers, names and marks occur nowhere else in the world, and all the ways in which somebody
 * might have written them. Pure.
 */
import { createHash } from 'node:crypto';
import iconv from 'iconv-lite';
import { parseDefinition } from '../../../service/results/definition.ts';
import { checkCharacter } from '../../../service/results/identity-document.ts';
import { readPreset } from '../../../service/results/presets.ts';
import { Needles } from './needles.ts';

export const SERIES = 'leak-2026';

export type Kind = 'identity number' | 'candidate number' | 'name' | 'mark';

export interface Canary {
  readonly owner: number;
  readonly candidateNumber: string;
  readonly identityNumber: string;
  readonly name: string;
  /** In the order of the components. */
  readonly marks: readonly number[];
}

/** Marks of nine digits: a 97 is in every file of the world. */
const LEAST_MARK = 373_000_000;
const MARK_STEP = 1_000;
const MOST_STEPS = 65_000;
const COMPONENTS = ['chinese', 'mathematics'] as const;
/** A corrected mark is that many steps above the first one. */
const CORRECTION_STEPS = 3;

/** The gaokao preset with two components of such marks. */
export const definition = parseDefinition(
  readPreset('gaokao')
    .replace(/^id: .*$/m, `id: ${SERIES}`)
    .replace(/ {2}- code: foreign-language[^]*?(?=^markers:)/m, '')
    .replaceAll(
      /score: \{ max: 150 \}/g,
      `score: { min: ${LEAST_MARK}, max: ${LEAST_MARK + MOST_STEPS * MARK_STEP}, step: ${MARK_STEP} }`,
    )
    .replace(/^total: .*$/m, `total: { column: 总分, max: 999999000, step: ${MARK_STEP} }`)
    .replace(/^rank: .*$/m, ''),
  SERIES,
);

export function canaries(count: number): Canary[] {
  return Array.from({ length: count }, (_, owner) => {
    const pad = (value: number, width: number): string => String(value).padStart(width, '0');
    const born = `2007${pad(1 + (owner % 12), 2)}${pad(1 + (Math.floor(owner / 12) % 28), 2)}`;
    const first17 = `330106${born}${pad(Math.floor(owner / 336), 3)}`;
    return {
      owner,
      candidateNumber: `26337777${pad(owner, 6)}`,
      identityNumber: first17 + checkCharacter(first17),
      name: `龘靐${String.fromCodePoint(0x4e00 + (owner % 100), 0x5e00 + Math.floor(owner / 100))}`,
      marks: [markOf(100 + 13 * owner), markOf(30_000 + 17 * owner)],
    };
  });
}

/** The same with other marks, as a correction has them. */
export function corrected(canary: Canary): Canary {
  return { ...canary, marks: canary.marks.map((mark) => mark + CORRECTION_STEPS * MARK_STEP) };
}

/** The official file; its lowest and highest marks, which reports name, are of nobody. */
export function fileOf(list: readonly Canary[], { isWhole = true }: { isWhole?: boolean } = {}): string {
  const nobodies: Canary[] = [
    nobody('26330000000001', '33010720070101001', 0),
    nobody('26330000000002', '33010720070101002', MOST_STEPS),
  ];
  return [HEADER, ...(isWhole ? nobodies : []).map(rowOf), ...list.map(rowOf)].map(line).join('');
}

/** Rows that are rejected, each for a reason that has to do with what must not be repeated. */
export function faultyFileOf(list: readonly Canary[]): string {
  const faults: ((row: string[]) => string[])[] = [
    (row) => row.with(2, `${row[2]?.slice(0, -1)}${row[2]?.endsWith('1') === true ? '2' : '1'}`),
    (row) => row.with(2, `${row[2]}9`),
    (row) => row.with(3, `${row[3]}7`),
    (row) => row.with(3, `=${row[3]}`),
    (row) => row.with(4, `${row[4]}分`),
    (row) => row.with(1, `=${row[1]}`),
    (row) => row.with(1, `"${row[1]}`),
    (row) => row.with(5, row[3] ?? ''),
    (row) => row.with(0, row[2] ?? ''),
    (row) => [...row, row[2] ?? ''],
    (row) => row.slice(0, 3),
    (row) => row.with(6, row[1] ?? ''),
  ];
  const faulty = list.map((one, i) => (faults[i % faults.length] ?? ((row) => row))(rowOf(one)));
  return [HEADER, ...faulty].map(line).join('');
}

/** All forms of all of them. */
export function needlesFor(list: readonly Canary[]): Needles {
  const needles = new Needles();
  for (const canary of list) {
    const { owner } = canary;
    const add = (kind: Kind, form: string, bytes: Buffer): void =>
      needles.add({ owner, kind, form, bytes, isWhole: kind === 'mark' && form === 'plain' });
    // Without the check character, which is often an X or an x.
    for (const [form, bytes] of formsOf(canary.identityNumber.slice(0, 17)))
      add('identity number', form, bytes);
    for (const [form, bytes] of hashesOf(canary.identityNumber)) add('identity number', form, bytes);
    for (const [form, bytes] of formsOf(canary.candidateNumber)) add('candidate number', form, bytes);
    for (const [form, bytes] of formsOf(canary.name)) add('name', form, bytes);
    for (const mark of [...canary.marks, ...corrected(canary).marks])
      for (const [form, bytes] of formsOf(String(mark))) add('mark', form, bytes);
  }
  return needles;
}

const HEADER = ['准考证号', '姓名', '身份证号', '语文', '数学', '总分', '状态'];

function rowOf({ candidateNumber, name, identityNumber, marks }: Canary): string[] {
  const total = marks.reduce((sum, mark) => sum + mark, 0);
  return [candidateNumber, name, identityNumber, ...marks.map(String), String(total), '正常'];
}

function line(cells: readonly string[]): string {
  return `${cells.join(',')}\n`;
}

function nobody(candidateNumber: string, first17: string, steps: number): Canary {
  return {
    owner: -1,
    candidateNumber,
    identityNumber: first17 + checkCharacter(first17),
    name: '林泽',
    marks: COMPONENTS.map(() => markOf(steps)),
  };
}

function markOf(steps: number): number {
  return LEAST_MARK + steps * MARK_STEP;
}

function formsOf(text: string): [form: string, bytes: Buffer][] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const forms: [string, Buffer][] = [
    ['plain', bytes],
    ['UTF-16', Buffer.from(text, 'utf16le')],
    ['hex', Buffer.from(hex)],
    ['hex in capitals', Buffer.from(hex.toUpperCase())],
    ...[0, 1, 2].map((offset): [string, Buffer] => ['base64', base64Within(bytes, offset)]),
  ];
  if (encodeURIComponent(text) === text) return forms;
  const escaped = [...text].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  return [
    ...forms,
    ['GB18030', iconv.encode(text, 'gb18030')],
    ['percent-encoded', Buffer.from(encodeURIComponent(text))],
    ['escaped as JSON', Buffer.from(escaped)],
  ];
}

/** What of base64 does not depend on what stands before (so many bytes of a group of three) and behind. */
function base64Within(bytes: Buffer, offset: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  const from = Math.ceil((offset * 8) / 6);
  return Buffer.from(text.slice(from, Math.floor(((offset + bytes.length) * 8) / 6)));
}

function hashesOf(text: string): [form: string, bytes: Buffer][] {
  return ['md5', 'sha1', 'sha256'].flatMap((name): [string, Buffer][] => {
    const digest = createHash(name).update(text).digest();
    return [
      [`${name}, binary`, digest],
      [`${name}, hex`, Buffer.from(digest.toString('hex'))],
      [`${name}, base64`, Buffer.from(digest.toString('base64').replace(/=+$/, ''))],
    ];
  });
}
