import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findNumber } from '../../service/page/browser/proof-of-work.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a proof of work', () => {
  it('is found for salts of every length, by the same SHA-256 as everybody else’s', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,140}$/), fc.nat(300), (salt, number) => {
        expect(findNumber(sha256(`${salt}${number}`), salt, 0, 301)).toBe(number);
      }),
      { numRuns: 300 },
    );
  });

  it('is not found where there is none, and not beyond the given numbers', () => {
    expect(findNumber(sha256('salt500'), 'salt', 0, 500)).toBe(-1);
    expect(findNumber(sha256('salt500'), 'salt', 500, 501)).toBe(500);
    expect(findNumber(sha256('other'), 'salt', 0, 500)).toBe(-1);
  });
});
