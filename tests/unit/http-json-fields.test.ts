/**
 * Fields read from bytes are those that the runtime's parser reads.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonFields } from '../../service/http/json-fields.ts';

function byTheRuntime(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Own fields in their order, and nothing of a prototype. */
const picture = (fields: Record<string, unknown> | undefined): unknown =>
  fields === undefined
    ? undefined
    : [Object.getPrototypeOf(fields) === Object.prototype, Object.entries(fields)];

/** Whatever lies around them in the input, as the head before and the next request after them. */
function expectRight(body: Buffer): void {
  const right = picture(byTheRuntime(body));
  for (const [before, after] of SURROUNDINGS) {
    const bytes = Buffer.concat([Buffer.from(before), body, Buffer.from(after)]);
    const from = before.length;
    expect(picture(readJsonFields({ bytes, from, to: from + body.length }))).toEqual(right);
  }
}

const SURROUNDINGS = [
  ['', ''],
  ['POST / HTTP/1.1\r\n\r\n', 'POST / HTTP/1.1\r\n\r\n'],
  ['{"', '"}'],
  ['{', '}'],
  [' ', ' '],
] as const;

describe('the fields of a body', () => {
  it.each([
    '{"candidateNumber":"27330100012345","identityNumber":"11010519491231002X"}',
    ' {\n\t"a" : "b" ,\r\n "c":"" } ',
    '{}',
    '{"a":"1","a":"2"}',
    '{"__proto__":"x","constructor":"y","toString":"z"}',
    '{"a":"\\u4E2D\\n"}',
    '{"name":"王小明"}',
    '{"a":1,"b":null,"c":[1],"d":{"e":"f"}}',
    '{"1":"one","a":"b","0":"zero"}',
    '{"":"nameless"}',
    '{"a":"b",}',
    '{"a":"b"',
    '{"a":"b"}}',
    '{"a":"b"} x',
    '{"a" "b"}',
    '{"a":"b" "c":"d"}',
    '{a:"b"}',
    "{'a':'b'}",
    '{"a":"b\n"}',
    '{"a\\u0062":"b"}',
    '["a"]',
    '"a"',
    'null',
    '',
    '{',
    '{"',
    '{"a"',
    '{"a":',
    '{"a":"',
    '\uFEFF{"a":"b"}',
  ])('%j', (text) => {
    const body = Buffer.from(text);
    expectRight(body);
  });

  it('are right for bytes that are no UTF-8', () => {
    for (const byte of [0x7f, 0x80, 0xc3, 0xff]) {
      const body = Buffer.from([...Buffer.from('{"a":"'), byte, ...Buffer.from('"}')]);
      expectRight(body);
    }
  });

  it('are right for any objects of texts, and for what is left when characters are lost or changed', () => {
    const texts = fc.dictionary(
      fc.string({ unit: fc.constantFrom('a', 'Z', '1', '_', '"', '王'), maxLength: 3 }),
      fc.string({ unit: fc.constantFrom('a', ' ', '\\', '"', '~', '\u007F', '\u0001', '王'), maxLength: 4 }),
      { maxKeys: 3 },
    );
    fc.assert(
      fc.property(
        texts,
        fc.constantFrom(0, 1, 2),
        fc.nat(200),
        fc.constantFrom('', '"', '{', '}', ',', ':', ' ', '\\', 'x'),
        (fields, spaces, place, change) => {
          const text = JSON.stringify(fields, undefined, spaces);
          const at = place % (text.length + 1);
          for (const some of [text, text.slice(0, at) + change + text.slice(at + 1)]) {
            const body = Buffer.from(some);
            expectRight(body);
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });
});
