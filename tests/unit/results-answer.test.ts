import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileAnswer, showInstant } from '../../service/results/answer.ts';
import type { SeriesDefinition } from '../../service/results/definition.ts';
import { STATUS_CODES } from '../../service/results/definition.ts';
import { MARK_BASE, readMark, type Slip, statusMark } from '../../service/results/slip.ts';
import { STATUS_TEXTS } from '../../service/results/texts.ts';
import { anyDefinition, anySlip, definitionWith, preset, storedSlip } from '../helpers/definitions.ts';

const opensAtMs = Date.parse('2026-06-25T09:00:00+08:00');
const batch = { number: 2, opensAtMs, corrected: false, rehearsal: false };
const slip: Slip = {
  candidateNumber: '26330101000001',
  name: '林泽',
  status: 'scored',
  marks: [],
  total: undefined,
  rank: undefined,
  flags: 0,
};

function answer(name: Parameters<typeof preset>[0], change: Partial<Slip>, published = batch): unknown {
  return JSON.parse(answerText(preset(name), { ...slip, ...change }, published));
}

function answerText(definition: SeriesDefinition, any: Slip, published = batch): string {
  return compileAnswer(definition, published)(storedSlip(definition, any)).toString();
}

const t = (zh: string, en: string): object => ({ zh, en });

