/**
 * @module A credentials file record by record: that of five million candidates is longer than a text can be, and
 * parsed it would fill the memory of every thread.
 *
 * Failure policy: a file that cannot be read throws Node's error; a fault in a record is an Error that names its
 * line and nothing of its content.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { parseCredentialsFile } from '../profiles/credentials-csv.ts';
import type { Candidates } from '../profiles/visit.ts';

/** The header is the first. */
export interface FileRecord {
  readonly text: string;
  /** In bytes from the file's beginning. */
  readonly from: number;
  readonly size: number;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

const CHUNK_BYTES = 1 << 20;
const QUOTE = 0x22;
const RETURN = 0x0d;
const NEWLINE = 0x0a;

/** All records that are not blank, in their order, with what is read of the file at once kept small. */
export function* recordsOf(path: string): Generator<FileRecord> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let restFrom = 0;
    let line = 1;
    for (;;) {
      const count = readSync(file, chunk);
      const bytes = Buffer.concat([rest, chunk.subarray(0, count)]);
      let begin = 0;
      for (const end of endsOf(bytes, count === 0)) {
        const isCrlf = end < bytes.length && end > begin && bytes[end - 1] === RETURN;
        const size = end - begin - (isCrlf ? 1 : 0);
        const text = bytes.toString('utf8', begin, begin + size);
        if (text !== '') yield { text, from: restFrom + begin, size, line };
        line += text.split('\n').length;
        begin = end + 1;
      }
      if (count === 0) return;
      rest = bytes.subarray(begin);
      restFrom += begin;
    }
  } finally {
    closeSync(file);
  }
}

/** Where records end: at line breaks outside quotes, and at the end of the file. */
function* endsOf(bytes: Buffer, isLast: boolean): Generator<number> {
  let isQuoted = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) isQuoted = !isQuoted;
    else if (byte === NEWLINE && !isQuoted) yield at;
  }
  if (isLast && bytes.length > 0 && (isQuoted || bytes.at(-1) !== NEWLINE)) yield bytes.length;
}

/** Reads every record. @throws Error with the line of the first fault. */
export function checkCredentialsFile(path: string): {
  readonly count: number;
  readonly first: Candidate | undefined;
} {
  let header: string | undefined;
  let first: Candidate | undefined;
  let count = 0;
  for (const { text, line } of recordsOf(path)) {
    if (header === undefined) {
      header = text;
      // A header of another kind is told as such and not as a fault of each record.
      parseCredentialsFile(header);
      continue;
    }
    const candidate = parseRecord(header, text, line);
    first ??= candidate;
    count += 1;
  }
  if (header === undefined) parseCredentialsFile('');
  return { count, first };
}

/**
 * The candidates of a file that was checked, each read when it is asked for; as k6's SharedArray, it can be used
 * as an array is. The file stays open as long as the process lives.
 */
export function openCandidates(path: string): Candidates {
  const file = openSync(path, 'r');
  let places = new Float64Array(1 << 16);
  let header: string | undefined;
  let length = 0;
  for (const { text, from, size } of recordsOf(path)) {
    if (header === undefined) {
      header = text;
      continue;
    }
    if (2 * length === places.length) {
      const wider = new Float64Array(2 * places.length);
      wider.set(places);
      places = wider;
    }
    places[2 * length] = from;
    places[2 * length + 1] = size;
    length += 1;
  }
  const candidateAt = (row: number): Candidate | undefined => {
    if (!Number.isInteger(row) || row < 0 || row >= length) return undefined;
    const bytes = Buffer.alloc(places[2 * row + 1] ?? 0);
    readSync(file, bytes, { position: places[2 * row] ?? 0 });
    return parseRecord(header ?? '', bytes.toString(), row + 2);
  };
  return new Proxy<Candidates>([], {
    get: (_, name) => (name === 'length' ? length : candidateAt(Number(String(name)))),
  });
}

function parseRecord(header: string, text: string, line: number): Candidate {
  try {
    const [candidate] = parseCredentialsFile(`${header}\n${text}`);
    if (candidate !== undefined) return candidate;
  } catch {
    // Its line is not known there: blank lines before it, which are no records, make it so.
  }
  const [candidate] = parseCredentialsFile(
    `${header}${'\n'.repeat(line - header.split('\n').length)}${text}`,
  );
  if (candidate === undefined) throw new Error(`The credentials file, line ${line}: no record.`);
  return candidate;
}
