import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parseCredentialsFile, parseCsv } from '../../loadtest/profiles/credentials-csv.ts';
import { checkCredentialsFile, openCandidates, recordsOf } from '../../loadtest/rehearse/credentials-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'fangbang-credentials-'));
const path = join(folder, 'some.credentials.csv');
afterAll(() => rmSync(folder, { recursive: true }));

const EXPECTED = `"${JSON.stringify({
  candidate: { number: '1', name: '林泽' },
  status: 'scored',
  components: [['chinese', 101]],
}).replaceAll('"', '""')}"`;

function write(text: string): string {
  writeFileSync(path, text);
  return path;
}

test('records are those of the whole text, with the lines on which they begin', () => {
  const field = fc.string({ unit: fc.constantFrom('a', '林', '"', ',', '\n', '\r', '1') });
  const row = fc.array(
    field.map((one) => `"x${one.replaceAll('"', '""')}"`),
    { minLength: 1, maxLength: 3 },
  );
  const newline = fc.constantFrom('\n', '\r\n', '\n\n');
  fc.assert(
    fc.property(fc.array(row, { maxLength: 6 }), newline, fc.boolean(), (rows, between, hasEnd) => {
      const text = rows.map((one) => one.join(',')).join(between) + (hasEnd ? between : '');
      const records = [...recordsOf(write(text))];
      const whole = parseCsv(text);
      expect(records.map(({ line }) => line)).toEqual(whole.map(({ line }) => line));
      expect(records.map((one) => parseCsv(one.text)[0]?.fields)).toEqual(whole.map(({ fields }) => fields));
    }),
  );
});

test('a candidate is read when it is asked for, as from the whole text, also far beyond the first piece read', () => {
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i},"林\n泽",${EXPECTED}`);
  const text = ['\uFEFFcandidateNumber,name,expected', ...rows, ''].join('\r\n');
  const candidates = openCandidates(write(text));
  const whole = parseCredentialsFile(text);
  expect(candidates.length).toBe(whole.length);
  for (const row of [0, 1, 7_777, 19_999]) expect(candidates[row]).toEqual(whole[row]);
  expect(candidates[20_000]).toBeUndefined();
  expect(checkCredentialsFile(path)).toEqual({ count: 20_000, first: whole[0] });
});

test.each([
  ['', 'is empty'],
  ['candidateNumber\n1\n', 'has no column "expected"'],
  [
    `n,expected\n1,${EXPECTED}\n\n"a\nb",${EXPECTED}\nSECRET,{}\n`,
    'line 6: "expected" is not of the known form',
  ],
  [`n,expected\n1,${EXPECTED}\nSECRET\n`, 'line 3: 1 fields instead of 2'],
  [`n,expected\n1,${EXPECTED}\n"SECRET,1\n`, 'line 3: a quote is never closed'],
])('the credentials file %j is refused by its line, without a word of its content', (text, message) => {
  write(text);
  expect(() => checkCredentialsFile(path)).toThrow(message);
  expect(() => checkCredentialsFile(path)).not.toThrow('SECRET');
});
