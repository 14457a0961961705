import { expect, test } from 'vitest';
import { ERROR_KINDS, type ErrorCode, FangbangError, isErrorCode } from '../../service/results/errors.ts';
import { readMigrations } from '../../service/results/migrate.ts';

const codes = Object.keys(ERROR_KINDS) as ErrorCode[];

test('an error knows its code, its kind, and what to do next', () => {
  const cause = new Error('deeper');
  const error = new FangbangError('not-warmed', 'batch 3 is not in Redis', {
    hint: 'run: fangbang warm 3',
    faults: ['one'],
    cause,
  });
  expect(error).toMatchObject({
    name: 'FangbangError',
    code: 'not-warmed',
    kind: 'state',
    message: 'batch 3 is not in Redis',
    hint: 'run: fangbang warm 3',
    faults: ['one'],
    cause,
  });
  const bare = new FangbangError('usage', 'x');
  expect(bare).toMatchObject({ hint: undefined, faults: [] });
  expect('cause' in bare).toBe(false);
});

test('a word is a code only when the catalogue has it', () => {
  for (const code of codes) expect(isErrorCode(code)).toBe(true);
  for (const word of ['', 'toString', '__proto__', 'constructor', 'not-a-code'])
    expect(isErrorCode(word)).toBe(false);
});

test('codes are kebab-case and of a known kind', () => {
  for (const code of codes) {
    expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(['usage', 'data', 'state', 'store', 'fault']).toContain(ERROR_KINDS[code]);
  }
});

test('every refusal of the database has a code of the catalogue', () => {
  const sql = readMigrations()
    .map((m) => m.sql)
    .join('\n');
  const refusals = [...sql.matchAll(/fangbang\.refuse\(\s*'([^']*)'/g)].map((m) => m[1] ?? '');
  expect(refusals.length).toBeGreaterThan(15);
  expect(refusals.filter((code) => !isErrorCode(code))).toEqual([]);
  // No refusal gets past the pattern above.
  expect(sql.match(/perform fangbang\.refuse\(/g)).toHaveLength(refusals.length);
});

test('constraints that stand for a refusal are named by its code', () => {
  const sql = readMigrations()
    .map((m) => m.sql)
    .join('\n');
  const named = [...sql.matchAll(/constraint "([^"]+)"/g)].map((m) => m[1] ?? '');
  expect(named).toEqual(
    expect.arrayContaining([
      'approver-is-loader',
      'checksum-differs',
      'before-approved-opening',
      'not-approved',
      'batch-is-incomplete',
    ]),
  );
  expect(named.filter((name) => !isErrorCode(name))).toEqual(['withdraw-has-no-batch']);
});
