/**
 * One physical line of CSV → its cells, by RFC 4180 and nothing more lenient. csv-parse is given one
 * line at a time, so that an unclosed quotation mark cannot swallow the lines after it (given the
 * whole stream it makes the rest of the file one value).
 */
import { CsvError, parse } from 'csv-parse/sync';

export type LineFault = 'unclosed-quote' | 'text-after-quote' | 'stray-quote';

export type Delimiter = ',' | '\t' | ';';
export const DELIMITERS: readonly Delimiter[] = [',', '\t', ';'];

/**
 * The cells of a line without its line end, or why it has none. csv-parse is the parser; a line
 * without a quotation mark is cut at its delimiters, which is all that CSV says of it and saves
 * making a parser for each of a million lines (a property test holds the two together).
 */
export function splitLine(line: string, delimiter: Delimiter): string[] | LineFault {
  if (!line.includes('"')) return line.split(delimiter);
  const cells = parseRecord(line, delimiter);
  // Excel's ="0123" is no CSV, but means one thing only: quoted as it should be, csv-parse reads it.
  return cells === 'stray-quote' ? parseRecord(quoteExcelText(line, delimiter), delimiter) : cells;
}

const FAULTS: Readonly<Partial<Record<string, LineFault>>> = {
  CSV_QUOTE_NOT_CLOSED: 'unclosed-quote',
  CSV_INVALID_CLOSING_QUOTE: 'text-after-quote',
  INVALID_OPENING_QUOTE: 'stray-quote',
};

function parseRecord(line: string, delimiter: Delimiter): string[] | LineFault {
  try {
    const [cells] = parse(line, { delimiter, relax_column_count: true, record_delimiter: '\n' });
    return cells ?? [''];
  } catch (error) {
    const fault = error instanceof CsvError ? FAULTS[error.code] : undefined;
    if (fault === undefined) throw error;
    return fault;
  }
}

/** ="0123" → the same text in CSV: quoted, its quotation marks doubled. The cell's reader takes Excel's marks off and counts them. */
function quoteExcelText(line: string, delimiter: Delimiter): string {
  return line.replaceAll(new RegExp(`(?<=^|${delimiter})="([^"]*)"(?=${delimiter}|$)`, 'g'), '"=""$1"""');
}

/** Whether the number of quotation marks is odd: only such a line can end a value begun before it. */
export function hasOddQuotes(line: string): boolean {
  let count = 0;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) count += 1;
  return count % 2 === 1;
}
