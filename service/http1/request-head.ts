/**
 * The head of a request by RFC 9112, and nothing that it merely tolerates: what two programs in a row could
 * read in two ways is how requests are smuggled past the first, so it is refused.
 */

/** What is wrong with a request, as the status of its answer. */
export type HeadFault = 400 | 417 | 431 | 501 | 505;

export type BodyLength = number | 'chunked';

const MOST_HEADERS = 100;
const METHOD = /^[A-Z][A-Z0-9_-]{0,31}$/;
/** Printable ASCII, everything else has to be percent-encoded; and no fragment. */
const TARGET = /^\/[!"$-~]*$/;
const ABSOLUTE_TARGET = /^https?:\/\/[^/?#]+(?<target>[!"$-~]*)$/i;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Control characters but the tab. */
const NO_HEADER_TEXT = /[^\t\x20-\x7E\x80-\xFF]/;
const HOST = /^[A-Za-z0-9._~%!$&'()*+,;=:[\]-]*$/;
const DIGITS = /^[0-9]{1,15}$/;

/** A request without its body. */
export class RequestHead {
  readonly method: string;
  /** Path and query, percent-encoded as they came. */
  readonly target: string;
  readonly isHttp10: boolean;
  readonly bodyLength: BodyLength;
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  constructor(
    line: { readonly method: string; readonly target: string; readonly isHttp10: boolean },
    names: readonly string[],
    values: readonly string[],
    bodyLength: BodyLength,
  ) {
    this.method = line.method;
    this.target = line.target;
    this.isHttp10 = line.isHttp10;
    this.bodyLength = bodyLength;
    this.#names = names;
    this.#values = values;
  }

  /** The value of a header, several joined. @param name in lower case. */
  header(name: string): string | undefined {
    return valueOf(this.#names, this.#values, name);
  }

  /** All headers in their order; names in lower case. */
  headers(): [string, string][] {
    return this.#names.map((name, i) => [name, this.#values[i] ?? '']);
  }

  /** Whether the connection may be kept for another request. */
  get allowsKeeping(): boolean {
    if (this.isHttp10) return false;
    const connection = this.header('connection');
    return connection === undefined || !/(?:^|,)\s*close\s*(?:,|$)/i.test(connection);
  }

  /** Whether the sender waits for a word before it sends the body. */
  get expectsContinue(): boolean {
    return this.header('expect') !== undefined && !this.isHttp10;
  }
}

/**
 * Reads a head.
 * @param text in Latin-1, from the request line to the last header, without the line ends after it.
 */
export function parseRequestHead(text: string): RequestHead | HeadFault {
  let end = text.indexOf('\r\n');
  if (end === -1) end = text.length;
  const line = parseRequestLine(text.slice(0, end));
  if (typeof line === 'number') return line;

  const names: string[] = [];
  const values: string[] = [];
  for (let at = end + 2; at < text.length; at = end + 2) {
    end = text.indexOf('\r\n', at);
    if (end === -1) end = text.length;
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon > end) return 400;
    const name = text.slice(at, colon);
    const value = trimmed(text, colon + 1, end);
    if (!HEADER_NAME.test(name) || NO_HEADER_TEXT.test(value)) return 400;
    if (names.length === MOST_HEADERS) return 431;
    names.push(name.toLowerCase());
    values.push(value);
  }

  const host = valueOf(names, values, 'host');
  if (host === undefined ? !line.isHttp10 : !HOST.test(host)) return 400;
  if (host !== undefined && names.indexOf('host') !== names.lastIndexOf('host')) return 400;
  const expect = valueOf(names, values, 'expect');
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') return 417;
  const bodyLength = bodyLengthOf(names, values, line.isHttp10);
  if (bodyLength === 400 || bodyLength === 501) return bodyLength;
  return new RequestHead(line, names, values, bodyLength.length);
}

function parseRequestLine(line: string): { method: string; target: string; isHttp10: boolean } | HeadFault {
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  if (first <= 0 || last === first) return 400;
  const method = line.slice(0, first);
  const version = line.slice(last + 1);
  if (!METHOD.test(method)) return 400;
  if (version !== 'HTTP/1.1' && version !== 'HTTP/1.0')
    return /^HTTP\/[0-9]\.[0-9]$/.test(version) ? 505 : 400;
  const target = line.slice(first + 1, last);
  const isHttp10 = version === 'HTTP/1.0';
  if (TARGET.test(target)) return { method, target, isHttp10 };
  const absolute = ABSOLUTE_TARGET.exec(target)?.groups?.['target'];
  if (absolute !== undefined)
    return { method, target: absolute.startsWith('/') ? absolute : `/${absolute}`, isHttp10 };
  return 400;
}

function bodyLengthOf(
  names: readonly string[],
  values: readonly string[],
  isHttp10: boolean,
): { readonly length: BodyLength } | 400 | 501 {
  const coding = valueOf(names, values, 'transfer-encoding');
  const length = valueOf(names, values, 'content-length');
  if (coding === undefined) {
    if (length === undefined) return { length: 0 };
    // A second one is joined by a comma: refused, even when both say the same.
    return DIGITS.test(length) ? { length: Number(length) } : 400;
  }
  if (length !== undefined || isHttp10) return 400;
  return coding.toLowerCase() === 'chunked' ? { length: 'chunked' } : 501;
}

const TAB = 9;
const SPACE = 32;

/** Without spaces and tabs around it: trim() would take more away than others do. */
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  const isBlank = (at: number): boolean => text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB;
  while (start < end && isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return text.slice(start, end);
}

function valueOf(names: readonly string[], values: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < names.length; i += 1) {
    if (names[i] !== name) continue;
    const value = values[i] ?? '';
    found = found === undefined ? value : `${found}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return found;
}
