/**
 * @module The report's distribution, and `--compare` with a table, a batch and a series.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';

const TABLE = fileURLToPath(new URL('../fixtures/score-tables/zhejiang-2025-top.csv', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../fixtures/official-gaokao-example.gb18030.csv', import.meta.url));
const SERIES = 'zj-gaokao-2026';

let desk: CliDesk;
let first: DeskBatch;

beforeAll(async () => {
  desk = await openCliDesk();
  first = await desk.makeBatch(SERIES, 400);
});
afterAll(() => desk.close());

async function validate(file: string, ...more: string[]): Promise<Record<string, unknown>> {
  const result = await desk.asLoader(['validate', file, '--series', SERIES, '--json', ...more]);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return jsonOf(result);
}

interface Compared {
  readonly distribution: { candidates: number; mean: number; histogram: { candidates: number }[] };
  readonly comparison: { with: unknown; from: number | null; shift: { mean: number; quartiles: number[] } };
}

describe('the report', () => {
  test('holds the distribution of totals, which a terminal shows as bars', async () => {
    const { distribution, comparison } = (await validate(EXAMPLE)) as unknown as Compared;
    expect(distribution.candidates).toBe(5000);
    expect(distribution.histogram.reduce((sum, bin) => sum + bin.candidates, 0)).toBe(5000);
    expect(comparison).toBeNull();
    const { stdout } = await desk.asLoader(['validate', EXAMPLE, '--series', SERIES]);
    expect(stdout).toMatch(/quartiles \d+ \/ \d+ \/ \d+\n {2}\d+–\d+ {2}.*%\n/);
    expect(stdout).not.toContain('\r');
  });

  test('of fewer than ten candidates shows nobody’s marks', async () => {
    const few = await desk.makeBatch('zj-gaokao-2023', 4);
    const result = await desk.asLoader(['validate', few.file, '--series', SERIES, '--json']);
    expect(jsonOf(result)).toMatchObject({
      distribution: null,
      components: [{ min: null, max: null, mean: null }, {}, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(result.stderr).not.toMatch(/totals:/);
  });
});

describe('--compare', () => {
  test('with a published table begins where the table does', async () => {
    const { comparison } = (await validate(EXAMPLE, '--compare', TABLE)) as unknown as Compared;
    expect(comparison).toMatchObject({
      with: { kind: 'table', label: 'zhejiang-2025-top.csv', batch: null },
      from: 635,
      other: { candidates: 20_114 },
    });
  });

  test('with the batch that is compared shows no shift; with a series its last batch stands', async () => {
    for (const what of [String(first.number), SERIES]) {
      const { comparison } = (await validate(first.file, '--compare', what)) as unknown as Compared;
      expect(comparison).toMatchObject({
        with: { kind: 'batch', label: `batch ${first.number} of ${SERIES}`, batch: first.number },
        from: null,
        shift: { mean: 0, quartiles: [0, 0, 0] },
      });
    }
  });

  test('with what is not there is refused before anything is read or stored', async () => {
    const cases = [
      ['99', 'batch-not-found', 4],
      ['no-such-series', 'series-unknown', 4],
      ['./nowhere.csv', 'file-refused', 3],
    ] as const;
    for (const [what, code, exitCode] of cases) {
      const args = ['load', first.file, '--series', SERIES, '--compare', what, '--json'];
      expect(refusalOf(await desk.asLoader(args))).toEqual({ code, exitCode });
    }
  });

  test('is in the report of load too', async () => {
    const args = ['load', first.file, '--series', SERIES, '--compare', String(first.number), '--json'];
    expect(jsonOf(await desk.asLoader(args))).toMatchObject({
      comparison: { shift: { mean: 0 } },
      distribution: { candidates: 400 },
    });
  });
});
