/**
 * The cells of one line → a candidate's credentials and slip, by the definition. Nothing is guessed:
 * a row is sound as a whole or it is rejected with the first thing that is wrong.
 */
import type { Component, Credential, SeriesDefinition, StatusCode } from '#results/definition.ts';
import type { MarkCode, Slip } from '#results/slip.ts';
import { MARK_BASE, NOT_TAKEN, STATUSES_WITHOUT_MARKS, statusMark, sumOfScores } from '#results/slip.ts';
import type { CellReader } from './cell-readers.ts';
import { markReader, readRank, totalReader, wordReader } from './cell-readers.ts';
import type { Change } from './cells.ts';
import { isBlank, shownName } from './cells.ts';
import { readCredential } from './credential-cell.ts';
import type { Header } from './header.ts';
import type { RejectCode } from './reject-codes.ts';

export type RowResult =
  | {
      readonly ok: true;
      readonly credentials: readonly string[];
      readonly slip: Slip;
      readonly changes: readonly Change[];
    }
  | {
      readonly ok: false;
      readonly code: RejectCode;
      readonly column: string | undefined;
      /** Undefined where a credential is not sound, or was not looked at. */
      readonly credentials: readonly (string | undefined)[];
    };

/** Thrown and caught in this file: a row has many places that may stop it. */
class Stop {
  readonly code: RejectCode;
  readonly column: string;

  constructor(code: RejectCode, column: string) {
    this.code = code;
    this.column = column;
  }
}

const ABSENT = statusMark('absent');

interface Cell<T> {
  readonly place: number;
  readonly column: string;
  readonly read: CellReader<T>;
}

export class RowReader {
  readonly #definition: SeriesDefinition;
  readonly #credentials: readonly { place: number; column: string; credential: Credential }[];
  readonly #numberAt: number;
  readonly #nameAt: number;
  readonly #marks: readonly (Cell<MarkCode | undefined> & { isScore: boolean; isNeeded: boolean })[];
  readonly #electives: readonly { places: readonly number[]; choose: number; column: string }[];
  readonly #total: Cell<number | undefined> | undefined;
  readonly #rank: Cell<number | undefined> | undefined;
  readonly #status: Cell<StatusCode> | undefined;
  readonly #flags: readonly (Cell<boolean> & { bit: number })[];

