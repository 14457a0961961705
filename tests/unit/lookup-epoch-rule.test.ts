import { describe, expect, it } from 'vitest';
import { judgeEpoch, parseEpoch } from '#lookup/epoch-rule.ts';

const YOUNG = 9_999;
const OLD = 10_000;

describe('the epoch rule', () => {
  it.each([
    ['an equal epoch serves', 7, 7, YOUNG, 'serve'],
    ['an equal epoch serves however old the poll is, so that all go on without Postgres', 7, 7, 1e9, 'serve'],
    ['a higher epoch in Redis is behind', 7, 8, 0, 'behind'],
    ['a higher epoch in Redis is behind when the poll is old, too', 7, 8, OLD, 'behind'],
    ['a lower epoch in Redis serves while the poll is young', 7, 6, YOUNG, 'serve'],
    ['a lower epoch in Redis is stale when the poll is old', 7, 6, OLD, 'stale'],
    ['a missing epoch serves while the poll is young', 7, undefined, YOUNG, 'serve'],
    ['a missing epoch is stale when the poll is old', 7, undefined, OLD, 'stale'],
  ] as const)('%s', (_title, known, inRedis, ageMs, verdict) => {
    expect(judgeEpoch(known, inRedis, { pollAgeMs: ageMs })).toBe(verdict);
  });
});

describe('an epoch in Redis', () => {
  it.each([
    ['1', 1],
    ['0', 0],
    ['004', 4],
    ['123456789012345', 123_456_789_012_345],
    ['', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e9', undefined],
    ['９', undefined],
    ['1234567890123456', undefined],
  ])('%j reads as %j', (text, epoch) => {
    expect(parseEpoch(Buffer.from(text))).toBe(epoch);
  });

  it('that is missing reads as undefined', () => {
    expect(parseEpoch(null)).toBeUndefined();
  });
});
