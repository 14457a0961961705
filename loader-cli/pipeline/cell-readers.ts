/**
 * Readers of single cells, one per column: a column has few different texts (151 marks, some words),
 * so each text is interpreted once and then looked up.
 */
import type { Component, SeriesDefinition } from '#results/definition.ts';
import { isMultiple } from '#results/definition.ts';
import type { MarkCode } from '#results/slip.ts';
import { MARK_BASE, statusMark } from '#results/slip.ts';
import type { Change } from './cells.ts';
import { cleanCell, readNumber } from './cells.ts';
import type { RejectCode } from './reject-codes.ts';

export type CellResult<T> =
  | { readonly ok: true; readonly value: T; readonly changes: readonly Change[] }
  | { readonly ok: false; readonly code: RejectCode };

export type CellReader<T> = (raw: string) => CellResult<T>;

/** A damaged file may have any number of texts: beyond so many each is read anew. */
const MOST_REMEMBERED = 4_096;
/** A longer text could keep the whole piece of the file alive that it was cut from. */
const LONGEST_REMEMBERED = 12;

function remembering<T>(read: CellReader<T>): CellReader<T> {
  const known = new Map<string, CellResult<T>>();
  return (raw) => {
    const remembered = known.get(raw);
    if (remembered !== undefined) return remembered;
    const result = read(raw);
    if (known.size < MOST_REMEMBERED && raw.length <= LONGEST_REMEMBERED) known.set(raw, result);
    return result;
  };
}

const fault = (code: RejectCode): { ok: false; code: RejectCode } => ({ ok: false, code });

/** A component's cell: a mark, a grade or a marker. Undefined: the cell is empty. */
export function markReader(
  definition: SeriesDefinition,
  component: Component,
): CellReader<MarkCode | undefined> {
  const markers = new Map(
    Object.entries(definition.markers).map(([word, status]) => [cleanCell(word).value, statusMark(status)]),
  );
  const grades = new Map((component.grades ?? []).map((grade, i) => [cleanCell(grade).value, MARK_BASE + i]));
  return remembering<MarkCode | undefined>((raw) => {
    const { value, changes } = cleanCell(raw);
    if (value === '') return { ok: true, value: undefined, changes: [] };
    const marker = markers.get(value);
    if (marker !== undefined) return { ok: true, value: marker, changes };
    return component.score === undefined
      ? readGrade(grades, value, changes)
      : readScore(component.score, value, changes);
  });
}

function readGrade(
  grades: ReadonlyMap<string, MarkCode>,
  value: string,
  changes: readonly Change[],
): CellResult<MarkCode> {
  const exact = grades.get(value);
  if (exact !== undefined) return { ok: true, value: exact, changes };
  const upper = grades.get(value.toUpperCase());
  if (upper !== undefined) return { ok: true, value: upper, changes: [...changes, 'upper-case'] };
  return fault('grade-unknown');
}

function readScore(
  score: NonNullable<Component['score']>,
  value: string,
  changes: readonly Change[],
): CellResult<MarkCode> {
  const number = readNumber(value);
  if (number === undefined) return notANumber(value, 'mark-not-understood');
  if (number.value < score.min || number.value > score.max) return fault('mark-out-of-range');
  if (!isMultiple(number.value - score.min, score.step)) return fault('mark-off-step');
  return {
    ok: true,
    value: MARK_BASE + Math.round((number.value - score.min) / score.step),
    changes: [...changes, ...number.changes],
  };
}

/** 1O1 and 9l say what happened more plainly than "no number". */
function notANumber(value: string, code: RejectCode): { ok: false; code: RejectCode } {
  return fault(
    /^[0-9OoIl.]+$/.test(value) && /[0-9]/.test(value) && /[OoIl]/.test(value) ? 'letter-for-digit' : code,
  );
}

/** The total's cell. Undefined: empty. */
export function totalReader(total: NonNullable<SeriesDefinition['total']>): CellReader<number | undefined> {
  return remembering((raw) => {
    const { value, changes } = cleanCell(raw);
    if (value === '') return { ok: true, value: undefined, changes: [] };
    const number = readNumber(value);
    if (number === undefined) return notANumber(value, 'total-not-understood');
    if (number.value > total.max) return fault('total-out-of-range');
    if (!isMultiple(number.value, total.step)) return fault('mark-off-step');
    return { ok: true, value: number.value, changes: [...changes, ...number.changes] };
  });
}

/** The rank's cell. Undefined: empty. */
export function readRank(raw: string): CellResult<number | undefined> {
  // Nearly all are plain, and hardly two are alike.
  if (/^[1-9][0-9]{0,8}$/.test(raw)) return { ok: true, value: Number(raw), changes: [] };
  const { value, changes } = cleanCell(raw);
  if (value === '') return { ok: true, value: undefined, changes: [] };
  const number = readNumber(value);
  if (number === undefined) return notANumber(value, 'rank-not-understood');
  if (!Number.isInteger(number.value) || number.value < 1) return fault('rank-not-understood');
  return { ok: true, value: number.value, changes: [...changes, ...number.changes] };
}

/** A cell that holds one of the definition's words; the empty one may be among them. */
export function wordReader<T>(values: Readonly<Record<string, T>>, code: RejectCode): CellReader<T> {
  const words = new Map(Object.entries(values).map(([word, value]) => [cleanCell(word).value, value]));
  return remembering((raw) => {
    const { value, changes } = cleanCell(raw);
    const found = words.get(value);
    return found === undefined
      ? fault(code)
      : { ok: true, value: found, changes: value === '' ? [] : changes };
  });
}
