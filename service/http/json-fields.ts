/**
 * The fields of a body of JSON. One object of a few plain texts, as nearly every lookup is, is read from the bytes:
 * as a text that is made, parsed and collected it cost 0.9 µs more of each lookup on Bun. Whatever else it is, the
 * runtime's own parser says.
 */
import type { BodyBytes } from '../http1/endpoint.ts';
import { textAt } from '../http1/recent-texts.ts';

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OPENING = 123;
const CLOSING = 125;
const LAST_PRINTABLE = 126;

export type JsonFields = Record<string, unknown>;

/** undefined: no object of JSON. */
export function readJsonFields(body: BodyBytes): JsonFields | undefined {
  const { bytes, from, to } = body;
  return readPlainFields(body) ?? parse(bytes.toString('utf8', from, to));
}

function parse(text: string): JsonFields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonFields)
      : undefined;
  } catch {
    // The error quotes the text: it goes nowhere.
    return undefined;
  }
}

/** undefined: something that is not as plain, or no JSON. */
function readPlainFields({ bytes: body, from, to }: BodyBytes): JsonFields | undefined {
  const fields: JsonFields = {};
  let at = afterBlanks(body, from);
  if (body[at] !== OPENING) return undefined;
  for (;;) {
    at = afterBlanks(body, at + 1);
    const nameEnd = body[at] === QUOTE ? endOfName(body, at + 1) : -1;
    if (nameEnd <= at + 1) return undefined;
    const name = textAt(body, at + 1, nameEnd);
    at = afterBlanks(body, nameEnd + 1);
    if (body[at] !== COLON) return undefined;
    at = afterBlanks(body, at + 1);
    const valueEnd = body[at] === QUOTE ? endOfText(body, at + 1) : -1;
    if (valueEnd < 0) return undefined;
    fields[name] = body.toString('latin1', at + 1, valueEnd);
    at = afterBlanks(body, valueEnd + 1);
    if (body[at] === CLOSING) return afterBlanks(body, at + 1) === to ? fields : undefined;
    if (body[at] !== COMMA) return undefined;
  }
}

function afterBlanks(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at];
    if (byte !== SPACE && byte !== LF && byte !== CR && byte !== TAB) return at;
    at += 1;
  }
}

/** Where letters of ASCII end with a quotation mark, else -1: `__proto__` is no plain name. */
function endOfName(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) return at;
    const small = byte | SPACE;
    if (small < 97 || small > 122) return -1;
    at += 1;
  }
}

/** Where printable ASCII without an escape ends with a quotation mark, else -1. */
function endOfText(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte < SPACE || byte > LAST_PRINTABLE || byte === BACKSLASH) return -1;
    at += 1;
  }
}
