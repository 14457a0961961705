import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyState, RequestBody } from '../../service/http1/request-body.ts';
import { ChunkedBody, SizedBody } from '../../service/http1/request-body.ts';

const MOST_BYTES = 1_000;

interface Reading {
  readonly state: BodyState;
  /** Latin-1; when it is done. */
  readonly text: string;
  /** What it left to what follows. */
  readonly left: string;
}

/** What a body makes of these pieces, each given as often as it is taken from, as a connection does. */
function read(body: RequestBody, pieces: readonly Buffer[]): Reading {
  let input = Buffer.alloc(0);
  for (const piece of pieces) {
    input = Buffer.concat([input, piece]);
    if (body.state === 'more') input = input.subarray(body.take(input));
  }
  const { state } = body;
  return {
    state,
    text: state === 'done' ? body.bytes.toString('latin1') : '',
    left: state === 'done' ? input.toString('latin1') : '',
  };
}

const chunked = (text: string): Reading => read(new ChunkedBody(MOST_BYTES), [Buffer.from(text, 'latin1')]);

/** Pieces of `bytes`, cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, i) => bytes.subarray(from, sorted[i] ?? bytes.length));
}

const anyText = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const places = fc.array(fc.nat(), { maxLength: 40 });
const chunks = fc.array(
  fc.record({
    data: anyText.filter(({ length }) => length > 0),
    zeros: fc.nat({ max: 3 }),
    isUpper: fc.boolean(),
    extension: fc.constantFrom('', ';a', ';a=b', ';a="b;\\" c"', ';a;b=1'),
  }),
  { maxLength: 3 },
);

describe('a body of an announced length', () => {
  it('is the same in every split, and leaves what follows', () => {
    fc.assert(
      fc.property(anyText, anyText, places, (text, next, at) => {
        const pieces = cut(Buffer.from(text + next, 'latin1'), at);
        expect(read(new SizedBody(text.length), pieces)).toEqual({ state: 'done', text, left: next });
      }),
    );
  });

  it('is not done before its last byte', () => {
    expect(read(new SizedBody(4), [Buffer.from('abc')]).state).toBe('more');
  });

  it('does not take memory for what was only announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const bodies = Array.from({ length: 200 }, () => new SizedBody(1024 * 1024));
    for (const body of bodies) body.take(Buffer.from('a'));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 1024 * 1024);
  });
});

describe('a body in chunks', () => {
  it('is the same in every split, and leaves what follows', () => {
    fc.assert(
      fc.property(chunks, fc.constantFrom('', 'a: b\r\n'), anyText, places, (list, trailer, next, at) => {
        const coded = list.map(({ data, zeros, isUpper, extension }) => {
          const size = '0'.repeat(zeros) + data.length.toString(16);
          return `${isUpper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
        });
        const bytes = Buffer.from(`${coded.join('')}0\r\n${trailer}\r\n${next}`, 'latin1');
        const text = list.map(({ data }) => data).join('');
        expect(read(new ChunkedBody(MOST_BYTES), cut(bytes, at))).toEqual({
          state: 'done',
          text,
          left: next,
        });
      }),
    );
  });

  it('is refused in the same way in every split', () => {
    const noise = fc.string({
      unit: fc.constantFrom('1', 'a', '0', '\r', '\n', ';', ' ', ':', 'x', '"', '='),
    });
    fc.assert(
      fc.property(noise, places, (text, at) => {
        const whole = read(new ChunkedBody(MOST_BYTES), [Buffer.from(text)]);
        expect(read(new ChunkedBody(MOST_BYTES), cut(Buffer.from(text), at))).toEqual(whole);
      }),
      { numRuns: 500 },
    );
  });

  const refused: readonly (readonly [what: string, status: 400 | 413, text: string])[] = [
    ['no size', 400, '\r\n'],
    ['a size that is no number', 400, 'g\r\n'],
    ['a size with a sign', 400, '+1\r\na\r\n0\r\n\r\n'],
    ['a negative size', 400, '-1\r\n'],
    ['a size with 0x', 400, '0x1\r\na\r\n'],
    ['a size with a space before it', 400, ' 1\r\na\r\n'],
    ['a size with a space after it', 400, '1 \r\na\r\n'],
    ['a size with an underscore', 400, '1_0\r\n'],
    ['a size of nine digits', 400, '000000001\r\na\r\n'],
    ['a size of 16 digits, which overflows', 400, '10000000000000001\r\na\r\n'],
    ['a bare LF after a size', 400, '1\na\r\n0\r\n\r\n'],
    ['a bare CR after a size', 400, '1\ra\r\n0\r\n\r\n'],
    ['CR CR LF after a size', 400, '1\r\r\na\r\n'],
    ['a bare LF in an extension', 400, '1;a\n\r\na\r\n'],
    ['a control character in an extension', 400, '1;a\0\r\na\r\n'],
    ['an extension without a name', 400, '1;\r\na\r\n'],
    ['an open quotation in an extension', 400, '1;a="b\r\na\r\n'],
    ['an extension of 257 bytes', 400, `1;${'a'.repeat(255)}\r\na\r\n`],
    ['a chunk longer than its size', 400, '1\r\nab\r\n'],
    ['a bare LF after a chunk', 400, '1\r\na\n0\r\n\r\n'],
    ['a bare CR after a chunk', 400, '1\r\na\r0\r\n\r\n'],
    ['a trailer without a colon', 400, '0\r\na\r\n\r\n'],
    ['a folded trailer', 400, '0\r\na: b\r\n c\r\n\r\n'],
    ['a space before the colon of a trailer', 400, '0\r\na : b\r\n\r\n'],
    ['a bare LF after the trailers', 400, '0\r\n\n'],
    ['17 trailers', 400, `0\r\n${'a: b\r\n'.repeat(17)}\r\n`],
    ['one byte too many in one chunk', 413, '3e9\r\n'],
    ['one byte too many in two chunks', 413, `3e8\r\n${'a'.repeat(1000)}\r\n1\r\n`],
    ['a chunk of 4 GB', 413, 'ffffffff\r\n'],
  ];
  it.each(refused)('is refused for %s, with %i', (_, status, text) => {
    expect(chunked(text).state).toBe(status);
  });

  it.each([
    ['an extension of 254 bytes', `1;${'a'.repeat(254)}\r\na\r\n0\r\n\r\n`],
    ['8 digits', '00000001\r\na\r\n0\r\n\r\n'],
    ['15 trailers', `1\r\na\r\n0\r\n${'a: b\r\n'.repeat(15)}\r\n`],
    ['an extension after the last chunk', '1\r\na\r\n0;last\r\n\r\n'],
  ])('may have %s', (_, text) => {
    expect(chunked(text)).toEqual({ state: 'done', text: 'a', left: '' });
  });

  it('may be as long as the limit', () => {
    const text = 'a'.repeat(MOST_BYTES);
    expect(chunked(`3e8\r\n${text}\r\n0\r\n\r\n`)).toEqual({ state: 'done', text, left: '' });
  });

  it('in chunks of one byte takes no more memory than its bytes', () => {
    const coded = Buffer.from('1\r\na\r\n'.repeat(60_000));
    const bodies = Array.from({ length: 20 }, () => new ChunkedBody(64 * 1024));
    const before = process.memoryUsage().heapUsed;
    for (const body of bodies) expect(body.take(coded)).toBe(coded.length);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
  });
});
