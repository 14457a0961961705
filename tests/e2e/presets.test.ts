/**
 * @module Each of the four presets from a small official file, written by hand, to the answers over HTTP.
 */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeApprovedBatch, openReleaseDesk, succeed, type ReleaseDesk } from '../helpers/release.ts';
import { startService, type RunningService } from '../helpers/service.ts';

/** Synthetic: sequence numbers 900 to 999, right check characters. */
const ID = {
  first: '33020320080917982X',
  second: '330203200801279877',
  third: '331002200801289905',
  fourth: '330902200710089981',
};

interface Case {
  readonly credentials: Record<string, string>;
  readonly answer: Record<string, unknown>;
}

interface PresetCase {
  readonly preset: string;
  readonly series: string;
  readonly file: string;
  readonly cases: readonly Case[];
}

const score = (code: string, value: number, max: number): unknown =>
  expect.objectContaining({ code, score: value, max });
const grade = (code: string, value: string): unknown => expect.objectContaining({ code, grade: value });
const without = (code: string, status: string): unknown =>
  expect.objectContaining({ code, status: expect.objectContaining({ code: status }) as unknown });
const status = (code: string): unknown => expect.objectContaining({ code });

const PRESETS: readonly PresetCase[] = [
  {
    preset: 'gaokao',
    series: 'zj-gaokao-2026',
    file: [
      '准考证号,姓名,身份证号,语文,数学,外语,物理,化学,生物,历史,地理,思想政治,技术,总分,位次,状态',
      `26330101000001,林泽,${ID.first},103,102,130,,,,73,65,,79,552,1,正常`,
      `26330101000002,许𠮷,${ID.second},缺考,58,63,,,61,49,47,,,278,2,`,
      `26330101000003,邓文可,${ID.third},102,104,107,77,,,72,54,,,516,,暂缓`,
      `26330101000004,阿依古丽·买买提,${ID.fourth},缺考,缺考,缺考,缺考,缺考,缺考,,,,,0,,缺考`,
    ].join('\r\n'),
    cases: [
      {
        credentials: { candidateNumber: '26330101000001', identityNumber: ID.first },
        answer: {
          candidate: { number: '26330101000001', name: '林泽' },
          status: status('scored'),
          components: [
            score('chinese', 103, 150),
            score('mathematics', 102, 150),
            score('foreign-language', 130, 150),
            score('history', 73, 100),
            score('geography', 65, 100),
            score('technology', 79, 100),
          ],
          total: { score: 552, max: 750 },
          rank: 1,
        },
      },
      {
        credentials: { candidateNumber: '26330101000002', identityNumber: ID.second },
        answer: {
          candidate: { number: '26330101000002', name: '许𠮷' },
          status: status('scored'),
          components: [
            without('chinese', 'absent'),
            score('mathematics', 58, 150),
            score('foreign-language', 63, 150),
            score('biology', 61, 100),
            score('history', 49, 100),
            score('geography', 47, 100),
          ],
          total: { score: 278, max: 750 },
          rank: 2,
        },
      },
      {
        credentials: { candidateNumber: '26330101000003', identityNumber: ID.third },
        answer: {
          candidate: { number: '26330101000003', name: '邓文可' },
          status: status('withheld'),
          components: [],
        },
      },
      {
        credentials: { candidateNumber: '26330101000004', identityNumber: ID.fourth.toLowerCase() },
        answer: {
          candidate: { number: '26330101000004', name: '阿依古丽·买买提' },
          status: status('absent'),
          components: [
            without('chinese', 'absent'),
            without('mathematics', 'absent'),
            without('foreign-language', 'absent'),
            without('physics', 'absent'),
            without('chemistry', 'absent'),
            without('biology', 'absent'),
          ],
        },
      },
    ],
  },
  {
    preset: 'xuekao',
    series: 'zj-xuekao-2026-01',
    file: [
      '准考证号,姓名,身份证号,语文,数学,外语,物理,化学,生物学,历史,地理,思想政治,技术',
      `260133010001,林泽,${ID.first},A,B,,E,缺考,,,,,免考`,
      `260133010002,许明,${ID.second},,,,,,,,,C,`,
    ].join('\n'),
    cases: [
      {
        credentials: { candidateNumber: '260133010001', identityNumber: ID.first },
        answer: {
          candidate: { number: '260133010001', name: '林泽' },
          status: status('scored'),
          components: [
            grade('chinese', 'A'),
            grade('mathematics', 'B'),
            grade('physics', 'E'),
            without('chemistry', 'absent'),
            without('technology', 'exempt'),
          ],
        },
      },
      {
        credentials: { candidateNumber: '260133010002', identityNumber: ID.second },
        answer: {
          candidate: { number: '260133010002', name: '许明' },
          status: status('scored'),
          components: [grade('politics', 'C')],
        },
      },
    ],
  },
  {
    preset: 'cet',
    series: 'cet-2026-06',
    file: [
      '准考证号,姓名,证件号码,听力,阅读,写作和翻译,口试等级,总分,状态,听力障碍',
      `330010261100101,林泽,${ID.first},189,210,156,B+,555,,否`,
      `330010261100102,许明,${ID.second},免考,200,150,,350,,是`,
      `330010261100103,邓文可,${ID.third},1,1,1,,3,违规,`,
    ].join('\n'),
    cases: [
      {
        credentials: { candidateNumber: '330010261100101', name: '林泽' },
        answer: {
          candidate: { number: '330010261100101', name: '林泽' },
          status: status('scored'),
          components: [
            score('listening', 189, 249),
            score('reading', 210, 249),
            score('writing-translation', 156, 212),
            grade('oral', 'B+'),
          ],
          total: { score: 555, max: 710 },
        },
      },
      {
        // The other set: identity number and name; the name as a phone may send it.
        credentials: { identityNumber: ID.second, name: ' 许　明 ' },
        answer: {
          candidate: { number: '330010261100102', name: '许明' },
          status: status('scored'),
          components: [
            without('listening', 'exempt'),
            score('reading', 200, 249),
            score('writing-translation', 150, 212),
          ],
          total: { score: 350, max: 710 },
          flags: [status('hearing-impaired')],
        },
      },
      {
        credentials: { identityNumber: ID.third, name: '邓文可' },
        answer: {
          candidate: { number: '330010261100103', name: '邓文可' },
          status: status('misconduct'),
          components: [],
        },
      },
    ],
  },
  {
    preset: 'ntce-interview',
    series: 'ntce-interview-2026-1',
    file: [
      '准考证号,姓名,证件号码,面试结果',
      `263301000001,Anna-Maria  van der Berg ,${ID.first},合格`,
      `263301000002,许明,${ID.second},不合格`,
      `263301000003,邓文可,${ID.third},缺考`,
      `263301000004,黄行晨,${ID.fourth},暂缓`,
    ].join('\n'),
    cases: [
      { set: ID.first, name: 'Anna-Maria van der Berg', number: '263301000001', code: 'passed' },
      { set: ID.second, name: '许明', number: '263301000002', code: 'failed' },
      { set: ID.third, name: '邓文可', number: '263301000003', code: 'absent' },
      { set: ID.fourth, name: '黄行晨', number: '263301000004', code: 'withheld' },
    ].map(({ set, name, number, code }) => ({
      credentials: { identityNumber: set, name },
      answer: { candidate: { number, name }, status: status(code), components: [] },
    })),
  },
];

