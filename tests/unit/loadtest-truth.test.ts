import { expect, test } from 'vitest';
import { differences, parseExpected } from '../../loadtest/profiles/truth.ts';

/** As the service answers (design.md section 5). */
const ANSWER = {
  series: { id: 'zj-gaokao-2026', title: { zh: '…', en: '…' } },
  batch: { number: 2, publishedAt: '2026-06-25T09:00:00+08:00', corrected: false },
  candidate: { number: '26330101000001', name: '林泽' },
  status: { code: 'scored', title: { zh: '…', en: '…' }, note: { zh: '…', en: '…' } },
  components: [
    { code: 'chinese', title: { zh: '语文', en: 'Chinese' }, score: 101, max: 150 },
    { code: 'oral', title: { zh: '口试', en: 'Oral' }, grade: 'A+' },
    { code: 'physics', title: { zh: '物理', en: 'Physics' }, status: { code: 'absent', title: {} } },
  ],
  total: { score: 612, max: 750 },
  rank: 1234,
};

const EXPECTED = {
  candidate: { number: '26330101000001', name: '林泽' },
  status: 'scored',
  components: [
    ['chinese', 101],
    ['oral', 'A+'],
    ['physics', { status: 'absent' }],
  ] as const,
  total: 612,
  rank: 1234,
};

const compare = (answer: unknown, expected: unknown = EXPECTED): string[] => {
  const parsed = parseExpected(JSON.stringify(expected));
  if (parsed === undefined) throw new Error('the expected answer of the test is not of the known form');
  return differences(answer, 'zj-gaokao-2026', parsed);
};

type Path = readonly (string | number)[];

/** The answer with one place changed; undefined takes it away. */
function changed(path: Path, value: unknown): unknown {
  const change = (node: unknown, [key, ...rest]: Path): unknown => {
    if (key === undefined) return value;
    if (Array.isArray(node)) return node.with(Number(key), change(node[Number(key)], rest));
    const object = node as Record<string, unknown>;
    return { ...object, [key]: change(object[key], rest) };
  };
  return JSON.parse(JSON.stringify(change(ANSWER, path)));
}

test('the true answer has no difference', () => {
  expect(compare(ANSWER)).toEqual([]);
  const { rank: _, ...unranked } = ANSWER;
  expect(compare(unranked, { ...EXPECTED, rank: undefined })).toEqual([]);
  expect(
    compare(
      { ...ANSWER, flags: [{ code: 'hearing-impaired', title: {} }] },
      {
        ...EXPECTED,
        flags: ['hearing-impaired'],
      },
    ),
  ).toEqual([]);
});

const [CHINESE, ORAL, PHYSICS] = ANSWER.components;

test.each<[string, Path, unknown, string[]]>([
  ['a mark raised by one', ['components', 0, 'score'], 102, ['components.chinese']],
  ['a mark as text', ['components', 0, 'score'], '101', ['components.chinese']],
  ['a mark gone', ['components', 0, 'score'], undefined, ['components.chinese']],
  ['a grade beside a mark', ['components', 0, 'grade'], 'A', ['components.chinese']],
  ['another grade', ['components', 1, 'grade'], 'A', ['components.oral']],
  ['a mark for an absent one', ['components', 2, 'score'], 40, ['components.physics']],
  ['another status', ['components', 2, 'status', 'code'], 'exempt', ['components.physics']],
  ['a component too few', ['components'], [CHINESE, ORAL], ['components']],
  ['a component too many', ['components'], [CHINESE, ORAL, PHYSICS, CHINESE], ['components']],
  ['components in another order', ['components'], [ORAL, CHINESE, PHYSICS], ['components']],
  ['no components', ['components'], undefined, ['components']],
  ['another total', ['total', 'score'], 611, ['total']],
  ['no total', ['total'], undefined, ['total']],
  ['another rank', ['rank'], 1, ['rank']],
  ['another name', ['candidate', 'name'], '林择', ['candidate.name']],
  ['another number', ['candidate', 'number'], '26330101000002', ['candidate.number']],
  ['another state', ['status', 'code'], 'withheld', ['status.code']],
  ['another series', ['series', 'id'], 'zj-gaokao-2025', ['series.id']],
  ['no batch', ['batch'], undefined, ['batch.number']],
  ['a remark of somebody else', ['flags'], [{ code: 'hearing-impaired' }], ['flags']],
  [
    'a field that nobody knows',
    ['identityNumber'],
    '11010519491231002X',
    ['a field that the contract does not know'],
  ],
])('%s is found at its place', (_what, path, value, places) => {
  expect(compare(changed(path, value))).toEqual(places);
});

test.each([[null], ['text'], [[]], [undefined], [7]])('%j is no answer', (answer) => {
  expect(compare(answer)).toEqual(['the answer is no JSON object']);
});

test.each<[Path, unknown]>([
  [['candidate'], { number: 'SECRET', name: 'SECRET' }],
  [['components'], [{ code: 'SECRET', score: 'SECRET' }]],
  [['components', 0, 'score'], 'SECRET'],
  [['SECRET'], 'SECRET'],
])('a difference at %j does not tell what was there', (path, value) => {
  expect(compare(changed(path, value)).join(' ')).not.toContain('SECRET');
});

test.each([
  '',
  'null',
  '[]',
  '{"candidate":{"number":1,"name":"a"},"status":"scored","components":[]}',
  '{"candidate":{"number":"1","name":"a"},"status":"scored","components":[["chinese",null]]}',
  '{"candidate":{"number":"1","name":"a"},"status":"scored","components":[["chinese"]]}',
  '{"candidate":{"number":"1","name":"a"},"status":"scored","components":[],"total":"612"}',
  '{"candidate":{"number":"1","name":"a"},"status":"scored","components":[],"surprise":1}',
])('%s is not taken for an expected answer', (text) => {
  expect(parseExpected(text)).toBeUndefined();
});
