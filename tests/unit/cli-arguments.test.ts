import { describe, expect, it } from 'vitest';
import {
  parseBatchNumber,
  parseChecksumOption,
  parseCount,
  parseInstant,
} from '../../loader-cli/arguments.ts';
import { FangbangError } from '../../service/results/errors.ts';

function codeOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error instanceof FangbangError ? error.code : error;
  }
}

describe('an instant', () => {
  it.each([
    ['2026-06-25T09:00:00+08:00', '2026-06-25T01:00:00.000Z'],
    ['2026-06-25T09:00+08:00', '2026-06-25T01:00:00.000Z'],
    ['2026-06-25T09:00:00.000-02:30', '2026-06-25T11:30:00.000Z'],
    ['2028-02-29T23:59:59Z', '2028-02-29T23:59:59.000Z'],
  ])('%s is %s', (text, expected) => {
    const instant = parseInstant('--at', text);
    expect(instant === 'now' ? instant : instant.toISOString()).toBe(expected);
  });

  it('may be the word now', () => {
    expect(parseInstant('--at', 'now')).toBe('now');
  });

  it.each([
    undefined,
    '',
    'Now',
    'tomorrow',
    '2026-06-25',
    '2026-06-25 09:00:00+08:00',
    '2026-02-30T09:00:00+08:00',
    '2027-02-29T09:00:00+08:00',
    '2026-13-01T09:00:00+08:00',
    '2026-06-25T25:00:00+08:00',
    '2026-06-25T09:60:00+08:00',
    '2026-06-25T09:00:00+0800',
    '1750813200',
    '2026-06-25T09:00:00+08:00 ',
  ])('is not %j', (text) => {
    expect(codeOf(() => parseInstant('--at', text))).toBe('usage');
  });

  it('with a fraction of a second is refused with what to write', () => {
    expect(() => parseInstant('--at', '2026-06-25T09:00:00.5+08:00')).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: '--at takes whole seconds: a release time is shown without fractions',
        hint: 'write --at 2026-06-25T09:00:00+08:00',
      }),
    );
  });

  it('without an offset is refused with what to write', () => {
    expect(() => parseInstant('--not-before', '2026-06-25T09:00:00')).toThrow(
      expect.objectContaining({ hint: 'write --not-before 2026-06-25T09:00:00+08:00 for Beijing time' }),
    );
  });
});

describe('a batch number', () => {
  it.each([
    ['1', 1],
    ['2147483647', 2_147_483_647],
  ])('%s is one', (text, expected) => {
    expect(parseBatchNumber(text)).toBe(expected);
  });

  it.each([undefined, '', '0', '-1', '01', '1.0', '1e3', '2147483648', '99999999999', 'one', ' 1'])(
    '%j is none',
    (text) => {
      expect(codeOf(() => parseBatchNumber(text))).toBe('usage');
    },
  );
});

it('a checksum is taken with and without its prefix, and in no other form', () => {
  const hex = '0123456789abcdef'.repeat(4);
  for (const text of [hex, `sha256:${hex}`, ` SHA256:${hex.toUpperCase()} `])
    expect(parseChecksumOption(text).toString('hex')).toBe(hex);
  for (const text of [undefined, '', hex.slice(1), `${hex}0`, `md5:${hex}`, hex.replace('a', 'g')])
    expect(codeOf(() => parseChecksumOption(text))).toBe('usage');
});

it('a count is a whole number from 1 on, or not given', () => {
  expect(parseCount('--rate', undefined)).toBeUndefined();
  expect(parseCount('--rate', '20000')).toBe(20_000);
  for (const text of ['0', '-1', '1.5', '1e3', '', 'many', '1234567890'])
    expect(codeOf(() => parseCount('--rate', text))).toBe('usage');
});
