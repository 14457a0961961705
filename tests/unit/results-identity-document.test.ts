import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DOCUMENT_KINDS, type DocumentKind } from '../../service/results/definition.ts';
import {
  checkCharacter,
  checkDocumentNumber,
  type DocumentFault,
} from '../../service/results/identity-document.ts';

/** The first 17 digits and the check character that belongs to them. */
function checked(first17: string): string {
  return first17 + checkCharacter(first17);
}

test('the test vector of GB 11643', () => {
  expect(checkCharacter('11010519491231002')).toBe('X');
  expect(checkDocumentNumber('11010519491231002X', ['resident-identity'])).toBeUndefined();
});

test('the check character is ISO 7064 MOD 11-2', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { minLength: 17, maxLength: 17 }), (digits) => {
      const last = checkCharacter(digits.join(''));
      // The standard's own form: the sum of digit × 2^(17 − place), check included, leaves 1 by 11.
      let sum = last === 'X' ? 10 : Number(last);
      for (const [i, digit] of digits.entries()) sum += digit * 2 ** (17 - i);
      expect(sum % 11).toBe(1);
    }),
  );
});

test('one wrong digit, or two neighbours exchanged, is always found', () => {
  const number = '11010519491231002X';
  const changed = new Set<string>();
  for (let i = 0; i < 17; i += 1) {
    for (let digit = 0; digit < 10; digit += 1) changed.add(number.slice(0, i) + digit + number.slice(i + 1));
    changed.add(number.slice(0, i) + number.charAt(i + 1) + number.charAt(i) + number.slice(i + 2));
  }
  changed.delete(number);
  expect(changed.size).toBeGreaterThan(150);
  expect([...changed].filter((other) => checkDocumentNumber(other, DOCUMENT_KINDS) === undefined)).toEqual(
    [],
  );
});

describe('each kind of document', () => {
  test.for<readonly [kind: DocumentKind, number: string]>([
    ['resident-identity', '11010519491231002X'],
    ['resident-identity', checked('44030620080229001')],
    ['resident-identity', checked('71000019900101001')],
    ['residence-permit', checked('81000019900101001')],
    ['residence-permit', checked('82000019900101002')],
    ['residence-permit', checked('83000019900101003')],
    ['foreign-permanent-residence', checked('91115619900101001')],
    ['foreign-permanent-residence', 'USA110090010101'],
    ['travel-permit', 'H12345678'],
    ['travel-permit', 'M1234567890'],
    ['travel-permit', '12345678'],
    ['travel-permit', '1234567890'],
    ['passport', 'E12345678'],
    ['passport', '09AB12345'],
    ['passport', 'EA1234567'],
    ['passport', '12345'],
  ])('%s: %s is sound', ([kind, number]) => {
    expect(checkDocumentNumber(number, [kind])).toBeUndefined();
    expect(checkDocumentNumber(number, DOCUMENT_KINDS)).toBeUndefined();
  });

  test.for<readonly [kind: DocumentKind, number: string, fault: DocumentFault]>([
    ['resident-identity', '110105194912310021', 'wrong-check-character'],
    ['resident-identity', '110105491231002', 'old-15-digit-number'],
    ['resident-identity', checked('11010519490229001'), 'impossible-birth-date'],
    ['resident-identity', checked('11010519000229001'), 'impossible-birth-date'],
    ['resident-identity', checked('11010518991231001'), 'impossible-birth-date'],
    ['resident-identity', checked('11010521000101001'), 'impossible-birth-date'],
    ['resident-identity', checked('11010519490001001'), 'impossible-birth-date'],
    ['resident-identity', checked('11010519491301001'), 'impossible-birth-date'],
    ['resident-identity', checked('11010519490100001'), 'impossible-birth-date'],
    ['resident-identity', checked('11010519490431001'), 'impossible-birth-date'],
    ['resident-identity', checked('01010519491231001'), 'not-a-document-number'],
    ['resident-identity', checked('91010519491231001'), 'not-a-document-number'],
    ['resident-identity', checked('81000019900101001'), 'not-a-document-number'],
    ['resident-identity', '11010519491231002x', 'not-a-document-number'],
    ['resident-identity', '1101051949123100X2', 'not-a-document-number'],
    ['resident-identity', '11010519491231002X ', 'not-a-document-number'],
    ['resident-identity', '11010519491231002X\n', 'not-a-document-number'],
    ['residence-permit', '11010519491231002X', 'not-a-document-number'],
    ['residence-permit', checked('84000019900101001'), 'not-a-document-number'],
    [
      'residence-permit',
      `81000019900101001${checkCharacter('81000019900101001') === '0' ? '1' : '0'}`,
      'wrong-check-character',
    ],
    ['foreign-permanent-residence', 'US1110090010101', 'not-a-document-number'],
    ['foreign-permanent-residence', checked('91115619901301001'), 'impossible-birth-date'],
    ['travel-permit', 'H123456789', 'not-a-document-number'],
    ['travel-permit', 'X12345678', 'not-a-document-number'],
    ['travel-permit', '123456789', 'not-a-document-number'],
    ['passport', 'ABCDE', 'not-a-document-number'],
    ['passport', 'A123', 'not-a-document-number'],
    ['passport', 'A123456789', 'not-a-document-number'],
    ['passport', 'E1234 678', 'not-a-document-number'],
  ])('%s: %s is not: %s', ([kind, number, fault]) => {
    expect(checkDocumentNumber(number, [kind])).toBe(fault);
  });

  test('the 29th of February is a date in a leap year only', () => {
    for (const [year, isLeap] of [
      ['2000', true],
      ['2004', true],
      ['1900', false],
      ['2005', false],
    ] as const) {
      const fault = checkDocumentNumber(checked(`110105${year}0229001`), ['resident-identity']);
      expect(fault === undefined).toBe(isLeap);
    }
  });
});

test('of several kinds the fault that says most is told', () => {
  expect(checkDocumentNumber('110105194912310021', DOCUMENT_KINDS)).toBe('wrong-check-character');
  expect(checkDocumentNumber('110105491231002', DOCUMENT_KINDS)).toBe('old-15-digit-number');
  expect(checkDocumentNumber('110105491231002', ['passport'])).toBe('not-a-document-number');
  expect(checkDocumentNumber('林泽', DOCUMENT_KINDS)).toBe('not-a-document-number');
});

test('whatever is a number is of digits and capitals', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 25 }), (text) => {
      const isSound = checkDocumentNumber(text, DOCUMENT_KINDS) === undefined;
      expect(!isSound || /^[0-9A-Z]+$/.test(text)).toBe(true);
    }),
  );
});

test('birth dates are those of the calendar from 1900 to 2099', () => {
  const two = (value: number): string => String(value).padStart(2, '0');
  for (let year = 1899; year <= 2100; year += 1) {
    for (let month = 0; month <= 13; month += 1) {
      for (let day = 0; day <= 32; day += 1) {
        const date = new Date(Date.UTC(year, month - 1, day));
        const isDate =
          year >= 1900 && year <= 2099 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
        const number = checked(`110105${year}${two(month)}${two(day)}001`);
        expect(checkDocumentNumber(number, ['resident-identity']) === undefined, number).toBe(isDate);
      }
    }
  }
});
