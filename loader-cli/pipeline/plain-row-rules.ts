/**
 * What row-reader.ts asks of a row as a whole, for rows in the usual states: which components are there, that the
 * total is their sum, that a rank has one. Numbers and arrays alone, since it is asked of nearly every row.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import { STATUS_CODES } from '#results/definition.ts';
import type { MarkCode } from '#results/slip.ts';
import {
  MARK_BASE,
  NOT_TAKEN,
  STATUSES_WITHOUT_MARKS,
  lastMarkCode,
  scoreOf,
  statusMark,
} from '#results/slip.ts';
import { EMPTY } from './plain-cells.ts';
import type { Column } from './plain-columns.ts';
import { STATUS, TOTAL } from './plain-columns.ts';

const ABSENT = statusMark('absent');

export class PlainRowRules {
  readonly #isNeeded: readonly boolean[];
  readonly #groups: readonly { readonly places: readonly number[]; readonly choose: number }[];
  /** Per component with scores: the score of each code. */
  readonly #scores: readonly (Float64Array | undefined)[];
  readonly #hasScores: boolean;
  readonly #hasTotal: boolean;
  readonly #totalIsSum: boolean;
  readonly #rankIsOptional: boolean;
  readonly #noStatus: boolean;

  constructor(definition: SeriesDefinition, columns: readonly Column[]) {
    const inGroup = new Set(definition.electives.flatMap((group) => group.components));
    this.#isNeeded = definition.components.map((c) => !c.optional && !inGroup.has(c.code));
    const codes = definition.components.map((c) => c.code);
    this.#groups = definition.electives.map((group) => ({
      places: group.components.map((code) => codes.indexOf(code)),
      choose: group.choose,
    }));
    this.#scores = definition.components.map((component) => {
      const { score } = component;
      if (score === undefined) return undefined;
      return Float64Array.from({ length: lastMarkCode(component) + 1 }, (_, code) =>
        code < MARK_BASE ? 0 : scoreOf(score, code),
      );
    });
    this.#hasScores = this.#scores.some((scores) => scores !== undefined);
    this.#hasTotal = columns.some((column) => column.kind === TOTAL);
    this.#totalIsSum = definition.total?.isSum === true;
    this.#rankIsOptional = definition.rank?.optional !== false;
    this.#noStatus = !columns.some((column) => column.kind === STATUS);
  }

  /**
   * Whether it is sound; false says nothing of the row.
   * @param total EMPTY for none, as the rank.
   * @param statusAt place among STATUS_CODES.
   */
  isSound(marks: readonly MarkCode[], total: number, rank: number, statusAt: number): boolean {
    const status = this.#noStatus ? 'scored' : STATUS_CODES[statusAt];
    if (status === undefined || status === 'absent' || STATUSES_WITHOUT_MARKS.has(status)) return false;
    let taken = 0;
    let absent = 0;
    let scored = 0;
    let sum = 0;
    for (let i = 0; i < this.#isNeeded.length; i += 1) {
      const mark = marks[i] ?? NOT_TAKEN;
      if (mark === NOT_TAKEN) {
        if (this.#isNeeded[i] === true) return false;
        continue;
      }
      taken += 1;
      if (mark === ABSENT) absent += 1;
      const scores = this.#scores[i];
      if (scores === undefined || mark < MARK_BASE) continue;
      scored += 1;
      sum += scores[mark] ?? Number.NaN;
    }
    for (const { places, choose } of this.#groups) {
      let chosen = 0;
      for (const place of places) if ((marks[place] ?? NOT_TAKEN) !== NOT_TAKEN) chosen += 1;
      if (chosen !== choose) return false;
    }
    // Absent as a whole is another state.
    if (taken > 0 && absent === taken) return false;
    if (taken === 0 && status === 'scored' && this.#isNeeded.length > 0) return false;
    if (!this.#isTotalSound(total, this.#hasScores ? scored > 0 : true, sum)) return false;
    if (rank === EMPTY) return this.#rankIsOptional;
    return !this.#hasTotal || total !== EMPTY;
  }

  #isTotalSound(total: number, isScored: boolean, sum: number): boolean {
    if (!this.#hasTotal) return true;
    if (total === EMPTY) return !isScored;
    if (!isScored && total > 0) return false;
    if (!this.#totalIsSum) return true;
    // As sumOfScores, which has none where no component has scores.
    return this.#hasScores && total === Math.round(sum * 1000) / 1000;
  }
}
