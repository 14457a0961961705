/**
 * An answer as it goes over the wire, put together in memory that is used again for the next one: pieces of text,
 * joined and encoded anew for each answer, took half as long again.
 */
import type { Answer, WrittenValue } from './answer.ts';

export interface Circumstances {
  /** As RFC 9110 wants it. */
  readonly date: string;
  /** The connection ends with it. */
  readonly isLast: boolean;
  /** To a HEAD. */
  readonly isForHead: boolean;
}

/** The first `size` bytes are an answer, until the next one is put together. */
export interface AnswerBytes {
  readonly bytes: Buffer;
  readonly size: number;
}

/** Answers up to this size are written into the same room, one after the other; a larger one gets memory of its own. */
export const SHARED_BYTES = 64 * 1024;
/** Date, length, connection. */
const OWN_LINES_BYTES = 256;
/** Shorter texts are written quicker by the character than by a call. */
const SHORT = 48;
const CR = 13;
const LF = 10;
const SPACE = 32;
const ZERO = 48;
const COLON = 58;

const room = Buffer.alloc(SHARED_BYTES);
let bodyRoom = Buffer.alloc(SHARED_BYTES);

/** Puts an answer together. */
export function answerBytes(answer: Answer, { date, isLast, isForHead }: Circumstances): AnswerBytes {
  const { kind, changing, body } = answer;
  const { status, lines } = kind;
  const size = bodySize(body);
  let most = lines.length + OWN_LINES_BYTES + size;
  for (const name in changing) most += name.length + (changing[name] ?? '').length + 4;
  const out = most <= SHARED_BYTES ? room : Buffer.allocUnsafe(most);

  out.set(lines);
  let at = lines.length;
  for (const name in changing) at = writeValue(out, writeName(out, at, name), changing[name] ?? '');
  if (isLast) at = writeValue(out, writeName(out, at, 'connection'), 'close');
  at = writeValue(out, writeName(out, at, 'date'), date);
  const mayHaveBody = status !== 204 && status !== 304;
  // An answer to HEAD may leave out the length of the body that it does not make.
  if (mayHaveBody && (size > 0 || !isForHead))
    at = writeNumber(out, writeName(out, at, 'content-length'), size);
  out[at++] = CR;
  out[at++] = LF;
  if (!mayHaveBody || isForHead) return { bytes: out, size: at };
  if (typeof body === 'string') out.write(body, at);
  else if (body instanceof Uint8Array) out.set(body, at);
  else bodyRoom.copy(out, at, 0, size);
  return { bytes: out, size: at + size };
}

/** In bytes; what is written only when it is sent is in `bodyRoom` then. */
function bodySize(body: Answer['body']): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.length;
  if (bodyRoom.length < body.mostBytes) bodyRoom = Buffer.alloc(body.mostBytes);
  return body.writeInto(bodyRoom);
}

/** A header's name. @returns where its value goes. */
function writeName(out: Buffer, from: number, name: string): number {
  const at = writeLatin1(out, from, name);
  out[at] = COLON;
  out[at + 1] = SPACE;
  return at + 2;
}

/** A header's value, and the end of its line. */
function writeValue(out: Buffer, from: number, value: string | WrittenValue): number {
  const at = typeof value === 'string' ? writeLatin1(out, from, value) : value.writeInto(out, from);
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

function writeNumber(out: Buffer, from: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits += 1;
  let rest = value;
  for (let at = from + digits - 1; at >= from; at -= 1) {
    out[at] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  out[from + digits] = CR;
  out[from + digits + 1] = LF;
  return from + digits + 2;
}

function writeLatin1(out: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length > SHORT) return at + out.write(text, at, 'latin1');
  for (let i = 0; i < length; i += 1) out[at + i] = text.charCodeAt(i);
  return at + length;
}
