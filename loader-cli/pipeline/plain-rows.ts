/**
 * Plain rows straight from a piece's text: nineteen rows in twenty of an official file have no quotation mark, no
 * space and nothing to normalise, and cells, regular expressions and lists of changes were most of what a load did.
 *
 * It takes a line only when it knows that csv-line.ts, credential-cell.ts and row-reader.ts would accept it without
 * any change; everything else, sound or not, is theirs. Property tests hold the two ways against each other, and
 * against csv-parse.
 */
import { normaliseCredential } from '#results/credentials.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import { STATUS_CODES } from '#results/definition.ts';
import type { MarkCode, Slip } from '#results/slip.ts';
import { NOT_TAKEN } from '#results/slip.ts';
import type { Header } from './header.ts';
import { EMPTY, NOT_PLAIN, isResidentNumber } from './plain-cells.ts';
import type { Column } from './plain-columns.ts';
import { IGNORED, MARK, NAME, NUMBER, RANK, STATUS, TOTAL, UNNAMED, columnsOf } from './plain-columns.ts';
import { PlainRowRules } from './plain-row-rules.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/** As credentials.ts. */
const MOST_CHARACTERS = 100;
const LONGEST_IGNORED = 200;
const RANK_DIGITS = 9;

/** Reads the plain rows of one file; what it read last stands in its fields until the next row. */
export class PlainRows {
  readonly #columns: readonly Column[];
  readonly #delimiter: number;
  readonly #numberAt: number;
  readonly #nameAt: number;
  readonly #rules: PlainRowRules;
  readonly #noCredentials: readonly string[];
  readonly #noMarks: readonly MarkCode[];
  /** Of the row that is read. */
  #credentials: string[] = [];
  #marks: MarkCode[] = [];
  #total = EMPTY;
  #rank = EMPTY;
  #status = 0;
  #flags = 0;

  private constructor(definition: SeriesDefinition, header: Header, columns: readonly Column[]) {
    this.#columns = columns;
    this.#delimiter = header.delimiter.charCodeAt(0);
    const names = Object.keys(definition.credentials);
    this.#noCredentials = names.map(() => '');
    this.#noMarks = definition.components.map(() => NOT_TAKEN);
    this.#numberAt = names.indexOf(definition.numberCredential);
    this.#nameAt = names.indexOf(definition.nameCredential);
    this.#rules = new PlainRowRules(definition, columns);
  }

  /** @returns undefined where a plain row could be the header once more, or a column has two meanings: then none is plain. */
  static of(definition: SeriesDefinition, header: Header): PlainRows | undefined {
    const columns = columnsOf(definition, header);
    if (columns === undefined) return undefined;
    const numbers = columns.filter((column) => column.kind === NUMBER);
    const isHeaderPlain = numbers.every((column) =>
      /^[0-9A-Z]*$/.test(header.cells[columns.indexOf(column)] ?? ''),
    );
    return numbers.length === 0 || isHeaderPlain ? undefined : new PlainRows(definition, header, columns);
  }

  /** Of the row that was read last, in the definition's order. */
  get credentials(): readonly string[] {
    return this.#credentials;
  }

