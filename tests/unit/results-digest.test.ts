import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  computeDigest,
  DIGEST_BYTES,
  makeCredentialDigest,
  makePepper,
  readPeppers,
} from '../../service/results/digest.ts';
import { FangbangError } from '../../service/results/errors.ts';
import { refusalBy } from '../helpers/thrown.ts';

const pepper = makePepper(Buffer.alloc(32, 1));
const folder = mkdtempSync(join(tmpdir(), 'fangbang-pepper-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileWith(content: string | Buffer): string {
  files += 1;
  const path = join(folder, `pepper-${files}`);
  writeFileSync(path, content);
  return path;
}

describe('the digest', () => {
  test('is HMAC-SHA-512 over scheme, series, set and credentials, each behind its length in two bytes', () => {
    const digestOf = makeCredentialDigest(pepper, 'zj-gaokao-2026', 'number-and-identity');
    for (const credentials of [
      ['26330101000001', '林泽'],
      ['26330101000001', '11010519491231002X'],
      ['26330101000002', '11010519491231002X'],
      ['José', 'a\u007F\u0080', 'A林é'],
      ['x'.repeat(600), ''],
      [],
    ]) {
      const hmac = createHmac('sha512', pepper.key);
      const fields = ['fangbang-digest-1', 'zj-gaokao-2026', 'number-and-identity', ...credentials];
      for (const field of fields) {
        const bytes = Buffer.from(field, 'utf8');
        hmac.update(Buffer.of(bytes.length >> 8, bytes.length & 0xff)).update(bytes);
      }
      const digest = digestOf(credentials);
      expect(digest.equals(hmac.digest())).toBe(true);
      expect(digest.length).toBe(DIGEST_BYTES);
    }
  });

  test('of one candidate is the same for ever: stored batches are found by it', () => {
    expect(
      computeDigest(pepper, 'zj-gaokao-2026', 'number-and-identity', ['26330101000001', '11010519491231002X'])
        .toString('hex')
        .slice(0, 64),
    ).toBe(RECORDED);
  });

  test('of two inputs is the same only when the inputs are, wherever characters move between fields', () => {
    // Few characters, so that fields meet in all ways once they are joined.
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', '\u0001', '林'), maxLength: 4 });
    const input = fc.tuple(word, word, fc.array(word, { maxLength: 4 }));
    fc.assert(
      fc.property(input, input, ([s1, c1, v1], [s2, c2, v2]) => {
        const same = JSON.stringify([s1, c1, v1]) === JSON.stringify([s2, c2, v2]);
        expect(computeDigest(pepper, s1, c1, v1).equals(computeDigest(pepper, s2, c2, v2))).toBe(same);
      }),
      { numRuns: 5_000 },
    );
  }, 60_000);

  test('changes when a character moves to the neighbouring field', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 2, maxLength: 5 }),
        fc.nat(),
        (fields, n) => {
          const i = n % (fields.length - 1);
          const left = Array.from(fields[i] ?? '');
          const moved = fields
            .with(i, left.slice(0, -1).join(''))
            .with(i + 1, `${left.at(-1)}${fields[i + 1]}`);
          expect(computeDigest(pepper, 's', 'c', moved).equals(computeDigest(pepper, 's', 'c', fields))).toBe(
            false,
          );
        },
      ),
    );
  });

  test.for([
    ['the pepper', () => computeDigest(makePepper(Buffer.alloc(32, 2)), 's', 'c', ['1', '2'])],
    ['the series', () => computeDigest(pepper, 't', 'c', ['1', '2'])],
    ['the credential set', () => computeDigest(pepper, 's', 'd', ['1', '2'])],
    ['a credential', () => computeDigest(pepper, 's', 'c', ['1', '3'])],
    ['the order of credentials', () => computeDigest(pepper, 's', 'c', ['2', '1'])],
    ['the number of credentials', () => computeDigest(pepper, 's', 'c', ['1', '2', ''])],
  ] as const)('changes with %s', ([, other]) => {
    expect(other().equals(computeDigest(pepper, 's', 'c', ['1', '2']))).toBe(false);
  });

  test('of a field of 65,536 bytes is refused, since its length would not fit', () => {
    expect(() => computeDigest(pepper, 's', 'c', ['x'.repeat(65_536)])).toThrow(RangeError);
    expect(computeDigest(pepper, 's', 'c', ['x'.repeat(65_535)]).length).toBe(64);
  });
});

function line(fill: number): string {
  return Buffer.alloc(32, fill).toString('base64');
}

describe('the pepper file', () => {
  test('holds one pepper a line, the first for new loads; blank lines and comments are passed over', () => {
    const path = fileWith(`# made in May\r\n\n  ${line(7)}  \r\n${line(8)}\n\n`);
    const peppers = readPeppers(path);
    expect(peppers.map((p) => p.key)).toEqual([Buffer.alloc(32, 7), Buffer.alloc(32, 8)]);
    expect(peppers[0].fingerprint).toBe(makePepper(Buffer.alloc(32, 7)).fingerprint);
    expect(peppers[0].fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(peppers.map((p) => p.fingerprint)).size).toBe(2);
  });

  const secret = randomBytes(32).toString('base64');
  test.for([
    ['a line too short', `${secret.slice(0, 40)}\n`, 'line 1'],
    ['a line too long', `${line(1)}\n${secret}AA\n`, 'line 2'],
    ['a line in hexadecimal', `\n${Buffer.from(secret, 'base64').toString('hex')}\n`, 'line 2'],
    ['two on a line', `${secret} ${secret}\n`, 'line 1'],
    ['a comment behind it', `${secret} # mine\n`, 'line 1'],
    ['base64 for URLs', `${secret.replaceAll(/[+/]/g, '-').slice(0, 43)}-=\n`, 'line 1'],
    ['nothing', '', 'holds no pepper'],
    ['comments alone', '# nothing\n\n', 'holds no pepper'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x41]), 'line 1'],
  ] as const)('with %s is refused, by its line and never its content', ([, content, where]) => {
    const path = fileWith(content);
    const error = refusalBy(() => readPeppers(path));
    expect(error.code).toBe('pepper-invalid');
    expect(error.message).toContain(path);
    expect(error.message).toContain(where);
    expect(error.hint).toContain('/dev/urandom');
    const told = `${error.message} ${error.hint} ${error.stack}`;
    expect(told).not.toContain(secret.slice(0, 16));
    expect(told).not.toContain(Buffer.from(secret, 'base64').toString('hex').slice(0, 16));
  });

  test('that is not there, or not a file, is refused by its path', () => {
    for (const path of [join(folder, 'nowhere'), folder]) {
      expect(() => readPeppers(path)).toThrow(FangbangError);
      expect(() => readPeppers(path)).toThrow(`the pepper file ${path} cannot be read`);
    }
  });
});

const RECORDED = '3a2dae12678924413c0c3404202447dff2d1468d53340a94d854abd00cf0f34d';