  constructor(definition: SeriesDefinition, header: Header) {
    this.#definition = definition;
    const names = Object.keys(definition.credentials);
    this.#credentials = Object.values(definition.credentials).map((credential) => ({
      place: header.placeOf.get(credential.column) ?? -1,
      column: credential.column,
      credential,
    }));
    this.#numberAt = names.indexOf(definition.numberCredential);
    this.#nameAt = names.indexOf(definition.nameCredential);

    const inGroup = new Set(definition.electives.flatMap((group) => group.components));
    this.#marks = definition.components.map((component: Component) => ({
      place: header.placeOf.get(component.column) ?? -1,
      column: component.column,
      read: markReader(definition, component),
      isScore: component.score !== undefined,
      isNeeded: !component.optional && !inGroup.has(component.code),
    }));
    const codes = definition.components.map((c) => c.code);
    this.#electives = definition.electives.map((group) => {
      const places = group.components.map((code) => codes.indexOf(code));
      return {
        places,
        choose: group.choose,
        column: places.map((place) => definition.components[place]?.column ?? '').join('/'),
      };
    });

    const cell = <T>(column: string, read: CellReader<T>): Cell<T> | undefined => {
      const place = header.placeOf.get(column);
      return place === undefined ? undefined : { place, column, read };
    };
    const { total, rank, status } = definition;
    this.#total = total === undefined ? undefined : cell(total.column, totalReader(total));
    this.#rank = rank === undefined ? undefined : cell(rank.column, readRank);
    this.#status =
      status === undefined ? undefined : cell(status.column, wordReader(status.values, 'status-unknown'));
    this.#flags = definition.flags.flatMap((flag, bit) => {
      const found = cell(flag.column, wordReader(flag.values, 'flag-unknown'));
      return found === undefined ? [] : [{ ...found, bit }];
    });
  }

  /** Reads a line that has the header's number of cells. */
  read(cells: readonly string[]): RowResult {
    const changes: Change[] = [];
    const credentials: (string | undefined)[] = [];
    let stop: Stop | undefined;
    for (const { place, column, credential } of this.#credentials) {
      const result = readCredential(credential, cells[place] ?? '', changes);
      credentials.push(result.ok ? result.value : undefined);
      if (!result.ok) stop ??= new Stop(result.code, column);
    }
    try {
      if (stop !== undefined) throw stop;
      const sound = credentials as string[];
      return { ok: true, credentials: sound, slip: this.#readSlip(cells, sound, changes), changes };
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      return { ok: false, code: error.code, column: error.column, credentials };
    }
  }

  /** The candidate number among a result's credentials. */
  candidateNumber(credentials: readonly (string | undefined)[]): string | undefined {
    return credentials[this.#numberAt];
  }

  #readSlip(cells: readonly string[], credentials: readonly string[], changes: Change[]): Slip {
    const candidateNumber = credentials[this.#numberAt] ?? '';
    const name = shownName(
      cells[this.#credentials[this.#nameAt]?.place ?? -1] ?? '',
      credentials[this.#nameAt] ?? '',
    );
    const flags = this.#readFlags(cells, changes);
    const given = this.#status === undefined ? 'scored' : readCell(this.#status, cells, changes);
    const statusIsSaid = this.#status !== undefined && !isBlank(cells[this.#status.place] ?? '');

    if (STATUSES_WITHOUT_MARKS.has(given)) {
      const isEmpty = [...this.#marks, this.#total, this.#rank].every(
        (cell) => cell === undefined || isBlank(cells[cell.place] ?? ''),
      );
      if (!isEmpty) changes.push('marks-not-stored');
      const marks = this.#marks.map(() => NOT_TAKEN);
      return { candidateNumber, name, status: given, marks, total: undefined, rank: undefined, flags };
    }

    const marks: MarkCode[] = [];
    for (const cell of this.#marks) marks.push(readCell(cell, cells, changes) ?? NOT_TAKEN);
    const status = this.#checkTaken(marks, given, statusIsSaid);
    const total = this.#readTotal(cells, marks, status, changes);
    const rank = this.#readRank(cells, total, status, changes);
    if (status === 'absent') {
      // Beside "absent" a total of 0 and a rank would be read as marks.
      if (total !== undefined || rank !== undefined) changes.push('marks-not-stored');
      return { candidateNumber, name, status, marks, total: undefined, rank: undefined, flags };
    }
    return { candidateNumber, name, status, marks, total, rank, flags };
  }

  /** What is taken must be what had to be, and agree with the status; answers the status. */
  #checkTaken(marks: readonly MarkCode[], given: StatusCode, statusIsSaid: boolean): StatusCode {
    let taken = 0;
    let absent = 0;
    let missing: string | undefined;
    for (const [i, cell] of this.#marks.entries()) {
      const mark = marks[i] ?? NOT_TAKEN;
      if (mark === NOT_TAKEN) {
        if (cell.isNeeded) missing ??= cell.column;
        continue;
      }
      taken += 1;
      if (mark === ABSENT) absent += 1;
      if (mark >= MARK_BASE && given === 'absent') throw new Stop('status-contradicts-marks', cell.column);
    }
    // Who was absent as a whole may have empty cells all along.
    if (given === 'absent') return given;
    if (missing !== undefined) throw new Stop('mark-missing', missing);
    for (const group of this.#electives) {
      const chosen = group.places.filter((place) => (marks[place] ?? NOT_TAKEN) !== NOT_TAKEN).length;
      if (chosen !== group.choose) throw new Stop('elective-count', group.column);
    }
    if (taken === 0) {
      if (given === 'scored' && this.#marks.length > 0)
        throw new Stop('nothing-taken', this.#marks[0]?.column ?? '');
      return given;
    }
    if (absent < taken) return given;
    if (statusIsSaid) throw new Stop('status-contradicts-marks', this.#status?.column ?? '');
    return 'absent';
  }

  #readTotal(
    cells: readonly string[],
    marks: readonly MarkCode[],
    status: StatusCode,
    changes: Change[],
  ): number | undefined {
    const cell = this.#total;
    if (cell === undefined) return undefined;
    const total = readCell(cell, cells, changes);
    const hasScores = this.#marks.some((c) => c.isScore);
    const isScored = hasScores
      ? this.#marks.some((c, i) => c.isScore && (marks[i] ?? NOT_TAKEN) >= MARK_BASE)
      : status !== 'absent';
    if (total === undefined) {
      if (isScored) throw new Stop('total-missing', cell.column);
      return undefined;
    }
    if (!isScored && total > 0) throw new Stop('total-without-scores', cell.column);
    if (this.#definition.total?.isSum === true && total !== sumOfScores(this.#definition, marks))
      throw new Stop('total-is-not-sum', cell.column);
    return total;
  }

  #readRank(
    cells: readonly string[],
    total: number | undefined,
    status: StatusCode,
    changes: Change[],
  ): number | undefined {
    const cell = this.#rank;
    if (cell === undefined) return undefined;
    const rank = readCell(cell, cells, changes);
    if (rank === undefined) {
      if (this.#definition.rank?.optional === false && status !== 'absent')
        throw new Stop('rank-missing', cell.column);
      return undefined;
    }
    if (this.#total !== undefined && total === undefined) throw new Stop('rank-without-total', cell.column);
    return rank;
  }

  #readFlags(cells: readonly string[], changes: Change[]): number {
    let flags = 0;
    for (const cell of this.#flags) if (readCell(cell, cells, changes)) flags |= 1 << cell.bit;
    return flags;
  }
}

function readCell<T>(cell: Cell<T>, cells: readonly string[], changes: Change[]): T {
  const result = cell.read(cells[cell.place] ?? '');
  if (!result.ok) throw new Stop(result.code, cell.column);
  if (result.changes.length > 0) changes.push(...result.changes);
  return result.value;
}