describe('the answer is exactly the contract’s (design.md section 5)', () => {
  test('gaokao: three compulsory subjects, three electives, total, rank', () => {
    expect(
      answer('gaokao', { marks: [107, 126, 141, 54, 57, 0, 0, 0, 0, 43], total: 612, rank: 1_234 }),
    ).toEqual({
      series: {
        id: 'zj-gaokao-2026',
        title: t('2026年浙江省普通高校招生考试成绩', 'Zhejiang College Entrance Examination (Gaokao) 2026'),
      },
      batch: { number: 2, publishedAt: '2026-06-25T09:00:00+08:00', corrected: false },
      candidate: { number: '26330101000001', name: '林泽' },
      status: { code: 'scored', ...STATUS_TEXTS.scored },
      components: [
        { code: 'chinese', title: t('语文', 'Chinese'), score: 101, max: 150 },
        { code: 'mathematics', title: t('数学', 'Mathematics'), score: 120, max: 150 },
        { code: 'foreign-language', title: t('外语', 'Foreign language'), score: 135, max: 150 },
        { code: 'physics', title: t('物理', 'Physics'), score: 88, max: 100 },
        { code: 'chemistry', title: t('化学', 'Chemistry'), score: 91, max: 100 },
        { code: 'technology', title: t('技术', 'Technology'), score: 77, max: 100 },
      ],
      total: { score: 612, max: 750 },
      rank: 1_234,
    });
  });

  test('CET: three parts, an oral grade, a flag, an exemption', () => {
    expect(
      answer('cet', {
        candidateNumber: '330010261100101',
        marks: [statusMark('exempt'), MARK_BASE + 249, MARK_BASE, MARK_BASE + 1],
        total: 249,
        flags: 1,
      }),
    ).toEqual({
      series: {
        id: 'cet-2026-06',
        title: t('2026年6月全国大学英语四、六级考试成绩', 'College English Test (CET-4/6), June 2026'),
      },
      batch: { number: 2, publishedAt: '2026-06-25T09:00:00+08:00', corrected: false },
      candidate: { number: '330010261100101', name: '林泽' },
      status: { code: 'scored', ...STATUS_TEXTS.scored },
      components: [
        {
          code: 'listening',
          title: t('听力', 'Listening'),
          status: { code: 'exempt', title: t('免考', 'Exempt') },
        },
        { code: 'reading', title: t('阅读', 'Reading'), score: 249, max: 249 },
        {
          code: 'writing-translation',
          title: t('写作和翻译', 'Writing and translation'),
          score: 0,
          max: 212,
        },
        { code: 'oral', title: t('口试', 'Oral test'), grade: 'A' },
      ],
      total: { score: 249, max: 710 },
      flags: [
        {
          code: 'hearing-impaired',
          title: t('听力障碍考生，免考听力', 'Hearing-impaired candidate, exempt from listening'),
        },
      ],
    });
  });

  test('teacher-qualification interview: passed or not, and nothing else', () => {
    expect(answer('ntce-interview', { candidateNumber: '263301000001', status: 'passed' })).toEqual({
      series: {
        id: 'ntce-interview-2026-1',
        title: t(
          '2026年上半年中小学教师资格考试（面试）结果',
          'Teacher Qualification Interview, first half of 2026',
        ),
      },
      batch: { number: 2, publishedAt: '2026-06-25T09:00:00+08:00', corrected: false },
      candidate: { number: '263301000001', name: '林泽' },
      status: { code: 'passed', ...STATUS_TEXTS.passed },
      components: [],
    });
  });

  test('学考: grades of the subjects taken, and a missed one', () => {
    expect(answer('xuekao', { marks: [MARK_BASE, MARK_BASE + 4, statusMark('absent')] })).toMatchObject({
      components: [
        { code: 'chinese', title: t('语文', 'Chinese'), grade: 'A' },
        { code: 'mathematics', title: t('数学', 'Mathematics'), grade: 'E' },
        {
          code: 'foreign-language',
          title: t('外语', 'Foreign language'),
          status: { code: 'absent', title: t('缺考', 'Absent') },
        },
      ],
    });
    expect(answer('xuekao', { marks: [MARK_BASE] })).not.toHaveProperty('total');
  });

  test.for(STATUS_CODES)('status %s has plain words and a next step in both languages', (status) => {
    const body = answer('gaokao', { status }) as { status: { code: string; title: object; note: object } };
    expect(body.status).toEqual({
      code: status,
      title: { zh: expect.stringMatching(/.{2,}/), en: expect.stringMatching(/.{5,}/) },
      note: { zh: expect.stringMatching(/.{10,}/), en: expect.stringMatching(/.{20,}/) },
    });
  });

  test('a correction and a rehearsal say so', () => {
    const body = answer('gaokao', {}, { ...batch, corrected: true, rehearsal: true }) as Record<
      string,
      unknown
    >;
    expect(body).toMatchObject({ series: { rehearsal: true }, batch: { corrected: true } });
    expect(answer('gaokao', {})).not.toHaveProperty('series.rehearsal');
  });

  test('a definition’s own words take the place of the built-in ones', () => {
    const title = t('待定', 'Pending');
    const definition = definitionWith({ texts: { status: { withheld: { title } } } });
    const body: unknown = JSON.parse(answerText(definition, { ...slip, status: 'withheld' }));
    expect(body).toMatchObject({ status: { code: 'withheld', title, note: STATUS_TEXTS.withheld.note } });
  });

  test('half marks are decimals', () => {
    const definition = definitionWith({
      components: [{ code: 'a', title: t('甲', 'A'), column: '甲', score: { max: 10, step: 0.5 } }],
      total: { column: '总分', max: 10, step: 0.5 },
    });
    const body: unknown = JSON.parse(
      answerText(definition, { ...slip, marks: [MARK_BASE + 19], total: 9.5 }),
    );
    expect(body).toMatchObject({ components: [{ score: 9.5, max: 10 }], total: { score: 9.5, max: 10 } });
  });
});

