/**
 * The header line: which delimiter the file has, and where each column of the definition is.
 *
 * Failure policy: a header that is not exactly the definition's is `file-refused`, naming the columns
 * that are unknown, missing or doubled. A first line with less than half of
 * the columns is not quoted: it may be a candidate's row.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import { cleanCell } from './cells.ts';
import type { Delimiter } from './csv-line.ts';
import { DELIMITERS, splitLine } from './csv-line.ts';

export interface Header {
  readonly delimiter: Delimiter;
  /** The cells as they stand, to know the line when it is there again. */
  readonly cells: readonly string[];
  /** Place of each column that the file has, by its name in the definition. */
  readonly placeOf: ReadonlyMap<string, number>;
  /** Cells at the right end without a name. */
  readonly unnamed: number;
}

interface Columns {
  readonly needed: readonly string[];
  readonly optional: readonly string[];
  readonly ignored: readonly string[];
}

function columnsOf(d: SeriesDefinition): Columns {
  const needed = [...Object.values(d.credentials).map((c) => c.column), ...d.components.map((c) => c.column)];
  const optional: string[] = [];
  if (d.total !== undefined) needed.push(d.total.column);
  if (d.rank !== undefined) needed.push(d.rank.column);
  if (d.status !== undefined) (d.status.columnMayBeMissing ? optional : needed).push(d.status.column);
  for (const flag of d.flags) (flag.columnMayBeMissing ? optional : needed).push(flag.column);
  return { needed, optional, ignored: d.ignoredColumns };
}

/** Names are compared without spaces, zero-width characters and full-width forms. */
function plain(name: string): string {
  return cleanCell(name).value;
}

/**
 * Reads the first line.
 * @param line without its line end and without a byte-order mark.
 * @throws FangbangError `file-refused`.
 */
export function readHeader(line: string, definition: SeriesDefinition, fileName: string): Header {
  if (line.includes('\r')) {
    throw refuse(fileName, 'the lines end in CR alone', {
      hint: 'save the file with CRLF or LF line ends',
    });
  }
  const columns = columnsOf(definition);
  const names = new Map(
    [...columns.needed, ...columns.optional, ...columns.ignored].map((name) => [plain(name), name]),
  );
  const { delimiter, cells, known } = bestSplit(line, names);
  // Otherwise it may be a candidate's row, or a title, and is not quoted.
  const isHeader = known > 0 && known * 2 >= columns.needed.length;
  if (!isHeader) {
    throw refuse(fileName, `the header has ${known} of the definition’s ${columns.needed.length} columns`, {
      hint: 'line 1 must be the header, with commas, tabs or semicolons between the columns; is this the right file, the right encoding and the right series?',
    });
  }

  const named = cells.findLastIndex((cell) => plain(cell) !== '') + 1;
  const placeOf = new Map<string, number>();
  const faults: string[] = [];
  for (const [place, cell] of cells.slice(0, named).entries()) {
    const name = names.get(plain(cell));
    if (name === undefined) faults.push(`column ${place + 1} is unknown: ${showName(cell)}`);
    else if (placeOf.has(name)) faults.push(`the column ${name} is there twice`);
    else placeOf.set(name, place);
  }
  for (const name of columns.needed) {
    if (!placeOf.has(name)) faults.push(`the column ${name} is missing`);
  }
  if (faults.length > 0) {
    throw refuse(fileName, `the header is not that of series ${definition.id}`, {
      faults,
      hint: 'compare the file with the definition (fangbang series show); columns that are not needed go into its ignoredColumns',
    });
  }
  return { delimiter, cells, placeOf, unnamed: cells.length - named };
}

/** By the delimiter by which most columns are known; no cells when it can be split by none. */
function bestSplit(
  line: string,
  names: ReadonlyMap<string, string>,
): { delimiter: Delimiter; cells: readonly string[]; known: number } {
  let best: { delimiter: Delimiter; cells: readonly string[]; known: number } = {
    delimiter: ',',
    cells: [],
    known: 0,
  };
  for (const delimiter of DELIMITERS) {
    const cells = splitLine(line, delimiter);
    if (typeof cells === 'string') continue;
    const known = cells.filter((cell) => names.has(plain(cell))).length;
    if (known > best.known) best = { delimiter, cells, known };
  }
  return best;
}

function refuse(
  fileName: string,
  message: string,
  options: { hint: string; faults?: readonly string[] },
): FangbangError {
  return new FangbangError('file-refused', `${fileName}, line 1: ${message}`, options);
}

/** A name from the file as it can be shown: short, without control characters, no long number. */
function showName(cell: string): string {
  const value = cell.replace(/\p{C}/gu, '').trim();
  if (value === '') return '(no name)';
  if (/[0-9]{5}|^[0-9.]+$/.test(value)) return '(a number)';
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}
