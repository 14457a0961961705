/**
 * @module What differs between two slips of one candidate.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlipComparer } from '../../loader-cli/diff/changes.ts';
import { DiffCounts, diffLines } from '../../loader-cli/diff/diff-counts.ts';
import { MARK_BASE, NOT_TAKEN, statusMark, type Slip } from '../../service/results/slip.ts';
import { anyDefinition, anySlip, preset } from '../helpers/definitions.ts';

const gaokao = preset('gaokao');
const SLIP: Slip = {
  candidateNumber: '26330101000001',
  name: '林泽',
  status: 'scored',
  marks: [100, 90, 80, 30, 20, 10, 0, 0, 0, 0].map((n) => (n === 0 ? NOT_TAKEN : MARK_BASE + n)),
  total: 450,
  rank: 7,
  flags: 0,
};
const comparer = new SlipComparer(gaokao, gaokao);

function withMark(place: number, mark: number): Slip {
  return { ...SLIP, marks: SLIP.marks.map((old, i) => (i === place ? mark : old)) };
}

describe('a change', () => {
  test.each([
    ['a better mark', withMark(0, MARK_BASE + 101), 'chinese', 'better', '100', '101'],
    ['a worse mark', withMark(3, MARK_BASE + 29), 'physics', 'worse', '70', '69'],
    ['a mark that is absent now', withMark(0, statusMark('absent')), 'chinese', 'other', '100', 'absent'],
    ['a component that is taken now', withMark(9, MARK_BASE), 'technology', 'other', '', '40'],
    ['another name', { ...SLIP, name: '林择' }, 'name', 'other', '林泽', '林择'],
    ['another status', { ...SLIP, status: 'withheld' as const }, 'status', 'other', 'scored', 'withheld'],
    ['a higher total', { ...SLIP, total: 451 }, 'total', 'better', '450', '451'],
    ['a total that is gone', { ...SLIP, total: undefined }, 'total', 'other', '450', ''],
    ['a smaller rank, which is a better one', { ...SLIP, rank: 6 }, 'rank', 'better', '7', '6'],
    ['a greater rank', { ...SLIP, rank: 8 }, 'rank', 'worse', '7', '8'],
  ])('%s', (_what, slip, field, direction, from, to) => {
    expect(comparer.changes(SLIP, slip)).toEqual([{ field, direction, from, to }]);
  });

  test('of a grade is better towards the first one', () => {
    const xuekao = preset('xuekao');
    const slip = { ...SLIP, total: undefined, rank: undefined };
    const [change] = new SlipComparer(xuekao, xuekao).changes(
      { ...slip, marks: [MARK_BASE + 2] },
      { ...slip, marks: [MARK_BASE] },
    );
    expect(change).toMatchObject({ direction: 'better', to: xuekao.components[0]?.grades?.[0] });
  });

  test('is none between a slip and itself, of any definition', () => {
    fc.assert(
      fc.property(
        anyDefinition.chain((d) => fc.tuple(fc.constant(d), anySlip(d))),
        ([definition, slip]) => {
          expect(new SlipComparer(definition, definition).changes(slip, slip)).toEqual([]);
        },
      ),
    );
  });

  test('is always there between slips that differ in marks, status, name, total or rank', () => {
    fc.assert(
      fc.property(
        anyDefinition.chain((d) => fc.tuple(fc.constant(d), anySlip(d), anySlip(d))),
        ([definition, one, other]) => {
          const changes = new SlipComparer(definition, definition).changes(one, other);
          const { candidateNumber: _1, ...a } = one;
          const { candidateNumber: _2, ...b } = other;
          expect(changes.length > 0).toBe(JSON.stringify(a) !== JSON.stringify(b));
        },
      ),
    );
  });
});

test('counts are by field and direction, in the order of the slip, and show no mark', () => {
  const counts = new DiffCounts();
  counts.add(comparer.changes(SLIP, { ...withMark(0, MARK_BASE + 120), total: 470, rank: 3 }));
  counts.add(comparer.changes(SLIP, { ...SLIP, status: 'withheld', total: undefined, rank: undefined }));
  counts.onlyInTo = 2;
  counts.onlyInFrom = 1;
  const result = counts.finish(['status', 'chinese', 'total', 'rank'], 100);
  expect(result).toEqual({
    onlyInFrom: 1,
    onlyInTo: 2,
    changed: 2,
    identical: 97,
    fields: {
      status: { changed: 1, better: 0, worse: 0, other: 1 },
      chinese: { changed: 1, better: 1, worse: 0, other: 0 },
      total: { changed: 2, better: 1, worse: 0, other: 1 },
      rank: { changed: 2, better: 1, worse: 0, other: 1 },
    },
    statuses: { 'scored → withheld': 1 },
  });
  const text = diffLines(result, 1, 2).join('\n');
  expect(text).toContain(
    'from batch 1 to batch 2: 97 identical, 2 changed, 2 only in batch 2, 1 only in batch 1',
  );
  expect(text).not.toMatch(/450|470|120|林泽/);
});
