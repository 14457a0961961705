import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Digest } from '../../service/results/digest.ts';
import { FILTER_CHUNK_BYTES, MembershipFilter } from '../../service/results/membership-filter.ts';

const digestOf = (text: string): Digest => createHash('sha512').update(text).digest() as Digest;

function filterOf(entries: number, hint: string): MembershipFilter {
  const filter = MembershipFilter.forEntries(entries);
  for (let i = 0; i < entries; i += 1) filter.add(digestOf(`${hint} ${i}`));
  return filter;
}

test('200,000 digests: all of them are found, and fewer than one stranger in a thousand', () => {
  const filter = filterOf(200_000, 'member');
  let lost = 0;
  let mistaken = 0;
  for (let i = 0; i < 200_000; i += 1) {
    if (!filter.mayContain(digestOf(`member ${i}`))) lost += 1;
    if (filter.mayContain(digestOf(`stranger ${i}`))) mistaken += 1;
  }
  expect(lost).toBe(0);
  // (1 − e^(−11/16))^11 = 0.05%: 100 of them, ± 3 deviations.
  expect(mistaken).toBeLessThan(140);
  expect(mistaken).toBeGreaterThan(60);
}, 60_000);

test('no digest of any set is lost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 64, maxLength: 64 }), { minLength: 1, maxLength: 40 }),
      (list) => {
        const digests = list.map((bytes) => Buffer.from(bytes) as Digest);
        const filter = MembershipFilter.forEntries(digests.length);
        for (const digest of digests) filter.add(digest);
        for (const digest of digests) expect(filter.mayContain(digest)).toBe(true);
      },
    ),
  );
});

test('an empty filter contains nothing', () => {
  const filter = MembershipFilter.forEntries(0);
  expect(filter.bits).toBeGreaterThan(0);
  for (let i = 0; i < 1_000; i += 1) expect(filter.mayContain(digestOf(`${i}`))).toBe(false);
});

test('adding by the tail is adding the digest', () => {
  const whole = MembershipFilter.forEntries(100);
  const tails = MembershipFilter.forEntries(100);
  for (let i = 0; i < 100; i += 1) {
    whole.add(digestOf(`${i}`));
    tails.addTail(digestOf(`${i}`).subarray(48));
  }
  expect(tails.bytes.equals(whole.bytes)).toBe(true);
});

test('a filter does not depend on the order of its digests', () => {
  const digests = Array.from({ length: 500 }, (_, i) => digestOf(`${i}`));
  const forwards = MembershipFilter.forEntries(500);
  const backwards = MembershipFilter.forEntries(500);
  for (const digest of digests) forwards.add(digest);
  for (const digest of digests.toReversed()) backwards.add(digest);
  expect(forwards.sha256().equals(backwards.sha256())).toBe(true);
});

test('a filter has 16 bits an entry', () => {
  for (const entries of [1_000, 370_000, 13_350_000]) {
    const { bits, bytes } = MembershipFilter.forEntries(entries);
    expect(bits).toBe(entries * 16);
    expect(bytes.length).toBe(entries * 2);
  }
});

test('a filter that was stored in chunks is the same filter', () => {
  const filter = filterOf(1_200, 'stored');
  const stored = MembershipFilter.fromChunks(filter.chunks(), filter.bits, filter.sha256());
  expect(stored.bytes.equals(filter.bytes)).toBe(true);
  for (let i = 0; i < 1_200; i += 1) expect(stored.mayContain(digestOf(`stored ${i}`))).toBe(true);
});

test('chunks are a megabyte, the last one what is left', () => {
  const filter = MembershipFilter.forEntries(1_200_000);
  const sizes = filter.chunks().map((chunk) => chunk.length);
  expect(sizes).toEqual([FILTER_CHUNK_BYTES, FILTER_CHUNK_BYTES, 2_400_000 - 2 * FILTER_CHUNK_BYTES]);
  expect(Buffer.concat(filter.chunks()).equals(filter.bytes)).toBe(true);
});

test('a stored filter that was damaged, cut, lengthened or put together wrongly is refused', () => {
  const filter = MembershipFilter.forEntries(1_000_000);
  filter.add(digestOf('one'));
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = filter.chunks();
  const damaged = Buffer.from(first);
  damaged[77] = (damaged[77] ?? 0) ^ 1;
  const sha256 = filter.sha256();
  for (const [chunks, bits, sum] of [
    [[damaged, second], filter.bits, sha256],
    [[first], filter.bits, sha256],
    [[], filter.bits, sha256],
    [[second, first], filter.bits, sha256],
    [[first, second, second], filter.bits, sha256],
    [[first, second], filter.bits - 8, sha256],
    [[first, second], filter.bits, Buffer.alloc(32)],
    [[first, second], filter.bits, Buffer.alloc(0)],
  ] as const) {
    expect(() => MembershipFilter.fromChunks(chunks, bits, sum)).toThrow(
      expect.objectContaining({ code: 'stored-data-damaged' }),
    );
  }
});

test('the filter of known digests has the same bytes for ever: stored ones are read by later programs', () => {
  expect(filterOf(100, 'recorded').sha256().toString('hex')).toBe(RECORDED);
});

const RECORDED = '5dc9e37f731a319b001185cf566127735b35b14273abff5c0ef7d0b836c9ca69';
