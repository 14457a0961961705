/**
 * One official file from its first to its last line: every physical line after the header ends as
 * accepted, rejected or skipped, exactly once.
 *
 * Failure policy: what makes the file unreadable as a whole (encoding, header) is thrown as
 * `file-refused`; what is wrong with a line is a reject, and reading goes on.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import type { Slip } from '#results/slip.ts';
import type { Change } from './cells.ts';
import { isBlank } from './cells.ts';
import type { Encoding } from './encodings.ts';
import type { Header } from './header.ts';
import { readHeader } from './header.ts';
import { NOT_PLAIN } from './plain-cells.ts';
import { PlainRows } from './plain-rows.ts';
import { MAX_FIELD_CHARACTERS, RecordReader } from './records.ts';
import type { RejectCode } from './reject-codes.ts';
import { RowReader } from './row-reader.ts';
import type { OpenedFile } from './text-pieces.ts';
import { TextPieces } from './text-pieces.ts';

export interface FileSink {
  accepted(line: number, credentials: readonly string[], slip: Slip, changes: readonly Change[]): void;
  /** @param credentials those that are sound. */
  rejected(
    line: number,
    code: RejectCode,
    column: string | undefined,
    credentials: readonly (string | undefined)[],
  ): void;
  /** A blank line, or the header once more. */
  skipped(line: number): void;
  /** Awaited after each piece of the file. */
  afterPiece(): Promise<void>;
}

export interface FileFacts {
  readonly encoding: Encoding;
  /** Of the file's bytes as they lie there, in hex. */
  readonly sha256: string;
  /** Physical lines, the header included. */
  readonly lines: number;
  /** Columns without a name at the right end. */
  readonly unnamedColumns: number;
}

const NOTHING: readonly undefined[] = [];
const NO_CHANGES: readonly Change[] = [];

/** Reads a file to its end. @throws FangbangError `file-refused`. */
export async function readOfficialFile(
  opened: OpenedFile,
  definition: SeriesDefinition,
  sink: FileSink,
): Promise<FileFacts> {
  const pieces = new TextPieces(opened);
  let lines = 0;
  let unterminatedLine = 0;
  let header: Header | undefined;
  let records: RecordReader | undefined;
  let plain: PlainRows | undefined;

  for await (const { text, firstLine, damaged } of pieces) {
    let line = firstLine;
    for (let from = 0; from < text.length; line += 1) {
      if (plain !== undefined && records?.isHolding === false) {
        const next = plain.read(text, from);
        if (next !== NOT_PLAIN) {
          sink.accepted(line, plain.credentials, plain.slip(), NO_CHANGES);
          from = next;
          continue;
        }
      }
      const feed = text.indexOf('\n', from);
      const end = feed === -1 ? text.length : feed;
      const content = text.slice(from, end > from && text[end - 1] === '\r' ? end - 1 : end);
      if (feed === -1) unterminatedLine = line;
      from = end + 1;
      const fault = damaged?.get(line);
      if (records !== undefined && fault !== undefined)
        records.damaged(feed === -1 && fault === 'invalid-byte' ? 'truncated-line' : fault, line);
      else if (records !== undefined) records.line(content, line);
      else {
        // A mark that is stuck to the first header, also twice, is none of its name.
        header = readHeader(content.replace(/^\uFEFF+/, ''), definition, opened.name);
        const lineSink = new LineReader(definition, header, sink, () => unterminatedLine);
        records = new RecordReader(header.delimiter, lineSink, header.cells.length);
        plain = PlainRows.of(definition, header);
      }
    }
    lines = line - 1;
    await sink.afterPiece();
  }
  records?.end();
  return {
    encoding: pieces.encoding,
    sha256: pieces.sha256(),
    lines,
    unnamedColumns: header?.unnamed ?? 0,
  };
}

/** Sorts the records of a file into rows, blank lines, repeated headers and faults of form. */
class LineReader {
  readonly #header: Header;
  readonly #named: number;
  readonly #rows: RowReader;
  readonly #sink: FileSink;
  readonly #unterminatedLine: () => number;

  constructor(definition: SeriesDefinition, header: Header, sink: FileSink, unterminatedLine: () => number) {
    this.#header = header;
    this.#named = header.cells.length - header.unnamed;
    this.#rows = new RowReader(definition, header);
    this.#sink = sink;
    this.#unterminatedLine = unterminatedLine;
  }

  broken(fault: RejectCode, line: number): void {
    this.#sink.rejected(line, fault, undefined, NOTHING);
  }

  record(cells: readonly string[], line: number): void {
    if (cells.every(isBlank) || this.#isHeader(cells)) {
      this.#sink.skipped(line);
      return;
    }
    const long = cells.findIndex((cell) => cell.length > MAX_FIELD_CHARACTERS);
    if (long !== -1) {
      this.#sink.rejected(line, 'field-too-long', this.#header.cells[long], NOTHING);
      return;
    }
    // Exactly as many: one cell more or fewer anywhere may have moved a mark to another subject.
    if (cells.length > this.#header.cells.length && this.#hasOnlyEmptyExtras(cells)) {
      const row = this.#rows.read(cells);
      if (row.ok) {
        this.#sink.accepted(line, row.credentials, row.slip, [...row.changes, 'trailing-empty-columns']);
        return;
      }
    }
    if (cells.length !== this.#header.cells.length) {
      const isCutOff = line === this.#unterminatedLine() && cells.length < this.#named;
      this.broken(isCutOff ? 'truncated-line' : 'column-count', line);
      return;
    }
    for (let i = this.#named; i < cells.length; i += 1) {
      if (!isBlank(cells[i] ?? '')) {
        this.broken('value-without-column', line);
        return;
      }
    }
    const row = this.#rows.read(cells);
    if (row.ok) this.#sink.accepted(line, row.credentials, row.slip, row.changes);
    else this.#sink.rejected(line, row.code, row.column, row.credentials);
  }

  /**
   * Whether what is too much are empty cells at the right end, and can be nothing else: were one of the
   * other empty cells too much instead, no candidate would come of it.
   */
  #hasOnlyEmptyExtras(cells: readonly string[]): boolean {
    const columns = this.#header.cells.length;
    if (!cells.slice(columns).every(isBlank)) return false;
    return cells
      .slice(0, columns)
      .every(
        (cell, i) =>
          !isBlank(cell) ||
          isBlank(cells.slice(i + 1).join('')) ||
          !this.#rows.read(cells.toSpliced(i, 1)).ok,
      );
  }

  #isHeader(cells: readonly string[]): boolean {
    const first = (cells[0] ?? '').replace(/^\uFEFF/, '');
    return (
      first === this.#header.cells[0] &&
      cells.length === this.#header.cells.length &&
      cells.every((cell, i) => i === 0 || cell === this.#header.cells[i])
    );
  }
}