/** The optional fields that an answer must not have unless the case names them. */
const OPTIONAL = ['total', 'rank', 'flags'];

describe('the presets, from file to answer', () => {
  let desk: ReleaseDesk;
  let service: RunningService;

  beforeAll(async () => {
    desk = await openReleaseDesk();
    for (const { preset, series, file } of PRESETS) {
      const yaml = await desk.loader('series', 'preset', preset);
      const definition = `${desk.folder}/${preset}.yaml`;
      writeFileSync(definition, yaml.stdout);
      await succeed(desk.loader('series', 'add', definition, '--json'));
      const csv = `${desk.folder}/${preset}.csv`;
      writeFileSync(csv, file);
      const batch = await makeApprovedBatch(desk, series, csv);
      await succeed(desk.loader('publish', String(batch), '--at', 'now', '--json'));
    }
    service = await startService({
      runtime: 'bun',
      databaseUrl: desk.serviceUrl,
      redisUrl: desk.redisUrl,
      pepperFile: desk.pepperFile,
    });
  });
  afterAll(async () => {
    await service?.stop();
    await desk?.close();
  });

  const all = PRESETS.flatMap(({ series, cases }) =>
    cases.map((one, i) => [`${series}, row ${i + 1}`, series, one] as const),
  );
  test.each(all)('%s', async (_title, series, { credentials, answer }) => {
    const response = await fetch(`${service.url}/v1/series/${series}/lookup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(credentials),
    });
    const body = (await response.json()) as Record<string, unknown>;
    expect(response.status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject(answer);
    expect(Object.keys(body).filter((key) => OPTIONAL.includes(key))).toEqual(
      OPTIONAL.filter((key) => Object.hasOwn(answer, key)),
    );
  });

  test('a number of one series is unknown in another', async () => {
    const response = await fetch(`${service.url}/v1/series/zj-gaokao-2026/lookup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ candidateNumber: '26330101000001', identityNumber: ID.second }),
    });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ type: 'urn:fangbang:problem:candidate-not-found' });
  });
});
