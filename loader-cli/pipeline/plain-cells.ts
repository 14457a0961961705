/**
 * The cells of a plain row, for plain-rows.ts: what each text of a column means. The meaning is always that of the
 * cell readers, asked once per text; here is only what spares making a string of every cell.
 */
import type { Credential } from '#results/definition.ts';
import { DOCUMENT_KINDS } from '#results/definition.ts';
import type { CellReader } from './cell-readers.ts';

/** No value: the row is left to the reader that knows everything. */
export const NOT_PLAIN = -1;
/** The cell is empty and may be: no mark, no total, no rank. */
export const EMPTY = -2;

/** A damaged file may have any number of texts. */
const MOST_REMEMBERED = 4_096;
const LONGEST_WORD = 12;
/** Whole numbers below it are looked up by their value: up to three digits. */
const NUMBERS = 1_000;

/** A column of marks, totals, states or flags: few different texts, each read once by its cell reader. */
export class WordCells {
  /** By the number itself: the value, or NOT_PLAIN. */
  readonly numbers = new Float64Array(NUMBERS);
  /** Of the empty cell. */
  readonly empty: number;
  readonly #known = new Map<string, number>();
  readonly #read: (text: string) => number;

  constructor(read: (text: string) => number) {
    this.#read = read;
    this.empty = read('');
    for (let i = 0; i < NUMBERS; i += 1) this.numbers[i] = read(String(i));
  }

  /** @param toNumber of a value of the reader, 0 or more. */
  static of<T>(reader: CellReader<T>, toNumber: (value: NonNullable<T>) => number): WordCells {
    return new WordCells((text) => {
      const result = reader(text);
      if (!result.ok || result.changes.length > 0) return NOT_PLAIN;
      const { value } = result;
      return value === undefined || value === null ? EMPTY : toNumber(value);
    });
  }

  /** Of a cell that is neither empty nor a number of up to three digits. */
  word(text: string, from: number, to: number): number {
    if (to - from > LONGEST_WORD) return NOT_PLAIN;
    const word = text.slice(from, to);
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const value = this.#read(word);
    // Made anew: the slice would keep the whole piece of the file alive that it was cut from.
    if (this.#known.size < MOST_REMEMBERED) this.#known.set(Buffer.from(word).toString(), value);
    return value;
  }
}

/** How a number of a candidate or a document is known to be sound without a regular expression. */
export type NumberCheck =
  | { readonly kind: 'digits'; readonly digits: number }
  | { readonly kind: 'resident-identity' }
  /** By its normalisation. */
  | { readonly kind: 'other' };

/** What is enough to know of a credential's plain cells. */
export function numberCheckOf(credential: Credential): NumberCheck {
  if (credential.kind === 'identity-number') {
    const documents = credential.documents ?? DOCUMENT_KINDS;
    return credential.pattern === undefined && documents.includes('resident-identity')
      ? { kind: 'resident-identity' }
      : { kind: 'other' };
  }
  const digits = /^\[0-9\]\{([1-9][0-9]?)\}$/.exec(credential.pattern ?? '')?.[1];
  return digits === undefined ? { kind: 'other' } : { kind: 'digits', digits: Number(digits) };
}

const WEIGHTS = Uint8Array.from([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
const CHECK_CHARACTERS = Uint8Array.from('10X98765432', (character) => character.charCodeAt(0));
const DAYS = Uint8Array.from([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);

/** Whether 18 characters are a sound resident identity number (identity-document.ts) of regions 1 to 7. */
export function isResidentNumber(text: string, at: number): boolean {
  let sum = 0;
  for (let i = 0; i < 17; i += 1) {
    const digit = text.charCodeAt(at + i) - 48;
    if (!(digit >= 0 && digit <= 9)) return false;
    sum += digit * (WEIGHTS[i] ?? 0);
  }
  const region = text.charCodeAt(at) - 48;
  // Those with 8 need a closer look: three of them are of another kind of document.
  if (region < 1 || region > 7) return false;
  if (text.charCodeAt(at + 17) !== CHECK_CHARACTERS[sum % 11]) return false;
  const year = twoDigits(text, at + 6) * 100 + twoDigits(text, at + 8);
  const month = twoDigits(text, at + 10);
  const day = twoDigits(text, at + 12);
  if (year < 1900 || year > 2099 || month < 1 || month > 12 || day < 1) return false;
  // Of the years in range 1900 alone is divided by four and no leap year.
  const isLeap = year % 4 === 0 && year !== 1900;
  return day <= (month === 2 && isLeap ? 29 : (DAYS[month] ?? 0));
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}
