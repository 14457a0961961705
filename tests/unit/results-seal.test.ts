import fc from 'fast-check';
import { expect, test } from 'vitest';
import { computeDigest, type Digest, makePepper } from '../../service/results/digest.ts';
import { EPOCH_KEY, slipKey, warmMarkerKey } from '../../service/results/redis-keys.ts';
import { makeSealNonce, openSealed, sealPayload } from '../../service/results/seal.ts';
import { CODEC_VERSION, makeSlipCodec } from '../../service/results/slip-codec.ts';
import { preset } from '../helpers/definitions.ts';

const pepper = makePepper(Buffer.alloc(32, 1));
const digestOf = (candidate: string, set = 'number-and-identity'): Digest =>
  computeDigest(pepper, 'zj-gaokao-2026', set, [candidate]);
const digest = digestOf('1');
const salt = Buffer.from('0102030405060708', 'hex');
const nonce = makeSealNonce(CODEC_VERSION, salt);
const payload = Buffer.from('a payload of a test');

test('what was sealed opens, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.string(), (bytes, candidate) => {
      const own = digestOf(candidate);
      const sealed = sealPayload(own, nonce, Buffer.from(bytes));
      expect(sealed.length).toBe(bytes.length + 16);
      expect(openSealed(own, nonce, sealed)).toEqual(Buffer.from(bytes));
    }),
  );
});

test('the nonce is the codec’s version in four bytes and the batch’s salt', () => {
  expect(makeSealNonce(1, salt).toString('hex')).toBe('000000010102030405060708');
  expect(makeSealNonce(0x01020304, salt).toString('hex')).toBe('010203040102030405060708');
});

test('a salt of another length is refused: nonces would be alike', () => {
  for (const length of [0, 7, 9]) expect(() => makeSealNonce(1, Buffer.alloc(length))).toThrow(RangeError);
});

test.for<readonly [fact: string, open: () => Buffer | undefined]>([
  ['another candidate’s digest', () => openSealed(digestOf('2'), nonce, sealPayload(digest, nonce, payload))],
  [
    'the same candidate’s other credential set',
    () => openSealed(digestOf('1', 'identity-and-name'), nonce, sealPayload(digest, nonce, payload)),
  ],
  [
    'another batch’s salt',
    () =>
      openSealed(digest, makeSealNonce(CODEC_VERSION, Buffer.alloc(8)), sealPayload(digest, nonce, payload)),
  ],
  [
    'another version of the codec',
    () => openSealed(digest, makeSealNonce(CODEC_VERSION + 1, salt), sealPayload(digest, nonce, payload)),
  ],
  [
    'a key that differs in its last bit',
    () => openSealed(flipped(digest, 47 * 8) as Digest, nonce, sealPayload(digest, nonce, payload)),
  ],
  ['no bytes', () => openSealed(digest, nonce, Buffer.alloc(0))],
  ['fifteen bytes', () => openSealed(digest, nonce, Buffer.alloc(15))],
  ['a tag alone', () => openSealed(digest, nonce, Buffer.alloc(16))],
  ['the plain payload', () => openSealed(digest, nonce, payload)],
  [
    'a value of two candidates swapped',
    () => openSealed(digest, nonce, sealPayload(digestOf('2'), nonce, payload)),
  ],
])('%s opens nothing', ([, open]) => {
  expect(open()).toBeUndefined();
});

test('only bytes 16 to 48 of the digest seal: the rest is seen by Redis and the filter', () => {
  const sealed = sealPayload(digest, nonce, payload);
  for (const bit of [0, 15 * 8, 48 * 8, 63 * 8]) {
    expect(openSealed(flipped(digest, bit) as Digest, nonce, sealed)).toEqual(payload);
  }
});

test('a value with any bit flipped, cut or lengthened opens nothing', () => {
  const sealed = sealPayload(digest, nonce, payload);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    expect(openSealed(digest, nonce, flipped(sealed, bit))).toBeUndefined();
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(openSealed(digest, nonce, sealed.subarray(0, length))).toBeUndefined();
  }
  expect(openSealed(digest, nonce, Buffer.concat([sealed, Buffer.alloc(1)]))).toBeUndefined();
});

test('a gaokao slip with a name of three characters is at most 44 bytes sealed', () => {
  const gaokao = preset('gaokao');
  const slip = makeSlipCodec(gaokao).encode({
    candidateNumber: '99999999999999',
    name: '欧阳娜',
    status: 'scored',
    marks: [156, 156, 156, 66, 66, 66],
    total: 750,
    rank: 999_999,
    flags: 0,
  });
  expect(sealPayload(digest, nonce, slip).length).toBeLessThanOrEqual(44);
});

test('a key is r, the batch and sixteen bytes of the digest, and nobody else’s', () => {
  expect(slipKey(1, digest).toString('hex')).toBe(`7200000001${digest.toString('hex').slice(0, 32)}`);
  expect(slipKey(0xffffffff, digest).subarray(0, 5).toString('hex')).toBe('72ffffffff');
  const keys = [1, 2, 256, 65_536].flatMap((batch) =>
    ['1', '2', '3'].map((c) => slipKey(batch, digestOf(c)).toString('hex')),
  );
  expect(new Set(keys).size).toBe(keys.length);
  // The other keys have another first letter.
  for (const key of [EPOCH_KEY, warmMarkerKey(1)]) expect(key).toMatch(/^[^r]/);
  for (const batch of [-1, 2 ** 32]) expect(() => slipKey(batch, digest)).toThrow(RangeError);
});

function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
