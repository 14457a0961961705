import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkCredential, fixedLength } from '../../service/page/shared/credential-check.js';
import { normaliseCredential } from '../../service/results/credentials.ts';
import type { Credential, DocumentKind } from '../../service/results/definition.ts';
import { DOCUMENT_KINDS } from '../../service/results/definition.ts';
import { checkCharacter } from '../../service/results/identity-document.ts';

const title = { zh: '号', en: 'number' };
const base = { column: 'c', title, example: 'x', counted: false };

const kinds = fc.subarray([...DOCUMENT_KINDS], { minLength: 1 });
const credential: fc.Arbitrary<Credential> = fc.oneof(
  fc
    .constantFrom('[0-9]{14}', '[0-9]{12}', '[A-Z]{2}[0-9]{6}')
    .map((pattern): Credential => ({ ...base, kind: 'candidate-number', pattern })),
  fc.constant<Credential>({ ...base, kind: 'person-name' }),
  fc.constant<Credential>({ ...base, kind: 'text', pattern: '[0-9]{6}' }),
  fc.constant<Credential>({ ...base, kind: 'identity-number' }),
  kinds.map((documents: DocumentKind[]): Credential => ({ ...base, kind: 'identity-number', documents })),
);

const two = (n: number): string => String(n).padStart(2, '0');

/** Numbers near to sound ones: 18 digits with a right or wrong check character, permits, old numbers. */
const nearly = fc
  .tuple(
    fc.constantFrom('330106', '810000', '820000', '911100', '110105', '000000'),
    fc.oneof(fc.integer({ min: 1890, max: 2030 }), fc.integer({ min: 2095, max: 2105 })),
    fc.integer({ min: 0, max: 13 }),
    fc.integer({ min: 0, max: 32 }),
    fc.integer({ min: 0, max: 999 }),
    fc.constantFrom('', '0', 'X', 'x', 'O'),
  )
  .map(([region, year, month, day, sequence, check]) => {
    const first17 = `${region}${year}${two(month)}${two(day)}${String(sequence).padStart(3, '0')}`;
    return first17 + (check === '' ? checkCharacter(first17) : check);
  });
const characters = fc.constantFrom(
  ...'0123456789XxOIl１２３ＸABCHM林泽·•・ -–\u3000\u200b\ufeff\t\u0007\u0085E+.'.split(''),
);
const typed = fc.oneof(
  nearly,
  nearly.map((number) => number.replace(/\d/g, (d) => String.fromCharCode(d.charCodeAt(0) + 0xfee0))),
  nearly.map((number) => `${number.slice(0, 6)} ${number.slice(6)}`),
  fc.stringMatching(/^[0-9]{12,15}$/),
  fc.stringMatching(/^[HMA-Z][0-9]{8,10}$/),
  fc.stringMatching(/^[A-Z]{3}[0-9]{12}$/),
  fc.array(characters, { maxLength: 24 }).map((parts) => parts.join('')),
  fc.string({ maxLength: 120, unit: 'grapheme' }),
  fc.string({ maxLength: 8, unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  fc.integer({ min: 95, max: 500 }).map((length) => '1'.repeat(length)),
);

describe('what a candidate types', () => {
  it('is judged in the browser exactly as the service judges it', () => {
    fc.assert(
      fc.property(credential, typed, (given, raw) => {
        const service = normaliseCredential(given, raw);
        const field = {
          name: 'n',
          title: 't',
          kind: given.kind,
          ...(given.pattern === undefined ? {} : { pattern: given.pattern }),
          ...(given.documents === undefined ? {} : { documents: given.documents }),
        };
        const browser = checkCredential(field, raw);
        // The value counts only where there is no fault.
        const value = service.ok ? service.value : browser.value;
        expect(browser).toEqual({ value, fault: service.ok ? undefined : service.fault });
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the length that a pattern asks for', () => {
  it.each([
    ['[0-9]{14}', 14],
    ['\\d{6}', 6],
    ['[0-9]{6,8}', undefined],
    ['[A-Z][0-9]{6}', undefined],
    [undefined, undefined],
  ])('of %s is %s', (pattern, length) => {
    expect(fixedLength(pattern)).toBe(length);
  });
});
