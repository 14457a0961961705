/**
 * Answers as they go over the wire, against the same put together as text.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Answer } from '../../service/http1/answer.ts';
import { makeAnswerKind } from '../../service/http1/answer.ts';
import { answerBytes } from '../../service/http1/answer-bytes.ts';
import { textAt } from '../../service/http1/recent-texts.ts';

const DATE = 'Sat, 28 Nov 2026 07:00:00 GMT';

/** A body that is written when it is sent. */
const written = (text: string): Answer['body'] => ({
  mostBytes: Buffer.byteLength(text) + 7,
  writeInto: (into) => into.write(text),
});

test.each([
  ['a text', 1],
  ['several times the room that is kept', 200_000],
])('the bytes of %s are those of its text', (_title, most) => {
  const texts = fc.string({ unit: fc.constantFrom('a', '"', '王', '\u{20000}'), maxLength: 60 });
  fc.assert(
    fc.property(
      fc.constantFrom(200, 204, 304, 404, 503),
      texts,
      fc.constantFrom('text', 'bytes', 'written'),
      fc.dictionary(
        fc.constantFrom('x-request-id', 'set-cookie', 'retry-after'),
        fc.string({ unit: fc.constantFrom('a', 'é', '=', ' '), maxLength: 400, size: 'max' }),
      ),
      fc.boolean(),
      fc.boolean(),
      (status, text, form, changing, isLast, isForHead) => {
        const whole = text.repeat(most);
        const body = form === 'text' ? whole : form === 'bytes' ? Buffer.from(whole) : written(whole);
        const kind = makeAnswerKind(status, { 'content-type': 'text/plain' });
        const { bytes, size } = answerBytes({ kind, changing, body }, { date: DATE, isLast, isForHead });
        const length = Buffer.byteLength(whole);
        const bodyless = status === 204 || status === 304;
        const lines = [
          kind.lines.toString('latin1').slice(0, -2),
          ...Object.entries(changing).map(([name, value]) => `${name}: ${value}`),
          ...(isLast ? ['connection: close'] : []),
          `date: ${DATE}`,
          ...(bodyless || (isForHead && length === 0) ? [] : [`content-length: ${length}`]),
        ];
        const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
        const expected = bodyless || isForHead ? head : Buffer.concat([head, Buffer.from(whole)]);
        expect(bytes.subarray(0, size).equals(expected)).toBe(true);
      },
    ),
    { numRuns: most === 1 ? 1_000 : 60 },
  );
});

test('a text that is read again is the same, and never another', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 70 }), { minLength: 2 }),
      (texts) => {
        for (const text of [...texts, ...texts]) {
          const bytes = Buffer.from(`..${text}..`, 'latin1');
          expect(textAt(bytes, 2, bytes.length - 2)).toBe(text);
        }
      },
    ),
    { numRuns: 500 },
  );
});
