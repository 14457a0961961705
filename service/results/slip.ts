/**
 * The result slip as the programs hold it: small numbers, labels in the definition.
 */
import type { Component, ComponentStatusCode, SeriesDefinition, StatusCode } from './definition.ts';
import { COMPONENT_STATUS_CODES } from './definition.ts';

/**
 * A mark as one number: 0 not taken; 1–4 the component statuses in their order; from MARK_BASE on,
 * the steps above the component's minimum, or the place of the grade.
 */
export type MarkCode = number;
export const NOT_TAKEN: MarkCode = 0;
/** Room for a status to come; marks up to 249 (the most of a CET part) still fit in one byte. */
export const MARK_BASE = 6;

export interface Slip {
  readonly candidateNumber: string;
  readonly name: string;
  readonly status: StatusCode;
  /** One per component of the definition, in its order. */
  readonly marks: readonly MarkCode[];
  /** In marks, undefined when the slip shows none. */
  readonly total: number | undefined;
  readonly rank: number | undefined;
  /** Bit i: flag i of the definition. */
  readonly flags: number;
}

export type Mark =
  | { readonly kind: 'not-taken' }
  | { readonly kind: 'status'; readonly status: ComponentStatusCode }
  | { readonly kind: 'score'; readonly score: number }
  | { readonly kind: 'grade'; readonly grade: string };

/** Number of the last code that a component can have. */
export function lastMarkCode(component: Component): MarkCode {
  if (component.score !== undefined) {
    return MARK_BASE + Math.round((component.score.max - component.score.min) / component.score.step);
  }
  return MARK_BASE + (component.grades?.length ?? 1) - 1;
}

/** The code of a component status. */
export function statusMark(status: ComponentStatusCode): MarkCode {
  return 1 + COMPONENT_STATUS_CODES.indexOf(status);
}

/**
 * What a code means for its component.
 * @throws RangeError when the component has no such code.
 */
export function readMark(component: Component, code: MarkCode): Mark {
  if (code === NOT_TAKEN) return { kind: 'not-taken' };
  if (code < MARK_BASE) {
    const status = COMPONENT_STATUS_CODES[code - 1];
    if (status === undefined) throw noSuchMark(component);
    return { kind: 'status', status };
  }
  if (code > lastMarkCode(component)) throw noSuchMark(component);
  if (component.score !== undefined) return { kind: 'score', score: scoreOf(component.score, code) };
  return { kind: 'grade', grade: component.grades?.[code - MARK_BASE] ?? '' };
}

/** Without the code, which is a mark. */
function noSuchMark(component: Component): RangeError {
  return new RangeError(`component ${component.code} has no such mark code`);
}

/** The score behind a code ≥ MARK_BASE, without binary fractions such as 0.30000000000000004. */
export function scoreOf(score: { readonly min: number; readonly step: number }, code: MarkCode): number {
  return Math.round((score.min + (code - MARK_BASE) * score.step) * 1000) / 1000;
}

/** The sum of the scores taken, in marks; undefined when the definition has no scores. */
export function sumOfScores(definition: SeriesDefinition, marks: readonly MarkCode[]): number | undefined {
  let sum: number | undefined;
  // Without an iterator: the loader does this for every row.
  for (let i = 0; i < definition.components.length; i += 1) {
    const score = definition.components[i]?.score;
    if (score === undefined) continue;
    sum ??= 0;
    const code = marks[i] ?? NOT_TAKEN;
    if (code >= MARK_BASE) sum += scoreOf(score, code);
  }
  return sum === undefined ? undefined : Math.round(sum * 1000) / 1000;
}

/** Statuses whose slips show no marks: they are not even stored, so that nothing can leak them. */
export const STATUSES_WITHOUT_MARKS: ReadonlySet<StatusCode> = new Set([
  'withheld',
  'misconduct',
  'shielded',
]);
