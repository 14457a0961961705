import { describe, expect, it } from 'vitest';
import type { HeadFault } from '../../service/http1/request-head.ts';

function parseHead(text: string): ReturnType<typeof parseRequestHead> {
  // With what follows a head, which is none of it.
  const bytes = Buffer.from(`${text}\r\n\r\nbody: 1`, 'latin1');
  return parseRequestHead(bytes, text.length);
}
import { RequestHead, parseRequestHead } from '../../service/http1/request-head.ts';

/** A head of one line and headers; without Host where there are any with it. */
const head = (line: string, ...lines: string[]): string => [line, ...lines].join('\r\n');
const get = (...lines: string[]): string => head('GET / HTTP/1.1', 'Host: a', ...lines);
const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `x-${i}: ${i}`);

function accepted(text: string): RequestHead {
  const parsed = parseHead(text);
  expect(parsed).toBeInstanceOf(RequestHead);
  return parsed as RequestHead;
}

const REFUSED: readonly (readonly [what: string, status: HeadFault, text: string])[] = [
  ['nothing', 400, ''],
  ['HTTP/0.9', 400, head('GET /')],
  ['HTTP/2.0', 505, head('GET / HTTP/2.0', 'Host: a')],
  ['the preface of HTTP/2', 505, head('PRI * HTTP/2.0')],
  ['HTTP/1.2', 505, head('GET / HTTP/1.2', 'Host: a')],
  ['a version with two digits', 400, head('GET / HTTP/1.10', 'Host: a')],
  ['a version in lower case', 400, head('GET / http/1.1', 'Host: a')],
  ['another protocol', 400, head('GET / RTSP/1.0', 'Host: a')],
  ['no version', 400, head('GET / ', 'Host: a')],
  ['a method in lower case', 400, head('get / HTTP/1.1', 'Host: a')],
  ['a method with a separator', 400, head('GE(T / HTTP/1.1', 'Host: a')],
  ['a method of 33 letters', 400, head(`${'A'.repeat(33)} / HTTP/1.1`, 'Host: a')],
  ['no method', 400, head(' / HTTP/1.1', 'Host: a')],
  ['two spaces before the target', 400, head('GET  / HTTP/1.1', 'Host: a')],
  ['two spaces after the target', 400, head('GET /  HTTP/1.1', 'Host: a')],
  ['a space at the end of the request line', 400, head('GET / HTTP/1.1 ', 'Host: a')],
  ['a tab in the request line', 400, head('GET\t/ HTTP/1.1', 'Host: a')],
  ['a space in the target', 400, head('GET /a b HTTP/1.1', 'Host: a')],
  ['a fragment', 400, head('GET /#a HTTP/1.1', 'Host: a')],
  ['a target that is not ASCII', 400, head('GET /\xE9 HTTP/1.1', 'Host: a')],
  ['NUL in the target', 400, head('GET /\0 HTTP/1.1', 'Host: a')],
  ['DEL in the target', 400, head('GET /\x7F HTTP/1.1', 'Host: a')],
  ['a bare CR in the target', 400, head('GET /\r HTTP/1.1', 'Host: a')],
  ['a target without a slash', 400, head('GET a HTTP/1.1', 'Host: a')],
  ['the asterisk', 400, head('OPTIONS * HTTP/1.1', 'Host: a')],
  ['an authority', 400, head('CONNECT a:443 HTTP/1.1', 'Host: a')],
  ['an absolute target of another scheme', 400, head('GET ftp://a/ HTTP/1.1', 'Host: a')],
  ['an absolute target without a host', 400, head('GET http:///a HTTP/1.1', 'Host: a')],
  ['an absolute target with a user', 400, head('GET http://u@a/ HTTP/1.1', 'Host: a')],
  ['an absolute target with a space in its host', 400, head('GET http://a b/ HTTP/1.1', 'Host: a')],
  ['an absolute target with NUL in its host', 400, head('GET http://a\0/ HTTP/1.1', 'Host: a')],
  ['an absolute target with a fragment', 400, head('GET http://a/#b HTTP/1.1', 'Host: a')],
  ['no Host', 400, head('GET / HTTP/1.1')],
  ['two Hosts', 400, get('Host: b')],
  ['two Hosts that are the same', 400, get('Host: a')],
  ['two Hosts, both empty', 400, head('GET / HTTP/1.1', 'Host:', 'Host:')],
  ['two Hosts in HTTP/1.0', 400, head('GET / HTTP/1.0', 'Host: a', 'Host: a')],
  ['a Host with a space', 400, head('GET / HTTP/1.1', 'Host: a b')],
  ['a Host with a path', 400, head('GET / HTTP/1.1', 'Host: a/b')],
  ['a Host with a user', 400, head('GET / HTTP/1.1', 'Host: u@a')],
  ['a Host that is not ASCII', 400, head('GET / HTTP/1.1', 'Host: \xE9')],
  ['a line without a colon', 400, get('nothing')],
  ['a colon in the next line only', 400, get('nothing', 'x: 1')],
  ['a header without a name', 400, get(': 1')],
  ['a space before the colon', 400, get('Content-Length : 1')],
  ['a tab before the colon', 400, get('Content-Length\t: 1')],
  ['a folded header', 400, get('x: 1', ' 2')],
  ['a header folded by a tab', 400, get('x: 1', '\t2')],
  ['a folded header right after the request line', 400, head('GET / HTTP/1.1', ' Host: a')],
  ['a separator in a name', 400, get('x(y): 1')],
  ['a name that is not ASCII', 400, get('x\xE9: 1')],
  ['NUL in a name', 400, get('x\0: 1')],
  ['a bare LF in a value', 400, get('x: 1\ny: 2')],
  ['a bare CR in a value', 400, get('x: 1\ry: 2')],
  ['a bare LF after the request line', 400, head('GET / HTTP/1.1\nHost: a', 'x: 1')],
  ['NUL in a value', 400, get('x: 1\x002')],
  ['a vertical tab around a value', 400, get('Content-Length: \v1')],
  ['a form feed around a value', 400, get('Content-Length: 1\f')],
  ['a no-break space around Content-Length', 400, get('Content-Length: \xA01')],
  ['a no-break space around Transfer-Encoding', 501, get('Transfer-Encoding: chunked\xA0')],
  ['DEL in a value', 400, get('x: \x7F')],
  ['ESC in a value', 400, get('x: \x1B[0m')],
  ['101 headers', 431, get(...many(100))],
  ['an empty Content-Length', 400, get('Content-Length:')],
  ['a Content-Length with a plus', 400, get('Content-Length: +1')],
  ['a Content-Length with a minus', 400, get('Content-Length: -1')],
  ['a Content-Length in hexadecimal', 400, get('Content-Length: 0x10')],
  ['a Content-Length with an exponent', 400, get('Content-Length: 1e3')],
  ['a Content-Length with a fraction', 400, get('Content-Length: 1.0')],
  ['a Content-Length with a space inside', 400, get('Content-Length: 1 2')],
  ['a Content-Length beyond what a number holds', 400, get('Content-Length: 9999999999999999')],
  ['two Content-Lengths', 400, get('Content-Length: 1', 'Content-Length: 2')],
  ['two Content-Lengths that are the same', 400, get('Content-Length: 1', 'content-length: 1')],
  ['a list in Content-Length', 400, get('Content-Length: 1, 1')],
  ['Content-Length beside Transfer-Encoding', 400, get('Content-Length: 1', 'Transfer-Encoding: chunked')],
  ['Content-Length: 0 beside Transfer-Encoding', 400, get('Transfer-Encoding: chunked', 'Content-Length: 0')],
  ['Transfer-Encoding in HTTP/1.0', 400, head('POST / HTTP/1.0', 'Transfer-Encoding: chunked')],
  ['an empty Transfer-Encoding', 501, get('Transfer-Encoding:')],
  ['Transfer-Encoding: identity', 501, get('Transfer-Encoding: identity')],
  ['Transfer-Encoding: gzip, chunked', 501, get('Transfer-Encoding: gzip, chunked')],
  ['chunked twice', 501, get('Transfer-Encoding: chunked, chunked')],
  ['chunked in two headers', 501, get('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
  ['chunked with a parameter', 501, get('Transfer-Encoding: chunked;a=b')],
  ['another expectation', 417, get('Expect: 200-ok')],
  ['two expectations', 417, get('Expect: 100-continue', 'Expect: 100-continue')],
];

describe('the head of a request', () => {
  it.each(REFUSED)('is refused for %s, with %i', (_, status, text) => {
    expect(parseHead(text)).toBe(status);
  });

  const lengths: readonly (readonly [what: string, length: number | 'chunked', text: string])[] = [
    ['without a body', 0, get()],
    ['of a length', 12, get('CONTENT-LENGTH: 12')],
    ['of a length with zeros before it', 12, get('Content-Length: 0012')],
    ['of a length with blanks around it', 12, get('Content-Length:\t 12 \t')],
    ['in chunks', 'chunked', get('Transfer-Encoding: chunked')],
    ['in chunks, in capitals', 'chunked', get('TRANSFER-ENCODING: CHUNKED')],
  ];
  it.each(lengths)('says how much follows: %s', (_, length, text) => {
    expect(accepted(text).bodyLength).toBe(length);
  });

  const targets: readonly (readonly [target: string, read: string])[] = [
    ['/', '/'],
    ['/a?b=c&d', '/a?b=c&d'],
    ['//a/../b', '//a/../b'],
    ['/%E6%94%BE', '/%E6%94%BE'],
    ['/"<>\\^`{|}', '/"<>\\^`{|}'],
    ['http://a.b:80/c?d', '/c?d'],
    ['HTTPS://a', '/'],
    ['http://[::1]?x', '/?x'],
  ];
  it.each(targets)('has the target %s, read as %s', (target, read) => {
    expect(accepted(head(`GET ${target} HTTP/1.1`, 'Host: a')).target).toBe(read);
  });

  it.each(['GET', 'M-SEARCH', 'A', 'VERSION_2', 'A'.repeat(32)])('has the method %s', (method) => {
    expect(accepted(head(`${method} / HTTP/1.1`, 'Host: a')).method).toBe(method);
  });

  it.each(['a', 'a.b:8080', '[::1]:80', '', '%C3%A9', 'a_b'])('has the Host "%s"', (host) => {
    expect(accepted(head('GET / HTTP/1.1', `Host: ${host}`)).header('host')).toBe(host);
  });

  it('of HTTP/1.0 needs no Host, keeps no connection and waits for no word', () => {
    const parsed = accepted(head('GET / HTTP/1.0', 'Connection: keep-alive', 'Expect: 100-continue'));
    expect(parsed).toMatchObject({ isHttp10: true, allowsKeeping: false, expectsContinue: false });
  });

  it.each([
    ['keep-alive', true],
    ['close', false],
    ['Close', false],
    ['keep-alive, close', false],
    ['close,\tupgrade', false],
    ['closed', true],
    ['not-close', true],
    ['close\xA0', true],
  ])('with Connection: %s allows keeping it: %s', (value, isAllowed) => {
    expect(accepted(get(`Connection: ${value}`)).allowsKeeping).toBe(isAllowed);
  });

  it('says when its sender waits for a word', () => {
    expect(accepted(get()).expectsContinue).toBe(false);
    expect(accepted(get('Expect: 100-Continue')).expectsContinue).toBe(true);
  });

  it('joins headers that are repeated by a comma, cookies by a semicolon', () => {
    const parsed = accepted(get('X: 1', 'Cookie: a=1', 'x: 2', 'cookie: b=2', 'y:'));
    expect(parsed.header('x')).toBe('1, 2');
    expect(parsed.header('cookie')).toBe('a=1; b=2');
    expect(parsed.header('y')).toBe('');
    expect(parsed.header('z')).toBeUndefined();
    expect(parsed.headers()).toEqual([
      ['host', 'a'],
      ['x', '1'],
      ['cookie', 'a=1'],
      ['x', '2'],
      ['cookie', 'b=2'],
      ['y', ''],
    ]);
  });

  it('takes spaces and tabs off a value, and nothing else', () => {
    expect(accepted(get('x: \t \xA0a \t b\xA0\t ')).header('x')).toBe('\xA0a \t b\xA0');
  });

  it('may have 100 headers', () => {
    expect(accepted(get(...many(99))).headers()).toHaveLength(100);
  });

  it.each(['__proto__', 'constructor', 'toString'])('has no header %s unless it was sent', (name) => {
    expect(accepted(get()).header(name.toLowerCase())).toBeUndefined();
    expect(accepted(get(`${name}: 1`)).header(name.toLowerCase())).toBe('1');
  });

  it.each([
    ['of commas and spaces in Connection', `Connection: ${', '.repeat(8_000)}`],
    ['of spaces in Connection', `Connection:a${' '.repeat(16_000)}b`],
    ['of blanks around a value', `x:${' \t'.repeat(8_000)}`],
  ])('is read in no time, whatever there is %s', (_, line) => {
    const began = performance.now();
    expect(accepted(get(line)).allowsKeeping).toBe(true);
    expect(performance.now() - began).toBeLessThan(100);
  });
});
