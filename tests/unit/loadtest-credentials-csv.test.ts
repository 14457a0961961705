import fc from 'fast-check';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { parseCredentialsFile, parseCsv } from '../../loadtest/profiles/credentials-csv.ts';

const expected = {
  candidate: { number: '1', name: '林,"泽"' },
  status: 'scored',
  components: [['chinese', 101]],
};

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function isPlain(text: string): boolean {
  return !/[",\r\n]/.test(text);
}

test('what any writer of CSV writes is read as csv-parse reads it', () => {
  const field = fc.string({ unit: fc.constantFrom('a', '林', '"', ',', '\n', '\r', ' ', '1') });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(field, field, fc.boolean()), { minLength: 1, maxLength: 8 }),
      fc.constantFrom('\n', '\r\n'),
      (rows, newline) => {
        const text = rows
          .map(([a, b, quote]) => [a, b].map((f) => (quote || !isPlain(f) ? quoted(f) : f)).join(','))
          .join(newline);
        expect(parseCsv(text).map(({ fields }) => fields)).toEqual(parse(text, { recordDelimiter: newline }));
      },
    ),
  );
});

test('a record is named by the line on which it begins, also after line breaks inside quotes', () => {
  expect(parseCsv('a,b\n"x\ny",1\n\nc,d\n').map(({ line }) => line)).toEqual([1, 2, 5]);
});

test.each([
  ['a,b\n"x,1\n', 'line 2: a quote is never closed'],
  ['a,b\n"x"y,1\n', 'line 2: text after a closing quote'],
])('%j is an error with its line', (text, message) => {
  expect(() => parseCsv(text)).toThrow(message);
});

test('a credentials file gives credentials by name and the truth', () => {
  const text = `\uFEFFcandidateNumber,identityNumber,expected\r\n1,2,${quoted(JSON.stringify(expected))}\r\n`;
  expect(parseCredentialsFile(text)).toEqual([
    { credentials: { candidateNumber: '1', identityNumber: '2' }, expected },
  ]);
});

test.each([
  ['', 'is empty'],
  ['candidateNumber\n1\n', 'has no column "expected"'],
  ['n,expected\nSECRET,{}\n', 'line 2: "expected" is not of the known form'],
  ['n,expected\nSECRET\n', 'line 2: 1 fields instead of 2'],
  [
    `n,expected\nSECRET,${quoted(JSON.stringify({ ...expected, footer: 'x' }))}\n`,
    'line 2: "expected" is not of the known form',
  ],
])('the credentials file %j is refused without a word of its content', (text, message) => {
  expect(() => parseCredentialsFile(text)).toThrow(message);
  expect(() => parseCredentialsFile(text)).not.toThrow('SECRET');
});

test('the parts of several instances are every n-th row, none twice and none left out', () => {
  const rows = Array.from({ length: 10 }, (_, i) => `${i},${quoted(JSON.stringify(expected))}`);
  const text = ['number,expected', ...rows].join('\n');
  const numbers = [0, 1, 2].map((index) =>
    parseCredentialsFile(text, { index, of: 3 }).map(({ credentials }) => credentials['number']),
  );
  expect(numbers).toEqual([
    ['0', '3', '6', '9'],
    ['1', '4', '7'],
    ['2', '5', '8'],
  ]);
});
