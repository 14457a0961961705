/**
 * One physical line of CSV → its cells, by RFC 4180 and nothing more lenient. A line is all that is
 * ever looked at, so that an unclosed quotation mark cannot swallow the lines after it (with a
 * streaming parser the rest of the file becomes one value). Tests hold it against csv-parse.
 */

export type LineFault = 'unclosed-quote' | 'text-after-quote' | 'stray-quote';

export type Delimiter = ',' | '\t' | ';';
export const DELIMITERS: readonly Delimiter[] = [',', '\t', ';'];

/** The cells of a line without its line end, or why it has none. */
export function splitLine(line: string, delimiter: Delimiter): string[] | LineFault {
  return line.includes('"') ? splitQuoted(line, delimiter) : line.split(delimiter);
}

function splitQuoted(line: string, delimiter: Delimiter): string[] | LineFault {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let end: number;
    if (line.startsWith('"', at)) {
      const close = closingQuote(line, at + 1);
      if (close === -1) return 'unclosed-quote';
      end = close + 1;
      if (end < line.length && line[end] !== delimiter) return 'text-after-quote';
      cells.push(line.slice(at + 1, close).replaceAll('""', '"'));
    } else if (line.startsWith('="', at)) {
      // ="0123": how programs keep Excel from reading digits as a number. Kept as it is; the cell's
      // reader takes it off and counts it.
      const close = line.indexOf('"', at + 2);
      end = close + 1;
      if (close === -1 || (end < line.length && line[end] !== delimiter)) return 'stray-quote';
      cells.push(line.slice(at, end));
    } else {
      const next = line.indexOf(delimiter, at);
      end = next === -1 ? line.length : next;
      const cell = line.slice(at, end);
      if (cell.includes('"')) return 'stray-quote';
      cells.push(cell);
    }
    if (end >= line.length) return cells;
    at = end + 1;
  }
}

/** Place of the quotation mark that ends a value; a doubled one stands for itself. −1: none. */
function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at !== -1; at = line.indexOf('"', at + 2)) {
    if (line[at + 1] !== '"') return at;
  }
  return -1;
}

/** Whether the number of quotation marks is odd: only such a line can end a value begun before it. */
export function hasOddQuotes(line: string): boolean {
  let count = 0;
  for (let at = line.indexOf('"'); at !== -1; at = line.indexOf('"', at + 1)) count += 1;
  return count % 2 === 1;
}