test('any slip of any definition is sound JSON that says the same as the slip', () => {
  fc.assert(
    fc.property(
      anyDefinition.chain((definition) => anySlip(definition).map((any) => ({ definition, any }))),
      ({ definition, any }) => {
        const body = JSON.parse(answerText(definition, any)) as {
          candidate: object;
          components: Record<string, unknown>[];
          total?: object;
          rank?: number;
          flags?: { code: string }[];
        };
        expect(body.candidate).toEqual({ number: any.candidateNumber, name: any.name });
        const taken = definition.components.flatMap((component, i): object[] => {
          const mark = readMark(component, any.marks[i] ?? 0);
          if (mark.kind === 'not-taken') return [];
          const { code } = component;
          if (mark.kind === 'status') return [{ code, status: { code: mark.status } }];
          if (mark.kind === 'grade') return [{ code, grade: mark.grade }];
          return [{ code, score: mark.score, max: component.score?.max }];
        });
        expect(body.components).toHaveLength(taken.length);
        expect(body.components).toMatchObject(taken);
        expect(body.total).toEqual(any.total === undefined ? undefined : { score: any.total, max: 1000 });
        expect(body.rank).toBe(any.rank);
        const flags = definition.flags.filter((_, i) => ((any.flags >> i) & 1) === 1).map((f) => f.code);
        expect((body.flags ?? []).map((f) => f.code)).toEqual(flags);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

test.for([
  'O"Brien',
  '</script><script>alert(1)</script>',
  'a\u0000b\u001f\n\r\t',
  '\\',
  '\u2028\u2029',
  '𠮷',
  '{"a":1}',
  'Жанна Ünal',
  '\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff',
  '欧阳"𠮷',
])('the name %j survives', (name) => {
  const text = answerText(preset('gaokao'), { ...slip, name, candidateNumber: name });
  expect(JSON.parse(text)).toMatchObject({ candidate: { name, number: name } });
  // One line, so that no log or proxy takes it for two.
  expect(text).not.toMatch(/[\u0000-\u001f]/);
});

test('a mark that the definition does not know is a fault without the mark', () => {
  const template = compileAnswer(preset('gaokao'), batch);
  // As another version of the definition has them.
  const other = definitionWith({
    components: [{ code: 'a', title: t('甲', 'A'), column: '甲', score: { max: 10_000, step: 1 } }],
  });
  for (const mark of [157, 9_999]) {
    expect(() => template(storedSlip(other, { ...slip, marks: [mark] }))).toThrow(
      expect.objectContaining({
        code: 'stored-data-damaged',
        message: expect.not.stringContaining(String(mark)),
      }),
    );
  }
});

describe('instants', () => {
  test.for([
    ['2026-06-25T09:00:00+08:00', 'Asia/Shanghai', '2026-06-25T09:00:00+08:00'],
    ['2026-06-24T16:00:00Z', 'Asia/Shanghai', '2026-06-25T00:00:00+08:00'],
    ['2026-06-25T09:00:00.999+08:00', 'Asia/Shanghai', '2026-06-25T09:00:00+08:00'],
    ['2026-06-25T01:00:00Z', 'UTC', '2026-06-25T01:00:00Z'],
    ['2026-06-25T01:00:00Z', 'Asia/Urumqi', '2026-06-25T07:00:00+06:00'],
    ['2026-06-25T01:00:00Z', 'Asia/Kolkata', '2026-06-25T06:30:00+05:30'],
    ['2026-06-25T01:00:00Z', 'America/St_Johns', '2026-06-24T22:30:00-02:30'],
    ['2026-01-01T00:00:00Z', 'Pacific/Kiritimati', '2026-01-01T14:00:00+14:00'],
  ] as const)('%s in %s is %s', ([instant, zone, shown]) => {
    expect(showInstant(Date.parse(instant), zone)).toBe(shown);
  });

  test('any instant is shown to the second, and read back the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.parse('2000-01-01'), max: Date.parse('2100-01-01') }),
        fc.constantFrom('Asia/Shanghai', 'UTC', 'America/St_Johns', 'Europe/Berlin', 'Pacific/Chatham'),
        (ms, zone) => {
          const shown = showInstant(ms, zone);
          expect(shown).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/);
          expect(Date.parse(shown)).toBe(Math.floor(ms / 1000) * 1000);
        },
      ),
    );
  });
});
