/**
 * The names of counters: what Redis gets to see of whom was guessed at.
 */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePepper } from '#results/digest.ts';
import {
  counterSpaceBits,
  makeCounterNamer,
  makeSetCounters,
  networkKey,
  proofKey,
} from '#results/limit-keys.ts';
import { makeSipHash } from '#results/sip-hash.ts';
import { presetDefinition } from '../helpers/batch.ts';

/** SipHash-2-4 as its paper has it, on 64-bit integers. */
function reference(key: Buffer, message: Buffer): bigint {
  const mask = (1n << 64n) - 1n;
  const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & mask;
  const [k0, k1] = [key.readBigUInt64LE(0), key.readBigUInt64LE(8)];
  let v0 = k0 ^ 0x736f6d6570736575n;
  let v1 = k1 ^ 0x646f72616e646f6dn;
  let v2 = k0 ^ 0x6c7967656e657261n;
  let v3 = k1 ^ 0x7465646279746573n;
  const round = (): void => {
    v0 = (v0 + v1) & mask;
    v1 = rotate(v1, 13n) ^ v0;
    v0 = rotate(v0, 32n);
    v2 = (v2 + v3) & mask;
    v3 = rotate(v3, 16n) ^ v2;
    v0 = (v0 + v3) & mask;
    v3 = rotate(v3, 21n) ^ v0;
    v2 = (v2 + v1) & mask;
    v1 = rotate(v1, 17n) ^ v2;
    v2 = rotate(v2, 32n);
  };
  const padded = Buffer.alloc((Math.floor(message.length / 8) + 1) * 8);
  message.copy(padded);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
  v2 ^= 0xffn;
  for (let i = 0; i < 4; i += 1) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

const low32 = (hash: bigint): number => Number(hash & 0xffffffffn);

describe('the keyed hash', () => {
  const key = Buffer.from(Array.from({ length: 16 }, (_, i) => i));

  it.each([
    [0, 0xdd0e0e31],
    [2, 0xd9a94f5a],
    [4, 0x277187b7],
    [8, 0x9a932462],
  ])('of %i bytes is that of the test vectors of SipHash-2-4', (length, expected) => {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => i));
    expect(makeSipHash(key)(bytes.toString('utf16le'))).toBe(expected);
  });

  it('is SipHash-2-4 of any text under any key', () => {
    // The paper's own vector holds the reference to it: 15 bytes, 0xa129ca6149be45e5.
    expect(reference(key, Buffer.from(Array.from({ length: 15 }, (_, i) => i)))).toBe(0xa129ca6149be45e5n);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        (bytes, text) => {
          const random = Buffer.from(bytes);
          expect(makeSipHash(random)(text)).toBe(low32(reference(random, Buffer.from(text, 'utf16le'))));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes no key of another length', () => {
    expect(() => makeSipHash(Buffer.alloc(15))).toThrow(RangeError);
  });
});

describe('the name of a counter', () => {
  const pepper = makePepper(randomBytes(32));
  const namer = makeCounterNamer(pepper, 'zj', 'candidateNumber', 390_000);
  const hex = (value: string): string => namer(value).window.toString('hex');

  it('is the same for the same value, and another for another value, credential, series or pepper', () => {
    const names = [
      hex('26330101000001'),
      hex('26330101000002'),
      makeCounterNamer(pepper, 'zj', 'identityNumber', 390_000)('26330101000001').window.toString('hex'),
      makeCounterNamer(pepper, 'js', 'candidateNumber', 390_000)('26330101000001').window.toString('hex'),
      makeCounterNamer(
        makePepper(randomBytes(32)),
        'zj',
        'candidateNumber',
        390_000,
      )('26330101000001').window.toString('hex'),
      namer('26330101000001').day.toString('hex'),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(hex('26330101000001')).toBe(names[0]);
  });

  it.each([
    [1, 16],
    [390_000, 19],
    [1_000_000, 20],
    [13_350_000, 22],
  ])('of %i candidates is one of 2^%i, however many values are tried', (candidates, bits) => {
    expect(counterSpaceBits(candidates)).toBe(bits);
    const name = makeCounterNamer(pepper, 'zj', 'candidateNumber', candidates);
    let highest = 0;
    const heads = new Set<string>();
    for (let i = 0; i < 20_000; i += 1) {
      const { window } = name(`2633${i}`);
      expect(window).toHaveLength(10);
      heads.add(window.toString('hex', 0, 7));
      highest = Math.max(highest, window.readUIntBE(7, 3));
    }
    expect(heads.size).toBe(1);
    expect(highest).toBeLessThan(2 ** bits);
    expect(highest).toBeGreaterThan(0.99 * 2 ** bits);
  });

  it('is shared by few values only', () => {
    const names = new Set(Array.from({ length: 50_000 }, (_, i) => hex(`26330101${i}`)));
    // 50,000 in 524,288 places: 47,670 different ones are to be expected.
    expect(names.size).toBeGreaterThan(47_300);
  });

  it('of a network or a proof of work is one of a bounded number, too', () => {
    expect(networkKey(0xffffffff).toString('hex')).toBe('6e0fffff');
    expect(proofKey(0xffffff).toString('hex')).toBe('70ffffff');
  });
});

describe('the counters of a credential set', () => {
  const pepper = makePepper(randomBytes(32));

  it('are those of its counted credentials', () => {
    const gaokao = presetDefinition('gaokao', 'zj');
    const [set] = gaokao.credentialSets;
    if (set === undefined) throw new Error('no set');
    const countersOf = makeSetCounters(pepper, gaokao, set, 100);
    const windows = (values: string[]): string[] => countersOf(values).map((c) => c.window.toString('hex'));
    const [number, identity] = windows(['26330101000001', '11010519491231002X']);
    expect(windows(['26330101000002', '11010519491231002X'])[1]).toBe(identity);
    expect(windows(['26330101000001', '330106200801010014'])[0]).toBe(number);
    expect(number).not.toBe(identity);
  });

  it('leave a name alone, which many bear, but not a set without any counted credential', () => {
    const cet = presetDefinition('cet', 'cet');
    const uncounted = {
      ...cet,
      credentials: Object.fromEntries(
        Object.entries(cet.credentials).map(([name, one]) => [name, { ...one, counted: false }]),
      ),
    };
    for (const definition of [cet, uncounted]) {
      const [set] = definition.credentialSets;
      if (set === undefined) throw new Error('no set');
      const countersOf = makeSetCounters(pepper, definition, set, 100);
      const [one] = countersOf(['330010261100101', '林泽']);
      expect(countersOf(['330010261100101', '王伟'])).toEqual([one]);
      expect(countersOf(['330010261100102', '林泽'])).not.toEqual([one]);
    }
  });
});
