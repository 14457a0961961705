/**
 * An answer as plain values: what a kind of answers has in common is put together once, so that the
 * hot path neither makes a Response nor a Headers object (on Bun 11 to 15 µs of each lookup).
 */

/** Headers by their names in lower case. */
export type HeaderValues = Readonly<Record<string, string>>;

/** A header's value that is written where it is sent: as a text it would be another one to make and to collect. */
export interface WrittenValue {
  /** In characters of Latin-1. */
  readonly length: number;
  /** @returns the place behind it. */
  writeInto(out: Buffer, from: number): number;
  toString(): string;
}

/** What all answers of one kind have in common. */
export interface AnswerKind {
  readonly status: number;
  readonly headers: HeaderValues;
  /** Status line and headers as they go over the wire, each ended by CRLF. */
  readonly lines: Buffer;
}

export interface Answer {
  readonly kind: AnswerKind;
  /** Headers of this answer alone; characters of Latin-1, no line ends. */
  readonly changing: Readonly<Record<string, string | WrittenValue>>;
  readonly body: string | Uint8Array | WrittenBody;
}

/** A body that is written when it is sent, into memory that is used again for the next. */
export interface WrittenBody {
  readonly mostBytes: number;
  /** UTF-8. @param into of `mostBytes` at least. @returns how many bytes it took. */
  writeInto(into: Buffer): number;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
};

/** Prepares a kind of answers. @param headers without Date, Connection and Content-Length: those are the server's. */
export function makeAnswerKind(status: number, headers: HeaderValues): AnswerKind {
  return { status, headers, lines: linesOf(status, Object.entries(headers)) };
}

/** An answer from a Response, its body read to its end. */
export async function answerFromResponse(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return {
    kind: { status, headers: Object.fromEntries(headers), lines: linesOf(status, headers) },
    changing: {},
    body: response.body === null ? '' : new Uint8Array(await response.arrayBuffer()),
  };
}

/** A body in memory of its own. */
export function wholeBody(body: Answer['body']): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  const bytes = Buffer.alloc(body.mostBytes);
  return bytes.subarray(0, body.writeInto(bytes));
}

/** A Response from an answer, for who asks the application without a server. */
export function responseFromAnswer({ kind, changing, body }: Answer): Response {
  const headers = new Headers(kind.headers);
  for (const [name, value] of Object.entries(changing)) headers.set(name, String(value));
  return new Response(wholeBody(body) as string | Uint8Array<ArrayBuffer>, { status: kind.status, headers });
}

function linesOf(status: number, headers: Iterable<readonly [string, string]>): Buffer {
  let lines = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n`;
  for (const [name, value] of headers) {
    // A character is a byte: the length is counted so.
    if (!SET_BY_SERVER.has(name)) lines += `${name}: ${value.replace(/[^\t\x20-\x7E]/g, '?')}\r\n`;
  }
  return Buffer.from(lines, 'latin1');
}

const SET_BY_SERVER = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

/** The value of a header of an answer. @param name in lower case. */
export function headerOf({ kind, changing }: Answer, name: string): string | undefined {
  return changing[name]?.toString() ?? kind.headers[name];
}
