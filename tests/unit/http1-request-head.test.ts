import { describe, expect, it } from 'vitest';
import { RequestHead, parseRequestHead } from '../../service/http1/request-head.ts';
import { REFUSED_HEADS, get, head, many } from '../helpers/http1-refused.ts';

function parseHead(text: string): ReturnType<typeof parseRequestHead> {
  // With what follows a head, which is none of it.
  const bytes = Buffer.from(`${text}\r\n\r\nbody: 1`, 'latin1');
  return parseRequestHead(bytes, text.length);
}

function accepted(text: string): RequestHead {
  const parsed = parseHead(text);
  expect(parsed).toBeInstanceOf(RequestHead);
  return parsed as RequestHead;
}

describe('the head of a request', () => {
  it.each(REFUSED_HEADS)('is refused for %s, with %i', (_, status, text) => {
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
