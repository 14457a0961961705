/**
 * @module Rows that cannot both be true: candidates twice, one document for two candidates, ranks out of order.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RankOutliers } from '../../loader-cli/pipeline/rank-outliers.ts';
import { parseDefinition } from '../../service/results/definition.ts';
import { checkCharacter } from '../../service/results/identity-document.ts';
import { readPreset } from '../../service/results/presets.ts';
import { definitionWith } from '../helpers/definitions.ts';
import { fileText, HEADER, readBytes, ROWS, withCell, withRow } from '../fixtures/files/small-file.ts';
import type { Outcome } from '../fixtures/files/small-file.ts';

const codes = ({ rejects }: Outcome): unknown[] => rejects.map(({ line, code }) => [line, code]);

describe('a candidate', () => {
  test('twice in the same words is rejected with both lines, which name each other', async () => {
    const outcome = await readBytes([fileText([...ROWS, ROWS[1]])]);
    expect(codes(outcome)).toEqual([
      [3, 'duplicate-row'],
      [6, 'duplicate-row'],
    ]);
    expect(outcome.rejects[0]).toMatchObject({ column: '准考证号', candidateNumber: '26330101000002' });
    expect(outcome.rejects[0]?.message).toContain('also line 6');
    expect(outcome.rejects[1]?.message).toContain('also line 3');
    expect(outcome.accepted.map((row) => row.line)).toEqual([2, 4, 5]);
  });

  test('twice with other marks is rejected with both lines', async () => {
    const other = withCell(withCell(ROWS[1], '语文', '119'), '总分', '567');
    expect(codes(await readBytes([fileText([...ROWS, other])]))).toEqual([
      [3, 'duplicate-candidate-number'],
      [6, 'duplicate-candidate-number'],
    ]);
  });

  test('twice, once in a row that is broken, is rejected with both: nobody can say which is right', async () => {
    const broken = withCell(ROWS[1], '总分', '999');
    expect(codes(await readBytes([fileText([...ROWS, broken])]))).toEqual([
      [3, 'duplicate-candidate-number'],
      [6, 'total-out-of-range'],
    ]);
  });

  test('in two files is rejected in both, and the file is named', async () => {
    const outcome = await readBytes([fileText(ROWS.slice(0, 2)), fileText(ROWS.slice(1))]);
    expect(outcome.rejects.map(({ file, line, code }) => [file, line, code])).toEqual([
      [0, 3, 'duplicate-row'],
      [1, 2, 'duplicate-row'],
    ]);
    expect(outcome.rejects[0]?.message).toContain('also line 2 of file2.csv');
  });

  test('many times over is rejected every time, and the message stays short', async () => {
    const outcome = await readBytes([fileText(Array.from({ length: 50 }, () => ROWS[0]))]);
    expect(outcome.report.rows).toEqual({ read: 50, accepted: 0, rejected: 50, skipped: 0 });
    expect(outcome.rejects[9]?.message).toContain('also line 2, line 3, line 4 and 46 more');
  });
});

describe('an identity number under two candidate numbers', () => {
  test('is rejected with all lines, however it is written', async () => {
    const rows = withRow(3, (row) => withCell(row, '身份证号', '33020320080917982x'));
    const outcome = await readBytes([fileText(rows)]);
    expect(codes(outcome)).toEqual([
      [2, 'duplicate-identity-number'],
      [4, 'duplicate-identity-number'],
    ]);
    expect(outcome.rejects[0]).toMatchObject({ column: '身份证号', candidateNumber: '26330101000001' });
    expect(JSON.stringify(outcome.rejects)).not.toContain('33020320080917982');
  });
});

test('candidates that would be found by the same credentials are rejected', async () => {
  const definition = definitionWith({
    credentials: {
      number: { kind: 'candidate-number', column: '准考证号', title: { zh: '名', en: 'n' }, example: '1' },
      name: { kind: 'person-name', column: '姓名', title: { zh: '名', en: 'n' }, example: '林泽' },
      pin: {
        kind: 'text',
        column: '密码',
        title: { zh: '名', en: 'n' },
        example: '123456',
        pattern: '[0-9]{6}',
      },
    },
    credentialSets: [{ name: 'name-and-pin', credentials: ['name', 'pin'] }],
  });
  const file = '准考证号,姓名,密码\n1,林泽,123456\n2,林泽,123457\n3,林泽,123456\n';
  expect(codes(await readBytes([file], definition))).toEqual([
    [2, 'duplicate-credentials'],
    [4, 'duplicate-credentials'],
  ]);
});

const swapped = ROWS.map((row) => row.replace(/,552,2$/, ',552,1').replace(/,568,1$/, ',568,2'));

describe('ranks', () => {
  test('that contradict the totals are rejected with both lines, and nothing may be loaded', async () => {
    const outcome = await readBytes([fileText(swapped)]);
    expect(codes(outcome)).toEqual([
      [2, 'rank-contradicts-total'],
      [3, 'rank-contradicts-total'],
    ]);
    expect(outcome.rejects[0]).toMatchObject({ column: '位次' });
    expect(outcome.report.ranksContradict).toBe(true);
  });

  test('that are the same for two totals contradict them', async () => {
    const outcome = await readBytes([fileText(ROWS.map((row) => row.replace(/,552,2$/, ',552,1')))]);
    expect(outcome.report.ranksContradict).toBe(true);
  });

  test('may be the same, or not, for the same total', async () => {
    const same = withCell(withCell(ROWS[0], '语文', '119'), '总分', '568');
    for (const rank of ['1', '2']) {
      const rows = [withCell(same, '位次', rank), ...ROWS.slice(1)];
      const { report } = await readBytes([fileText(rows)]);
      expect(report.rows.rejected).toBe(0);
    }
  });

  test('that contradict only because a candidate is there twice are not held against the rest', async () => {
    const wrong = withCell(ROWS[1], '位次', '9');
    const outcome = await readBytes([fileText([...ROWS, wrong])]);
    expect(codes(outcome).map((each) => (each as unknown[])[1])).toEqual([
      'duplicate-candidate-number',
      'duplicate-candidate-number',
    ]);
    expect(outcome.report.ranksContradict).toBe(false);
  });
});

test('the checksum, the statistics and what is handed out are those of the accepted rows alone', async () => {
  const other = withCell(withCell(ROWS[1], '语文', '119'), '总分', '567');
  const outcome = await readBytes([fileText([...ROWS, other])]);
  const without = await readBytes([fileText([ROWS[0], ROWS[2], ROWS[3]])]);
  expect(outcome.report.checksum).toEqual(without.report.checksum);
  expect(outcome.report.statistics).toEqual(without.report.statistics);
  expect(outcome.accepted.map((row) => row.slip)).toEqual(without.accepted.map((row) => row.slip));
});

/** Rows with these totals (all of it in Chinese and mathematics) and ranks, in this order. */
function ranked(pairs: readonly (readonly [total: number, rank: number])[]): string[] {
  return pairs.map(([total, rank], i) => {
    const first17 = `33010220070101${String(i).padStart(3, '0')}`;
    const chinese = Math.min(150, total - 120);
    const cells = [
      `263301010${String(i + 1).padStart(5, '0')}`,
      '林泽',
      first17 + checkCharacter(first17),
      String(chinese),
      String(total - 120 - chinese),
      '0',
      '40',
      '40',
      '40',
      '',
      '',
      '',
      '',
      String(total),
      String(rank),
    ];
    return cells.join(',');
  });
}

