/**
 * What differs between two slips of one candidate, field by field, each by its own definition. Pure.
 */
import type { Component, SeriesDefinition } from '#results/definition.ts';
import type { MarkCode, Slip } from '#results/slip.ts';
import { MARK_BASE, NOT_TAKEN, readMark } from '#results/slip.ts';

/** Better or worse for the candidate where that can be said; another name or status is neither. */
export type Direction = 'better' | 'worse' | 'other';

export interface Change {
  /** status, name, total, rank, flags, or a component's code. */
  readonly field: string;
  readonly direction: Direction;
  /** As staff write it; empty where there is nothing. */
  readonly from: string;
  readonly to: string;
}

/** Compares slips of two definitions, which may be versions of one series with other components. */
export class SlipComparer {
  readonly #components: readonly Pair[];
  readonly #flags: readonly [from: SeriesDefinition['flags'], to: SeriesDefinition['flags']];

  constructor(from: SeriesDefinition, to: SeriesDefinition) {
    const codes = new Set([...from.components, ...to.components].map((component) => component.code));
    this.#components = [...codes].map((code) => ({ code, from: sideOf(from, code), to: sideOf(to, code) }));
    this.#flags = [from.flags, to.flags];
  }

  /** The fields that differ, in the order of the slip. */
  changes(from: Slip, to: Slip): Change[] {
    const found: Change[] = [];
    const add = (field: string, a: string, b: string, direction: Direction): void => {
      if (a !== b) found.push({ field, direction, from: a, to: b });
    };
    add('name', from.name, to.name, 'other');
    add('status', from.status, to.status, 'other');
    for (const pair of this.#components) {
      const a = pair.from.component && from.marks[pair.from.place];
      const b = pair.to.component && to.marks[pair.to.place];
      add(
        pair.code,
        showMark(pair.from.component, a),
        showMark(pair.to.component, b),
        markDirection(pair, a, b),
      );
    }
    add('total', show(from.total), show(to.total), numberDirection(from.total, to.total));
    // The first place is the best.
    add('rank', show(from.rank), show(to.rank), numberDirection(to.rank, from.rank));
    add('flags', showFlags(this.#flags[0], from.flags), showFlags(this.#flags[1], to.flags), 'other');
    return found;
  }
}

interface Side {
  readonly component: Component | undefined;
  readonly place: number;
}

function sideOf({ components }: SeriesDefinition, code: string): Side {
  const place = components.findIndex((component) => component.code === code);
  return { component: components[place], place };
}

interface Pair {
  readonly code: string;
  readonly from: Side;
  readonly to: Side;
}

function showMark(component: Component | undefined, code: MarkCode = NOT_TAKEN): string {
  if (component === undefined) return '';
  const mark = readMark(component, code);
  switch (mark.kind) {
    case 'not-taken':
      return '';
    case 'status':
      return mark.status;
    case 'score':
      return String(mark.score);
    case 'grade':
      return mark.grade;
  }
}

function markDirection({ from, to }: Pair, a: MarkCode = NOT_TAKEN, b: MarkCode = NOT_TAKEN): Direction {
  const [one, other] = [from.component, to.component];
  if (one === undefined || other === undefined || a < MARK_BASE || b < MARK_BASE) return 'other';
  const [before, after] = [readMark(one, a), readMark(other, b)];
  if (before.kind === 'score' && after.kind === 'score') return numberDirection(before.score, after.score);
  if (before.kind !== 'grade' || after.kind !== 'grade') return 'other';
  // Grades are declared best first; both must be known to the newer definition.
  const place = (grade: string): number => other.grades?.indexOf(grade) ?? -1;
  const [was, is] = [place(before.grade), place(after.grade)];
  return was === -1 || is === -1 ? 'other' : numberDirection(is, was);
}

function numberDirection(from: number | undefined, to: number | undefined): Direction {
  if (from === undefined || to === undefined) return 'other';
  return to > from ? 'better' : 'worse';
}

function show(value: number | undefined): string {
  return value === undefined ? '' : String(value);
}

function showFlags(flags: SeriesDefinition['flags'], bits: number): string {
  return flags
    .filter((_, bit) => (bits & (1 << bit)) !== 0)
    .map((flag) => flag.code)
    .join(' ');
}
