import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CredentialFault,
  matchCredentials,
  type Normalisation,
  normaliseCredential,
} from '../../service/results/credentials.ts';
import type { Credential } from '../../service/results/definition.ts';
import { preset } from '../helpers/definitions.ts';

const title = { zh: '名', en: 'name' };
const base = { column: '列', title, example: '1', counted: false };
const number14: Credential = { ...base, kind: 'candidate-number', pattern: '[0-9]{14}' };
const anyNumber: Credential = { ...base, kind: 'candidate-number' };
const identity: Credential = { ...base, kind: 'identity-number' };
const residentOnly: Credential = { ...identity, documents: ['resident-identity'] };
const personName: Credential = { ...base, kind: 'person-name' };
const pin: Credential = { ...base, kind: 'text', pattern: '[0-9A-Z]{4,8}' };
const KINDS = { number14, anyNumber, identity, residentOnly, personName, pin };

const ID = '11010519491231002X';

/** The value, or the word of its fault. */
function valueOf(credential: Credential, raw: string): string {
  const result = normaliseCredential(credential, raw);
  return result.ok ? result.value : result.fault;
}

function toFullWidth(text: string): string {
  return text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));
}

/** Any text: of single units with halves of pairs, of whole characters, and of those that a form gets. */
const anyText = fc.oneof(
  fc.array(fc.nat({ max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom(
      ...Array.from(
        '0123456789OoIlXxＸ０９ 　\t\n\u200b\u2068\u202a\ufeff\u00ad-－‐·•・･eE+.林泽𠮷\ud800\udc00ßıſﬁÅ',
      ),
    ),
    maxLength: 24,
  }),
);

describe('one value for every way to write it', () => {
  test.for<
    readonly [fact: string, credential: Credential, raw: string, value: string, ...changes: Normalisation[]]
  >([
    ['digits', number14, '26330101000001', '26330101000001'],
    ['full-width digits', number14, '２６３３０１０１０００００１', '26330101000001', 'full-width'],
    ['inner spaces', number14, ' 2633 0101 000001 ', '26330101000001', 'spaces'],
    [
      'an ideographic space, a no-break space, a tab',
      number14,
      '\u30002633\u00a00101\t000001',
      '26330101000001',
      'spaces',
    ],
    [
      'zero-width characters',
      number14,
      '\ufeff2633\u200b0101\u2060000001\u200d',
      '26330101000001',
      'zero-width',
    ],
    [
      'marks of direction, as copied from a message',
      number14,
      '\u202d26330101000001\u202c\u2068\u2069',
      '26330101000001',
      'zero-width',
    ],
    ['a capital X', identity, ID, ID],
    ['a lower-case x', identity, '11010519491231002x', ID, 'upper-case'],
    ['a full-width lower-case x', identity, '11010519491231002ｘ', ID, 'full-width', 'upper-case'],
    ['spaces and hyphens', identity, '110105-19491231-002X', ID, 'hyphens'],
    ['typographic hyphens', identity, '110105\u201019491231\u2013002X', ID, 'hyphens'],
    ['full-width hyphens', identity, '110105－19491231－002Ｘ', ID, 'full-width', 'hyphens'],
    ['a name', personName, '林泽', '林泽'],
    ['a name that was padded to three characters', personName, '林　泽', '林泽', 'spaces'],
    ['a Latin name', personName, 'Anna Lee', 'ANNALEE', 'spaces', 'upper-case'],
    ['a full-width Latin name', personName, 'Ａｎｎａ', 'ANNA', 'full-width', 'upper-case'],
    ['a letter and its accent', personName, 'ANDRE\u0301', 'ANDR\u00c9', 'compatibility-form'],
    ['a letter whose capital is two', personName, 'Strauß', 'STRAUSS', 'upper-case'],
    ['a compatibility ideograph', personName, '\uf9dc一', '隆一', 'compatibility-form'],
    ['a PIN in lower case', pin, 'a1b2', 'A1B2', 'upper-case'],
  ])('%s', ([, credential, raw, value, ...changes]) => {
    expect(normaliseCredential(credential, raw)).toEqual({ ok: true, value, changes });
  });

  test.for(['·', '•', '‧', '・', '･', '∙', '⋅', '\u0387'])('the middle dot %s of a name', (dot) => {
    expect(valueOf(personName, `买买提${dot}吐尔逊`)).toBe('买买提·吐尔逊');
  });

  test('in full width, with spaces and zero-width characters anywhere, every number is the same', () => {
    const filler = fc.constantFrom('', ' ', '\u3000', '\u200b', '\t', '\u2066');
    fc.assert(
      fc.property(
        fc.constantFrom(ID, 'H12345678', 'E12345678', '110101190001010014'),
        fc.array(filler, { minLength: 19, maxLength: 19 }),
        fc.boolean(),
        fc.boolean(),
        (plain, fillers, isWide, isLower) => {
          let raw = Array.from(plain, (c, i) => `${fillers[i] ?? ''}${c}`).join('') + (fillers[18] ?? '');
          if (isLower) raw = raw.toLowerCase();
          if (isWide) raw = toFullWidth(raw);
          expect(valueOf(identity, raw)).toBe(plain);
        },
      ),
      { numRuns: 2_000 },
    );
  }, 60_000);
});

describe('what could be another value is a fault', () => {
  test.for<readonly [fact: string, credential: Credential, raw: string, fault: CredentialFault]>([
    ['nothing', number14, '', 'empty'],
    ['only spaces and zero-width characters', personName, ' \u3000\u200b', 'empty'],
    ['a digit too few', number14, '2633010100000', 'pattern-mismatch'],
    ['a digit too many', number14, '263301010000011', 'pattern-mismatch'],
    ['a letter O for a zero', number14, '2633O101000001', 'letter-for-digit'],
    ['a small l for a one', number14, '2633010l000001', 'letter-for-digit'],
    ['a letter I for a one', number14, '2633010I000001', 'letter-for-digit'],
    ['a hyphen in a number that is not a document’s', number14, '2633-0101-000001', 'pattern-mismatch'],
    ['a control character', number14, '2633010100000\u00001', 'control-character'],
    ['a control character of the second kind', personName, '林\u0085泽', 'control-character'],
    ['half a surrogate pair', personName, '林\ud842', 'control-character'],
    ['the other half', personName, '\udfb7林', 'control-character'],
    ['101 characters', personName, '林'.repeat(101), 'too-long'],
    ['a hundred that become two hundred', personName, 'ß'.repeat(100), 'too-long'],
    ['a megabyte', personName, ' '.repeat(1_000_000), 'too-long'],
    ['what Excel made of a number', number14, '2.63301E+13', 'scientific-notation'],
    ['the same without a pattern', anyNumber, '2.63301E+13', 'scientific-notation'],
    ['the same in lower case', anyNumber, '3.3e17', 'scientific-notation'],
    ['what Excel made of an identity number', identity, '1.10105E+17', 'scientific-notation'],
    ['what Excel made of a PIN', pin, '1.2E+05', 'scientific-notation'],
    ['a wrong check character', identity, '110105194912310021', 'wrong-check-character'],
    ['an O for a zero in an identity number', identity, '11O10519491231002X', 'letter-for-digit'],
    ['an O as the check character', identity, '11010519491231002O', 'letter-for-digit'],
    ['an old number of 15 digits', identity, '110105491231002', 'old-15-digit-number'],
    ['a month of 13', identity, '110105194913310021', 'impossible-birth-date'],
    ['the 30th of February', identity, '110105194902300020', 'impossible-birth-date'],
    ['a passport where only residents are', residentOnly, 'E12345678', 'not-a-document-number'],
    ['a name for a number', identity, '林泽', 'not-a-document-number'],
    ['a long s for an S', pin, '1ſ23', 'pattern-mismatch'],
    ['a dotless i for an I', identity, 'Aı234567', 'not-a-document-number'],
    ['a Kelvin sign for a K', identity, '\u212a1234567', 'not-a-document-number'],
    ['Arabic digits', number14, '٢٦٣٣٠١٠١٠٠٠٠٠١', 'pattern-mismatch'],
  ])('%s', ([, credential, raw, fault]) => {
    expect(normaliseCredential(credential, raw)).toEqual({ ok: false, fault });
  });

  test('a PIN or passport that only looks like Excel’s notation is one', () => {
    expect(valueOf(pin, '12E4')).toBe('12E4');
    expect(valueOf(identity, '12E34567')).toBe('12E34567');
  });

  test('a fault is one of the fixed words and holds nothing of the value', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(KINDS)), anyText, (credential, raw) => {
        const result = normaliseCredential(credential, raw);
        expect(result.ok ? [] : Object.keys(result)).toEqual(result.ok ? [] : ['ok', 'fault']);
        expect(result.ok || /^[a-z0-9-]+$/.test(result.fault)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('100,000 texts of any kind: never thrown at, normalised once for all, and never half a character', () => {
  const credentials = Object.values(KINDS);
  let accepted = 0;
  fc.assert(
    fc.property(anyText, fc.nat({ max: credentials.length - 1 }), (raw, i) => {
      const credential = credentials[i] ?? personName;
      const first = normaliseCredential(credential, raw);
      if (!first.ok) return;
      accepted += 1;
      const again = normaliseCredential(credential, first.value);
      if (!again.ok || again.value !== first.value || again.changes.length > 0)
        throw new Error(`not idempotent: ${JSON.stringify(raw)}`);
      if (!first.value.isWellFormed() || /[\p{Cc}\s]/u.test(first.value)) throw new Error('control or space');
    }),
    { numRuns: 100_000 },
  );
  expect(accepted).toBeGreaterThan(1_000);
}, 60_000);

test('every character that there is, alone and after a letter, is normalised once for all', () => {
  const wrong: number[] = [];
  for (let point = 0; point <= 0x10ffff; point += 1) {
    // Unassigned planes hold nothing to normalise.
    if (point === 0x32000) point = 0xe0000;
    const text = String.fromCodePoint(point);
    for (const raw of [text, `A${text}`]) {
      const first = normaliseCredential(personName, raw);
      if (first.ok && valueOf(personName, first.value) !== first.value) wrong.push(point);
    }
  }
  expect(wrong).toEqual([]);
}, 60_000);

function slowly(credential: Credential, value: string): unknown {
  // A space in front takes the slow path, and is the only change that it may find.
  const result = normaliseCredential(credential, ` ${value}`);
  if (!result.ok) return result;
  expect(result.changes).toEqual(['spaces']);
  return { ...result, changes: [] };
}

test('the fast path for plain values agrees with the slow one', () => {
  const plainNumber = fc.string({
    unit: fc.constantFrom(...Array.from('0123456789ABXZ')),
    minLength: 1,
    maxLength: 20,
  });
  const plainName = fc.string({
    unit: fc.integer({ min: 0x4e00, max: 0x9fff }).map((c) => String.fromCharCode(c)),
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(plainNumber, plainName, (number, name) => {
      for (const [kind, credential] of Object.entries(KINDS)) {
        const value = kind === 'personName' ? name : number;
        expect(normaliseCredential(credential, value)).toEqual(slowly(credential, value));
      }
    }),
    { numRuns: 3_000 },
  );
}, 60_000);

describe('a request’s fields', () => {
  const cet = preset('cet');

  test.for([
    [
      'candidate number and name',
      { candidateNumber: '330010261100101', name: '林泽' },
      'number-and-name',
      ['330010261100101', '林泽'],
    ],
    [
      'in the other order',
      { name: '林 泽', candidateNumber: '３３００１０２６１１００１０１' },
      'number-and-name',
      ['330010261100101', '林泽'],
    ],
    [
      'identity number and name',
      { identityNumber: '11010519491231002x', name: '林泽' },
      'identity-and-name',
      [ID, '林泽'],
    ],
  ] as const)('%s are the set that has them', ([, fields, set, values]) => {
    expect(matchCredentials(cet, fields)).toMatchObject({ ok: true, set: { name: set }, values });
  });

  test.for<
    readonly [fact: string, fields: Record<string, unknown>, field: string | undefined, fault: string]
  >([
    ['no field', {}, 'candidateNumber', 'no-such-set'],
    ['a field too few', { name: '林泽' }, 'candidateNumber', 'no-such-set'],
    [
      'a field too many',
      { candidateNumber: '1', name: '林泽', identityNumber: ID },
      undefined,
      'no-such-set',
    ],
    ['a field of no set', { candidateNumber: '330010261100101', pin: '1' }, 'pin', 'no-such-set'],
    [
      'a field whose name is a value',
      { candidateNumber: '330010261100101', '110105 1949': '1' },
      undefined,
      'no-such-set',
    ],
    [
      'a field of the language',
      JSON.parse('{"__proto__":"1","name":"x"}') as Record<string, unknown>,
      undefined,
      'no-such-set',
    ],
    ['an inherited field', { toString: '1', name: 'x' }, 'toString', 'no-such-set'],
    ['a number', { candidateNumber: 330_010_261_100_101, name: '林泽' }, 'candidateNumber', 'not-text'],
    ['null', { candidateNumber: null, name: '林泽' }, 'candidateNumber', 'not-text'],
    ['a list', { candidateNumber: ['330010261100101'], name: '林泽' }, 'candidateNumber', 'not-text'],
    ['an unsound value', { candidateNumber: '1', name: '林泽' }, 'candidateNumber', 'pattern-mismatch'],
    ['an empty name', { candidateNumber: '330010261100101', name: '' }, 'name', 'empty'],
  ])('%s is a fault that names the field', ([, fields, field, fault]) => {
    expect(matchCredentials(cet, fields)).toEqual({ ok: false, field, fault });
  });

  test('any fields whatever are a set or a fault', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.oneof(fc.constantFrom('candidateNumber', 'name', 'identityNumber'), fc.string()),
          fc.anything(),
        ),
        (fields) => {
          const result = matchCredentials(cet, fields);
          expect(result.ok || /^[a-z][A-Za-z0-9]{0,39}$/.test(result.field ?? 'none')).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
