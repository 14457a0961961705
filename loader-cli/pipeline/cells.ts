/**
 * Harmless changes to the text of one cell, each counted in the report: what Excel puts around a
 * value to keep it as text, full-width characters, spaces, zero-width characters.
 */
import type { Credential } from '#results/definition.ts';
import type { Normalisation } from '#results/credentials.ts';

/** Every kind of change that a report counts: of credentials (credentials.ts), and of the file alone. */
export type Change =
  | Normalisation
  /** A leading apostrophe, by which Excel marks text. */
  | 'excel-apostrophe'
  /** ="…", by which programs make Excel see text. */
  | 'excel-formula'
  /** 101.0 for 101. */
  | 'decimal-zero'
  /** 099 for 99. */
  | 'leading-zeros'
  /** Marks beside a status that shows none (withheld, misconduct, shielded): they are not stored. */
  | 'marks-not-stored'
  /** Columns without a name at the right end, all empty; in one row, or in all of the file. */
  | 'trailing-empty-columns';

export interface Cleaned {
  readonly value: string;
  readonly changes: readonly Change[];
}

// The same characters as in credentials.ts.
const ZERO_WIDTH = /[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;
const SPACES = /[\s\u00A0\u3000]+/g;
const FULL_WIDTH = /[\uFF01-\uFF5E]/g;
const NONE: readonly Change[] = [];

/** Takes off what Excel wants around a value; a name may begin with an apostrophe of its own. */
export function withoutExcelMarks(raw: string, kind?: Credential['kind']): Cleaned {
  const formula = /^\s*="([^"]*)"\s*$/.exec(raw)?.[1];
  if (formula !== undefined) return { value: formula, changes: ['excel-formula'] };
  if (kind === 'person-name' ? /^'\p{Script=Han}/u.test(raw) : raw.startsWith("'"))
    return { value: raw.slice(1), changes: ['excel-apostrophe'] };
  return { value: raw, changes: NONE };
}

/** Whether nothing of it can be in a cell: the usual case, told at a glance. */
export function startsLikeExcelMark(raw: string): boolean {
  const first = raw.charCodeAt(0);
  // ' = and white space before =.
  return first === 0x27 || first === 0x3d || first <= 0x20;
}

/** A mark, word or number without Excel's marks, spaces and full-width forms. */
export function cleanCell(raw: string): Cleaned {
  const unmarked = withoutExcelMarks(raw);
  const changes = [...unmarked.changes];
  const change = (kind: Change, from: string, to: string): string => {
    if (from !== to) changes.push(kind);
    return to;
  };
  let value = unmarked.value;
  value = change('zero-width', value, value.replace(ZERO_WIDTH, ''));
  value = change('spaces', value, value.replace(SPACES, ''));
  value = change(
    'full-width',
    value,
    value.replace(FULL_WIDTH, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)),
  );
  return { value, changes: changes.length === 0 ? NONE : changes };
}

/**
 * A name as the slip shows it. A Chinese name is shown as it is compared, without the spaces that
 * pad it; a name in Latin letters keeps its case and one space between its parts.
 * @param compared the normalised credential of the same cell.
 */
export function shownName(raw: string, compared: string): string {
  if (!/\p{Script=Latin}/u.test(compared)) return compared;
  return withoutExcelMarks(raw, 'person-name')
    .value.replace(ZERO_WIDTH, '')
    .replace(FULL_WIDTH, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(SPACES, ' ')
    .trim()
    .normalize('NFC');
}

const BLANK =
  /^[\s\u00A0\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\u3000\uFEFF]*$/;

/** Whether a cell holds nothing but spaces and zero-width characters. */
export function isBlank(raw: string): boolean {
  return raw === '' || BLANK.test(raw);
}

/** What a plain number is: digits, and after a point digits again. No sign, exponent or other base. */
const PLAIN_NUMBER = /^([0-9]{1,9})(?:\.([0-9]{1,3}))?$/;

/** A plain number in decimal, undefined when it is none. */
export function readNumber(cleaned: string): { value: number; changes: readonly Change[] } | undefined {
  const match = PLAIN_NUMBER.exec(cleaned);
  if (match === null) return undefined;
  const [, whole = '', fraction] = match;
  const changes: Change[] = [];
  if (whole.length > 1 && whole.startsWith('0')) changes.push('leading-zeros');
  if (fraction !== undefined && /^0+$/.test(fraction)) changes.push('decimal-zero');
  return { value: Number(cleaned), changes };
}
