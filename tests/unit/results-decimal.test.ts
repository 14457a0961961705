import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digitsOf, putDigits } from '#results/decimal.ts';

it('writes whole numbers as String does, and nothing around them', () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999 }), fc.nat({ max: 9 }), (value, from) => {
      const out = Buffer.alloc(24, 'x');
      const text = String(value);
      expect(putDigits(out, from, value, digitsOf(value))).toBe(from + text.length);
      expect(out.toString()).toBe('x'.repeat(from) + text + 'x'.repeat(24 - from - text.length));
    }),
    { examples: [0, 9, 10, 99, 100, 999_999_999].map((value): [number, number] => [value, 0]) },
  );
});
