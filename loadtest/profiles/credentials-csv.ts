/**
 * The credentials file that `fangbang sample` writes: a column per credential, named as the API names it, and
 * the column `expected` with the JSON of what the service must answer. Messages name a line, never what is in it.
 */
import type { Part } from './arrivals.ts';
import { WHOLE } from './arrivals.ts';
import type { Expected } from './truth.ts';
import { parseExpected } from './truth.ts';

export interface Candidate {
  readonly credentials: Readonly<Record<string, string>>;
  readonly expected: Expected;
}

const EXPECTED_COLUMN = 'expected';

/**
 * Reads the whole file, or one part's share of its rows: every n-th, so that parts are alike.
 * @throws Error with the line of the first fault.
 */
export function parseCredentialsFile(text: string, part: Part = WHOLE): Candidate[] {
  const [header, ...records] = parseCsv(text);
  if (header === undefined) throw new Error('The credentials file is empty.');
  const expectedAt = header.fields.indexOf(EXPECTED_COLUMN);
  if (expectedAt < 0)
    throw new Error(
      `The credentials file has no column "${EXPECTED_COLUMN}": take the .credentials.csv that "fangbang sample" writes.`,
    );
  const ours = part.of === 1 ? records : records.filter((_, i) => i % part.of === part.index);
  return ours.map(({ fields, line }) => {
    if (fields.length !== header.fields.length)
      throw new Error(
        `The credentials file, line ${line}: ${fields.length} fields instead of ${header.fields.length}.`,
      );
    const credentials: Record<string, string> = {};
    for (const [i, name] of header.fields.entries()) {
      if (i !== expectedAt) credentials[name] = fields[i] ?? '';
    }
    const expected = parseExpected(fields[expectedAt] ?? '');
    if (expected === undefined)
      throw new Error(`The credentials file, line ${line}: "${EXPECTED_COLUMN}" is not of the known form.`);
    return { credentials, expected };
  });
}

export interface CsvRecord {
  readonly fields: readonly string[];
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/**
 * Our own CSV: commas, quotes doubled inside quotes, LF or CRLF, a BOM passed over. The loader has a real
 * parser (csv-parse); k6 takes no package.
 * @throws Error on a quote that is never closed, or text after a closing one.
 */
export function parseCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let fields: string[] = [];
  let line = 1;
  let startLine = 1;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    let field: string;
    if (text[at] === '"') {
      field = '';
      const openLine = line;
      for (;;) {
        const quote = text.indexOf('"', at + 1);
        if (quote < 0) throw new Error(`The file, line ${openLine}: a quote is never closed.`);
        const piece = text.slice(at + 1, quote);
        field += piece;
        line += piece.split('\n').length - 1;
        at = quote + 1;
        if (text[at] !== '"') break;
        field += '"';
      }
    } else {
      const end = endOfPlainField(text, at);
      field = text.slice(at, end);
      at = end;
    }
    fields.push(field);
    if (text[at] === ',') {
      at += 1;
      // A comma at the very end opens one more, empty field.
      if (at === text.length) fields.push('');
      else continue;
    } else if (at < text.length && text[at] !== '\n' && !text.startsWith('\r\n', at)) {
      throw new Error(`The file, line ${line}: text after a closing quote.`);
    }
    // A blank line is no record.
    if (fields.length > 1 || fields[0] !== '') records.push({ fields, line: startLine });
    fields = [];
    at += text[at] === '\r' ? 2 : 1;
    line += 1;
    startLine = line;
  }
  return records;
}

function endOfPlainField(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const c = text[at];
    if (c === ',' || c === '\n' || (c === '\r' && text[at + 1] === '\n')) return at;
  }
  return text.length;
}
