import { describe, expect, it } from 'vitest';
import { hasMissedAct, judgeEpoch, parseEpoch } from '#lookup/epoch-rule.ts';

const YOUNG = 9_999;
const OLD = 10_000;

describe('the epoch rule', () => {
  it.each([
    ['an equal epoch serves', 7, YOUNG, false, 'serve'],
    [
      'an equal epoch serves however old the poll is, so that all go on without Postgres',
      7,
      1e9,
      true,
      'serve',
    ],
    ['an equal epoch is stale when the poll is old and Redis was away since', 7, OLD, false, 'stale'],
    ['a higher epoch in Redis is behind', 8, 0, true, 'behind'],
    ['a higher epoch in Redis is behind when the poll is old, too', 8, OLD, false, 'behind'],
    ['a lower epoch in Redis serves while the poll is young', 6, YOUNG, true, 'serve'],
    ['a lower epoch in Redis is stale when the poll is old', 6, OLD, true, 'stale'],
    ['a missing epoch serves while the poll is young', undefined, YOUNG, true, 'serve'],
    ['a missing epoch is stale when the poll is old', undefined, OLD, true, 'stale'],
  ] as const)('%s', (_title, inRedis, ageMs, isUnbroken, verdict) => {
    const watch = { isUnbrokenFor: (asked: number) => isUnbroken && asked === ageMs };
    expect(judgeEpoch(7, inRedis, { pollAgeMs: ageMs }, watch)).toBe(verdict);
  });

  it.each([
    ['a higher one and polls that fail', 8, 3_000, true],
    ['a higher one and a young poll, which the next will catch up with', 8, 2_999, false],
    ['the same', 7, OLD, false],
    ['none', 0, OLD, false],
  ])('an act was missed by %s', (_title, epoch, ageMs, isMissed) => {
    expect(hasMissedAct(7, { pollAgeMs: ageMs }, { epoch })).toBe(isMissed);
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
