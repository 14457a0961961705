/**
 * Lines that are known to be wrong only when all lines were read, because they contradict another
 * one: which, why, and what the other lines are. One byte a line.
 */
import type { RejectCode } from './reject-codes.ts';
import { REJECT_CODES } from './reject-codes.ts';

/** For so many lines the report names the others; beyond that it says only that there are some. */
const MOST_DETAILS = 10_000;
/** So many other lines are named. */
export const OTHERS_NAMED = 3;

export interface Place {
  readonly file: number;
  readonly line: number;
}

export interface OtherLines {
  readonly named: readonly Place[];
  /** How many there are besides. */
  readonly unnamed: number;
}

export class LateRejects {
  size = 0;
  readonly #names: readonly string[];
  readonly #codes: Uint8Array[] = [];
  readonly #details = new Map<string, string>();

  /** @param names of the files, for the details. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** The first code of a line stands. */
  add(place: Place, code: RejectCode, others: OtherLines): void {
    let codes = this.#codes[place.file] ?? new Uint8Array(1024);
    if (place.line >= codes.length) {
      const longer = new Uint8Array(Math.max(place.line + 1, codes.length * 2));
      longer.set(codes);
      codes = longer;
    }
    this.#codes[place.file] = codes;
    if (codes[place.line] !== 0) return;
    codes[place.line] = REJECT_CODES.indexOf(code) + 1;
    this.size += 1;
    if (this.#details.size < MOST_DETAILS)
      this.#details.set(`${place.file}:${place.line}`, this.#describe(place, others));
  }

  codeOf(file: number, line: number): RejectCode | undefined {
    const code = this.#codes[file]?.[line] ?? 0;
    return code === 0 ? undefined : REJECT_CODES[code - 1];
  }

  /** "also line 17", or undefined when nothing is kept of it. */
  detailOf(file: number, line: number): string | undefined {
    return this.#details.get(`${file}:${line}`);
  }

  #describe(place: Place, others: OtherLines): string {
    const shown = others.named.map((other) =>
      other.file === place.file
        ? `line ${other.line}`
        : `line ${other.line} of ${this.#names[other.file] ?? ''}`,
    );
    return `also ${shown.join(', ')}${others.unnamed > 0 ? ` and ${others.unnamed} more` : ''}`;
  }
}