/** 60 candidates in pairs of equal totals, with competition ranks. */
const SIXTY = Array.from({ length: 60 }, (_, i) => [400 - (i >> 1), 1 + (i >> 1) * 2] as const);
const withRank = (changes: Readonly<Record<number, number>>): (readonly [number, number])[] =>
  SIXTY.map(([total, rank], i) => [total, changes[i] ?? rank] as const);

describe('a few wrong ranks among many right ones', () => {
  const WRONG: readonly [what: string, changes: Record<number, number>, lines: number[]][] = [
    ['two that were exchanged', { 4: SIXTY[50]?.[1] ?? 0, 50: SIXTY[4]?.[1] ?? 0 }, [6, 52]],
    ['one much too good', { 50: 2 }, [52]],
    ['one much too bad', { 3: 9999 }, [5]],
    // Either of the two may be the wrong one: with two rows each, both pairs of equals are in doubt.
    ['one equal to the next total’s', { 10: 13, 11: 13 }, [12, 13, 14, 15]],
  ];

  test.each(WRONG.slice(0, 3))(
    '%s: exactly these lines are rejected, the rest is read',
    async (_what, changes, lines) => {
      const { report, rejects, accepted } = await readBytes([fileText(ranked(withRank(changes)))]);
      expect(rejects.map(({ line, code }) => [line, code])).toEqual(
        lines.map((line) => [line, 'rank-contradicts-total']),
      );
      expect(rejects[0]?.message).toMatch(/also line \d+/);
      expect(report.ranksContradict).toBe(false);
      expect(accepted).toHaveLength(60 - lines.length);
    },
  );

  test('between which nobody can decide are rejected all together', async () => {
    const [, changes, lines] = WRONG[3] ?? ['', {}, []];
    const many = withRank(changes).concat(Array.from({ length: 40 }, (_, i) => [300 - i, 100 + i] as const));
    const { rejects, report } = await readBytes([fileText(ranked(many))]);
    expect(rejects.map(({ line }) => line)).toEqual(lines);
    expect(report.ranksContradict).toBe(false);
  });

  test('that are not few contradict as a whole, and nothing may be loaded', async () => {
    const turned = SIXTY.map(([total], i) => [total, SIXTY[59 - i]?.[1] ?? 0] as const);
    const { report } = await readBytes([fileText(ranked(turned))]);
    expect(report.ranksContradict).toBe(true);
  });
});

