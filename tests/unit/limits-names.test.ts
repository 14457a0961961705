/**
 * Where guessing is counted: what Redis gets to see of whom was guessed at.
 */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makePepper } from '#results/digest.ts';
import {
  dayEndsMs,
  dayOf,
  dayTable,
  makeSetCounters,
  networkField,
  networkPeriodOf,
  networkTable,
  periodForgottenMs,
  periodOf,
  periodTable,
  proofKey,
} from '#results/limit-keys.ts';
import { makeSipHash, makeSipTag } from '#results/sip-hash.ts';
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
    [15, 0x49be45e5],
  ])('of %i bytes is that of the test vectors of SipHash-2-4', (length, expected) => {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => i));
    expect(makeSipHash(key)(bytes.toString('latin1'))).toBe(expected);
  });

  it('is SipHash-2-4 of any text under any key', () => {
    // The paper's own vector holds the reference to it: 15 bytes, 0xa129ca6149be45e5.
    expect(reference(key, Buffer.from(Array.from({ length: 15 }, (_, i) => i)))).toBe(0xa129ca6149be45e5n);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 40 }),
          fc.string({ unit: 'binary-ascii', maxLength: 40 }),
        ),
        (bytes, text) => {
          const random = Buffer.from(bytes);
          const isLatin1 = /^[\u0000-\u00FF]*$/.test(text);
          const message = Buffer.from(text, isLatin1 ? 'latin1' : 'utf16le');
          const expected = reference(random, message);
          expect(makeSipHash(random)(text)).toBe(low32(expected));
          const pairs = Uint16Array.from({ length: Math.ceil(message.length / 2) }, (_, i) =>
            Buffer.concat([message, Buffer.alloc(1)]).readUInt16LE(2 * i),
          );
          const tag = new Int32Array(2);
          makeSipTag(random)(pairs, message.length, tag);
          expect(Buffer.from(tag.buffer).readBigUInt64LE()).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes no key of another length', () => {
    expect(() => makeSipHash(Buffer.alloc(15))).toThrow(RangeError);
    expect(() => makeSipTag(Buffer.alloc(17))).toThrow(RangeError);
  });
});

describe('a counter', () => {
  const gaokao = presetDefinition('gaokao', 'zj');
  const [set] = gaokao.credentialSets;
  if (set === undefined) throw new Error('no set');
  const pepper = makePepper(randomBytes(32));
  const countersOf = makeSetCounters(pepper, gaokao, set);
  const fieldOf = (value: string): number | undefined => countersOf([value, 'x'])[0]?.field;

  it('is the same for the same value, and another for another value, credential, series or pepper', () => {
    const other = presetDefinition('gaokao', 'js');
    const fields = [
      fieldOf('26330101000001'),
      fieldOf('26330101000002'),
      countersOf(['x', '26330101000001'])[1]?.field,
      makeSetCounters(pepper, other, set)(['26330101000001', 'x'])[0]?.field,
      makeSetCounters(makePepper(randomBytes(32)), gaokao, set)(['26330101000001', 'x'])[0]?.field,
    ];
    // Two of five are the same once in 400,000 runs.
    expect(new Set(fields).size).toBe(fields.length);
    expect(fieldOf('26330101000001')).toBe(fields[0]);
  });

  it('is one of 2^22, however many values are tried, and shared by few of them', () => {
    const fields = new Set<number>();
    let highest = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const [counter] = countersOf([`2633${i}`, 'x']);
      if (counter === undefined) throw new Error('no counter');
      expect(counter.marker).toBe(`c:${counter.field}`);
      fields.add(counter.field);
      highest = Math.max(highest, counter.field);
    }
    expect(highest).toBeLessThan(2 ** 22);
    expect(highest).toBeGreaterThan(0.999 * 2 ** 22);
    // 100,000 in 4,194,304: 98,817 different ones are to be expected.
    expect(fields.size).toBeGreaterThan(98_500);
  });

  it('of a network is one of 2^20, and a used proof of work a name of 24 bits', () => {
    expect(networkField(0)).toBe(0);
    expect(networkField(0xffffffff)).toBe(2 ** 20 - 1);
    expect(proofKey(0xffffff)).toBe('p:16777215');
  });
});

describe('the tables', () => {
  it('of a quarter of an hour are read for 15 minutes at least and 30 at most', () => {
    const at = Date.UTC(2026, 5, 25, 1, 14, 59);
    expect(periodOf(at + 1_000)).toBe(periodOf(at) + 1);
    expect(periodForgottenMs(periodOf(at)) - at).toBe(901_000);
    expect(periodForgottenMs(periodOf(at + 1_000)) - (at + 1_000)).toBe(1_800_000);
    expect(periodTable(periodOf(at)).lifeSeconds).toBeGreaterThan(1_800);
  });

  it('of networks last for five minutes, with which no quarter of an hour and no day is cut in two', () => {
    const midnight = Date.UTC(2026, 5, 25, 16);
    expect(networkPeriodOf(midnight)).toBe(networkPeriodOf(midnight - 1) + 1);
    expect(networkPeriodOf(midnight + 299_999)).toBe(networkPeriodOf(midnight));
    expect(periodOf(midnight)).toBe(periodOf(midnight - 1) + 1);
    expect(networkTable(networkPeriodOf(midnight)).lifeSeconds).toBeGreaterThan(300);
  });

  it('of a day end at midnight in China', () => {
    const midnight = Date.UTC(2026, 5, 25, 16);
    expect(dayOf(midnight)).toBe(dayOf(midnight - 1) + 1);
    expect(dayEndsMs(dayOf(midnight - 1))).toBe(midnight);
    expect(dayTable(dayOf(midnight)).lifeSeconds).toBeGreaterThan(86_400);
  });
});

describe('the counters of a credential set', () => {
  const pepper = makePepper(randomBytes(32));

  it('are those of its counted credentials', () => {
    const gaokao = presetDefinition('gaokao', 'zj');
    const [set] = gaokao.credentialSets;
    if (set === undefined) throw new Error('no set');
    const countersOf = makeSetCounters(pepper, gaokao, set);
    const fields = (values: string[]): number[] => countersOf(values).map((c) => c.field);
    const [number, identity] = fields(['26330101000001', '11010519491231002X']);
    expect(fields(['26330101000002', '11010519491231002X'])[1]).toBe(identity);
    expect(fields(['26330101000001', '330106200801010014'])[0]).toBe(number);
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
      const countersOf = makeSetCounters(pepper, definition, set);
      const [one] = countersOf(['330010261100101', '林泽']);
      expect(countersOf(['330010261100101', '王伟'])).toEqual([one]);
      expect(countersOf(['330010261100102', '林泽'])).not.toEqual([one]);
    }
  });
});
