/**
 * Physical lines → records. A record is one line: no value of an official file has a line break in
 * it, and to believe that one has would be the way to lose rows. Each line ends in exactly one call.
 */
import type { Delimiter, LineFault } from './csv-line.ts';
import { hasOddQuotes, splitLine } from './csv-line.ts';
import type { DamagedLine } from './text-pieces.ts';

/** The longest value that is read; beyond it a quotation mark still open is a stray one. */
export const MAX_FIELD_CHARACTERS = 10_000;

export interface RecordSink {
  record(cells: readonly string[], line: number): void;
  broken(
    fault: LineFault | DamagedLine | 'truncated-line' | 'line-break-in-quotes' | 'control-character',
    line: number,
  ): void;
}

/**
 * After a line whose quotation mark stays open, the lines that follow may be meant as the rest of
 * that value. They are held back until one of them could close it (then all of them are rejected),
 * or one is a whole row by itself, or 10,000 characters have gone by (then the mark was a stray one:
 * only its line is rejected, and the others are read as rows).
 */
export class RecordReader {
  readonly #delimiter: Delimiter;
  readonly #sink: RecordSink;
  readonly #columns: number | undefined;
  #held: { readonly text: string; readonly line: number }[] = [];
  #heldCharacters = 0;

  /** @param columns of a whole row; without it no line counts as one. */
  constructor(delimiter: Delimiter, sink: RecordSink, columns?: number) {
    this.#delimiter = delimiter;
    this.#sink = sink;
    this.#columns = columns;
  }

  /** Whether a value may still be open: the next line is then looked at here. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Takes the next line, without its LF or CRLF. */
  line(text: string, line: number): void {
    if (this.#held.length > 0) this.#hold(text, line);
    else this.#read(text, line);
  }

  /** Takes a line that could not be read as text. */
  damaged(fault: DamagedLine | 'truncated-line', line: number): void {
    this.#rejectFirst();
    this.#sink.broken(fault, line);
  }

  /** To be called after the last line. */
  end(): void {
    this.#rejectFirst();
  }

  #read(text: string, line: number): void {
    // A lone CR: an old line end that nothing else in the file uses, or damage.
    if (text.includes('\r')) {
      this.#sink.broken('control-character', line);
      return;
    }
    const cells = splitLine(text, this.#delimiter);
    if (typeof cells !== 'string') this.#sink.record(cells, line);
    else if (cells === 'unclosed-quote') {
      this.#held.push({ text, line });
      this.#heldCharacters = text.length;
    } else this.#sink.broken(cells, line);
  }

  #hold(text: string, line: number): void {
    if (this.#isWholeRow(text)) {
      this.#rejectFirst();
      this.#read(text, line);
      return;
    }
    this.#held.push({ text, line });
    this.#heldCharacters += text.length + 1;
    if (hasOddQuotes(text)) {
      const [first, ...rest] = this.#held;
      this.#held = [];
      if (first !== undefined) this.#sink.broken('unclosed-quote', first.line);
      for (const each of rest) this.#sink.broken('line-break-in-quotes', each.line);
    } else if (this.#heldCharacters > MAX_FIELD_CHARACTERS) {
      this.#rejectFirst();
    }
  }

  #isWholeRow(text: string): boolean {
    const cells = splitLine(text, this.#delimiter);
    return typeof cells !== 'string' && cells.length === this.#columns;
  }

  #rejectFirst(): void {
    const [first, ...rest] = this.#held;
    this.#held = [];
    if (first !== undefined) this.#sink.broken('unclosed-quote', first.line);
    // Their quotation marks are even in number: none of them is held back again.
    for (const each of rest) this.#read(each.text, each.line);
  }
}
