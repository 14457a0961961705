import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BodyState, RequestBody } from '../../service/http1/request-body.ts';
import { ChunkedBody, SizedBody } from '../../service/http1/request-body.ts';
import { refusedChunks } from '../helpers/http1-refused.ts';

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

  it.each(refusedChunks(MOST_BYTES))('is refused for %s, with %i', (_, status, text) => {
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
