/**
 * @module The reject file: safe to open in a spreadsheet, whole or not there, for its owner's eyes.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withoutFormula } from '../../loader-cli/pipeline/csv-text.ts';
import type { Reject } from '../../loader-cli/pipeline/reject-codes.ts';
import { REJECT_CODES, REJECT_REASONS, rejectMessage } from '../../loader-cli/pipeline/reject-codes.ts';
import { defaultRejectFile, RejectFile } from '../../loader-cli/pipeline/reject-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fangbang-rejects-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const REJECT: Reject = {
  file: 0,
  line: 17,
  column: '总分',
  code: 'total-is-not-sum',
  message: rejectMessage('total-is-not-sum'),
  candidateNumber: '26330101000001',
};

describe('the reject file', () => {
  test('is UTF-8 with a mark, one line per reject, readable by its owner alone', () => {
    const path = join(folder, 'r.csv');
    const file = new RejectFile(path, false);
    file.add(REJECT, 'a.csv');
    file.add({ ...REJECT, line: 18, column: undefined, candidateNumber: undefined }, 'a.csv');
    expect(readdirSync(folder)).not.toContain('r.csv');
    expect(file.finish()).toBe(path);
    expect(readFileSync(path, 'utf8')).toBe(
      [
        '\uFEFFline,column,code,message,candidateNumber',
        '17,总分,total-is-not-sum,总分不等于各科之和 / the total is not the sum of the marks,26330101000001',
        '18,,total-is-not-sum,总分不等于各科之和 / the total is not the sum of the marks,',
        '',
      ].join('\r\n'),
    );
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['r.csv']);
  });

  test('names the file when there are several', () => {
    const path = join(folder, 'r.csv');
    const file = new RejectFile(path, true);
    file.add(REJECT, '=a.csv');
    file.finish();
    const [row] = parse<Record<string, string>>(readFileSync(path, 'utf8'), { bom: true, columns: true });
    expect(row).toMatchObject({ line: '17', file: "'=a.csv" });
  });

  test('is not written when nothing was rejected, and an earlier one stays as it is', () => {
    const path = join(folder, 'r.csv');
    writeFileSync(path, 'earlier');
    const file = new RejectFile(path, false);
    expect(file.finish()).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe('earlier');
  });

  test('that is begun again holds only what came after, and none is left when that is nothing', () => {
    const path = join(folder, 'r.csv');
    const file = new RejectFile(path, false);
    for (let line = 1; line < 3_000; line += 1) file.add({ ...REJECT, line }, 'a.csv');
    file.restart();
    file.add({ ...REJECT, line: 7 }, 'a.csv');
    file.finish();
    expect(readFileSync(path, 'utf8').split('\r\n')).toHaveLength(3);
    const other = new RejectFile(join(folder, 's.csv'), false);
    other.add(REJECT, 'a.csv');
    other.restart();
    expect(other.finish()).toBeUndefined();
    expect(readdirSync(folder)).toEqual(['r.csv']);
  });

  test('that is discarded leaves nothing behind', () => {
    const file = new RejectFile(join(folder, 'r.csv'), false);
    for (let line = 1; line < 3_000; line += 1) file.add({ ...REJECT, line }, 'a.csv');
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that cannot be written says how to put it elsewhere', () => {
    const file = new RejectFile(join(folder, 'nowhere', 'r.csv'), false);
    expect(() => file.add(REJECT, 'a.csv')).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'put it elsewhere: --reject-file F' }) as Error,
    );
  });
});

test.each([
  ['results.csv', 'results.rejects.csv'],
  ['dir.csv/results.csv.gz', 'dir.csv/results.rejects.csv'],
  ['a.b.TXT', 'a.b.rejects.csv'],
  ['noending', 'noending.rejects.csv'],
  ['-', 'standard-input.rejects.csv'],
])('the reject file of %s is %s by default', (path, expected) => {
  expect(defaultRejectFile(path)).toBe(expected);
});

test('no cell can begin a formula, and every other cell is as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('=+-@\t\r＝1aA张\'" ')) }), (text) => {
      const safe = withoutFormula(text);
      expect(safe).not.toMatch(/^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/);
      expect([text, `'${text}`]).toContain(safe);
      expect(safe === text || !/^[0-9a-zA-Z张]/.test(text)).toBe(true);
    }),
  );
});

test('every code has a meaning and an advice in both languages', () => {
  for (const code of REJECT_CODES) {
    const { meaning, advice } = REJECT_REASONS[code];
    for (const text of [meaning, advice]) {
      expect(text.zh).toMatch(/\p{Script=Han}/u);
      expect(text.en).toMatch(/^[A-Za-z0-9][^\p{Script=Han}]*(?:缺考)?[^\p{Script=Han}]*$/u);
    }
  }
});
