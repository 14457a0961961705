/**
 * Requests that are mutated where HTTP/1.1 has its grammar: bytes that a tolerant parser may read in another way.
 */
import fc from 'fast-check';

export const SOUND_REQUESTS = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /a?b=%20 HTTP/1.1\r\nHost: a:80\r\nX:  y \r\nCookie: a=b\r\nCookie: c\r\n\r\n',
  'GET http://b.c/d?e HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD / HTTP/1.0\r\nHost: a\r\n\r\n',
  'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'PUT /a HTTP/1.1\r\nContent-Length: 12\r\nHost: a\r\nExpect: 100-continue\r\n\r\nGET / HTTP/1',
  'POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0\r\n\r\nGET /\r\n0\r\n\r\n',
  'POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n1;a;b="c"\r\na\r\n0\r\nt: u\r\n\r\n',
  'OPTIONS /a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
] as const;

const PIECES = [
  ...['\r', '\n', '\r\n', '\r\n\r\n', '\n\n', ' ', '\t', '\0', '\v', '\f', '\x7F', '\x85', '\xA0', '\xFF'],
  ...[
    ':',
    ',',
    ';',
    '"',
    '\\',
    '=',
    '#',
    '?',
    '/',
    '//',
    '@',
    '+',
    '-',
    '_',
    '%',
    '0',
    '1',
    '5',
    'a',
    'Z',
    'x',
  ],
  ...['Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'content-length:3', 'Transfer-Encoding: chunked\r\n'],
  ...[
    'transfer-encoding:\tchunked',
    'chunked',
    'identity',
    'Host: b\r\n',
    'HTTP/1.0',
    'HTTP/1.1',
    'HTTP/2.0',
  ],
  ...[
    'Connection: close\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: h2c\r\nConnection: upgrade\r\n',
    '0\r\n\r\n',
  ],
  ...['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'x: y\r\n', ' z\r\n', 'http://', '[::1]', '\xE6\x94\xBE'],
] as const;

const mutation = fc.record({
  kind: fc.constantFrom('insert', 'insert', 'replace', 'delete', 'repeat'),
  /** Part of the whole length. */
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  /** Where a line, a word or a value begins or ends, mutations hit the grammar. */
  isAtEdge: fc.boolean(),
  length: fc.integer({ min: 1, max: 24 }),
  piece: fc.constantFrom(...PIECES),
});

function mutate(
  text: string,
  { kind, at, isAtEdge, length, piece }: typeof mutation extends fc.Arbitrary<infer T> ? T : never,
): string {
  const edges = [...text.matchAll(/[\r\n: ;,=]|(?<=[\r\n: ;,=])[^\r\n: ;,=]/g)].map(({ index }) => index);
  const place = isAtEdge ? (edges[Math.floor(at * (edges.length - 1))] ?? 0) : Math.floor(at * text.length);
  const [before, after] = [text.slice(0, place), text.slice(place)];
  if (kind === 'insert') return before + piece + after;
  if (kind === 'replace') return before + piece + after.slice(piece.length);
  if (kind === 'delete') return before + after.slice(Math.min(length, 3));
  return before + after.slice(0, length) + after;
}

/** One to three requests after one another, with up to three mutations. */
export const mutatedRequests = fc
  .tuple(
    fc.array(fc.constantFrom(...SOUND_REQUESTS), { minLength: 1, maxLength: 3 }),
    fc.array(mutation, { maxLength: 3 }),
  )
  .map(([seeds, mutations]) => Buffer.from(mutations.reduce(mutate, seeds.join('')), 'latin1'));
