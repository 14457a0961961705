import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digitsOf, putDigits } from '#results/decimal.ts';

it('writes whole numbers as String does, and nothing around them', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.maxSafeNat()), fc.nat({ max: 7 }), (value, from) => {
      const out = Buffer.alloc(24, 'x');
      const text = String(value);
      expect(putDigits(out, from, value, digitsOf(value))).toBe(from + text.length);
      expect(out.toString()).toBe('x'.repeat(from) + text + 'x'.repeat(24 - from - text.length));
    }),
    {
      examples: [0, 9, 10, 99, 100, 999_999_999, 1e9, 2 ** 31, 1e15 - 1, Number.MAX_SAFE_INTEGER].map(
        (value): [number, number] => [value, 0],
      ),
    },
  );
});

it('leads with zeros where there is room for more digits', () => {
  for (const value of [0, 7, 999_999_999, 1_000_000_007, 26_330_101_000_001]) {
    const out = Buffer.alloc(20, 'x');
    expect(putDigits(out, 1, value, 15)).toBe(16);
    expect(out.toString()).toBe(`x${String(value).padStart(15, '0')}xxxx`);
  }
});