  /** The slip of the row that was read last. */
  slip(): Slip {
    return {
      candidateNumber: this.#credentials[this.#numberAt] ?? '',
      name: this.#credentials[this.#nameAt] ?? '',
      status: STATUS_CODES[this.#status] ?? 'scored',
      marks: this.#marks,
      total: this.#total === EMPTY ? undefined : this.#total,
      rank: this.#rank === EMPTY ? undefined : this.#rank,
      flags: this.#flags,
    };
  }

  /**
   * Reads the line that begins at `from`.
   * @returns the place behind its line end, or NOT_PLAIN: then nothing is said of the line.
   */
  read(text: string, from: number): number {
    const columns = this.#columns;
    const last = columns.length - 1;
    this.#credentials = this.#noCredentials.slice();
    this.#marks = this.#noMarks.slice();
    this.#total = EMPTY;
    this.#rank = EMPTY;
    this.#status = 0;
    this.#flags = 0;
    let at = from;
    for (let i = 0; i <= last; i += 1) {
      const column = columns[i];
      if (column === undefined) return NOT_PLAIN;
      const end = this.#readCell(column, text, at);
      if (end === NOT_PLAIN) return NOT_PLAIN;
      const next = text.charCodeAt(end);
      if (i < last) {
        if (next !== this.#delimiter) return NOT_PLAIN;
        at = end + 1;
      } else if (next === LINE_FEED) {
        at = end + 1;
      } else if (next === CARRIAGE_RETURN && text.charCodeAt(end + 1) === LINE_FEED) {
        at = end + 2;
      } else return NOT_PLAIN;
    }
    return this.#rules.isSound(this.#marks, this.#total, this.#rank, this.#status) ? at : NOT_PLAIN;
  }

  /** Answers the place behind the cell, where a delimiter or the line's end must be. */
  #readCell(column: Column, text: string, from: number): number {
    switch (column.kind) {
      case NUMBER:
        return this.#readNumber(column, text, from);
      case NAME:
        return this.#readName(column, text, from);
      case RANK:
        return this.#readRank(text, from);
      case IGNORED: {
        const end = this.#endOf(text, from);
        return end - from > LONGEST_IGNORED ? NOT_PLAIN : end;
      }
      case UNNAMED:
        return from;
      default:
        return this.#readWord(column, text, from);
    }
  }

  /** Marks, totals, states, flags. */
  #readWord(column: Column, text: string, from: number): number {
    const { words } = column;
    if (words === undefined) return NOT_PLAIN;
    let end = from;
    let number = 0;
    let character = text.charCodeAt(end);
    while (character >= 48 && character <= 57 && end - from < 4) {
      number = number * 10 + character - 48;
      end += 1;
      character = text.charCodeAt(end);
    }
    let value: number;
    if (!this.#endsCell(character)) {
      end = this.#endOf(text, end);
      value = words.word(text, from, end);
    } else if (end === from) value = words.empty;
    // 099 is counted as a change: the reader knows.
    else if (end - from > 3 || (end - from > 1 && text.charCodeAt(from) === 48))
      value = words.word(text, from, end);
    else value = words.numbers[number] ?? NOT_PLAIN;
    if (value === NOT_PLAIN) return NOT_PLAIN;
    switch (column.kind) {
      case MARK:
        this.#marks[column.place] = value === EMPTY ? NOT_TAKEN : value;
        break;
      case TOTAL:
        this.#total = value;
        break;
      case STATUS:
        this.#status = value;
        break;
      default:
        if (value === 1) this.#flags |= 1 << column.place;
    }
    return end;
  }

  #readNumber(column: Column, text: string, from: number): number {
    const { check, credential } = column;
    let end = from;
    for (; ; end += 1) {
      const character = text.charCodeAt(end);
      const isPlain = (character >= 48 && character <= 57) || (character >= 65 && character <= 90);
      if (!isPlain) break;
    }
    const length = end - from;
    if (length === 0 || length > MOST_CHARACTERS || credential === undefined) return NOT_PLAIN;
    const value = text.slice(from, end);
    if (check.kind === 'digits') {
      if (length !== check.digits) return NOT_PLAIN;
      for (let i = from; i < end; i += 1) if (text.charCodeAt(i) > 57) return NOT_PLAIN;
    } else if (!(check.kind === 'resident-identity' && length === 18 && isResidentNumber(text, from))) {
      const result = normaliseCredential(credential, value);
      if (!result.ok || result.changes.length > 0) return NOT_PLAIN;
    }
    this.#credentials[column.place] = value;
    return end;
  }

  #readName(column: Column, text: string, from: number): number {
    let end = from;
    for (; ; end += 1) {
      const character = text.charCodeAt(end);
      // What credentials.ts leaves as it is; a place behind the text is NaN.
      if (!(character >= 0x4e00 && character <= 0x9fff)) break;
    }
    const length = end - from;
    if (length === 0 || length > MOST_CHARACTERS) return NOT_PLAIN;
    const value = text.slice(from, end);
    if (column.credential?.pattern !== undefined) {
      const result = normaliseCredential(column.credential, value);
      if (!result.ok || result.changes.length > 0) return NOT_PLAIN;
    }
    this.#credentials[column.place] = value;
    return end;
  }

  #readRank(text: string, from: number): number {
    let end = from;
    let rank = 0;
    let character = text.charCodeAt(end);
    // No leading zero, and no zero.
    if (character === 48) return NOT_PLAIN;
    while (character >= 48 && character <= 57) {
      rank = rank * 10 + character - 48;
      end += 1;
      character = text.charCodeAt(end);
    }
    if (end - from > RANK_DIGITS) return NOT_PLAIN;
    this.#rank = end === from ? EMPTY : rank;
    return end;
  }

  #endsCell(character: number): boolean {
    return character === this.#delimiter || character === LINE_FEED || character === CARRIAGE_RETURN;
  }

  /** Behind the cell; at a quotation mark, which ends no cell, when it has one. */
  #endOf(text: string, from: number): number {
    let end = from;
    for (; ; end += 1) {
      const character = text.charCodeAt(end);
      if (this.#endsCell(character) || character === QUOTE || !(character >= 0)) return end;
    }
  }
}