describe('ranks within tracks', () => {
  const tracks = (cells: readonly string[]): string =>
    `${HEADER},科类\n${cells.map((row) => `${row}\n`).join('')}`;
  const ofTwo = (pairs: readonly (readonly [total: number, rank: number])[]): string =>
    tracks(ranked(pairs).map((row, i) => `${row},${i % 2 === 0 ? '物理类' : '历史类'}`));
  const definition = parseDefinition(
    readPreset('gaokao')
      .replace('ignoredColumns: [科类]', '')
      .replace('rank: { column: 位次, optional: true }', 'rank: { column: 位次, within: track }')
      .replace(
        /^components:\n/m,
        'components:\n  - code: track\n    title: { zh: 科类, en: Track }\n    column: 科类\n    grades: [物理类, 历史类]\n',
      ),
    'tracks',
  );
  // The ranks of the one track begin where those of the other have ended.
  const PAIRS = Array.from({ length: 120 }, (_, i) => [400 - i, i % 2 === 0 ? 500 + i : 1 + i] as const);

  test('are in order within each, though not together', async () => {
    const { report, rejects, accepted } = await readBytes([ofTwo(PAIRS)], definition);
    expect(rejects).toEqual([]);
    expect(report.ranksContradict).toBe(false);
    expect(accepted).toHaveLength(PAIRS.length);
    // Without tracks nobody could say which of them are right.
    expect((await readBytes([ofTwo(PAIRS)])).report.ranksContradict).toBe(true);
  });

  test('a wrong one is found in its track, though it would be right in the other', async () => {
    const { report, rejects } = await readBytes([ofTwo(PAIRS.with(60, [340, 61]))], definition);
    expect(rejects.map(({ line, code }) => [line, code])).toEqual([[62, 'rank-contradicts-total']]);
    expect(report.ranksContradict).toBe(false);
  });

  test.each([
    ['is not declared', 'nobody'],
    ['has scores', 'chinese'],
  ])('a component that %s cannot divide them', (_what, within) => {
    expect(() =>
      parseDefinition(readPreset('gaokao').replace('optional: true }', `within: ${within} }`), 'faulty'),
    ).toThrow(
      expect.objectContaining({
        code: 'definition-invalid',
        faults: [`line 85: rank.within: no component "${within}" with grades is declared`],
      }) as Error,
    );
  });
});

test('of wrong ranks exactly the rows are found that are in not every largest body of agreeing rows', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 8 })), {
        minLength: 1,
        maxLength: 9,
      }),
      (rows) => {
        const agree = (subset: readonly number[]): boolean =>
          subset.every((a) =>
            subset.every((b) => {
              const [ta, ra] = rows[a] ?? [0, 0];
              const [tb, rb] = rows[b] ?? [0, 0];
              return ta <= tb || ra < rb;
            }),
          );
        const bodies = Array.from({ length: 2 ** rows.length }, (_, mask) =>
          rows.flatMap((_row, i) => ((mask >> i) & 1 ? [i] : [])),
        ).filter(agree);
        const largest = Math.max(...bodies.map((body) => body.length));
        const wrong = rows.flatMap((_row, i) =>
          bodies.every((body) => body.length < largest || body.includes(i)) ? [] : [i],
        );
        const outliers = new RankOutliers();
        for (const [i, [total, rank]] of rows.entries()) outliers.add(total, rank, 0, i);
        // Enough rows that agree, so that the wrong ones are few.
        for (let i = 0; i < 300; i += 1) outliers.add(-1 - i, 1000 + i, 0, 1000 + i);
        const found = outliers.find()?.map(({ place }) => place.line) ?? [];
        expect(found.toSorted((a, b) => a - b)).toEqual(wrong);
      },
    ),
    { numRuns: 500 },
  );
});
