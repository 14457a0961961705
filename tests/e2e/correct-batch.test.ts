/**
 * @module `correct`: the open batch with candidates replaced, added or withheld, the rest as it was.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { computeDigest, readPeppers } from '../../service/results/digest.ts';
import { MembershipFilter } from '../../service/results/membership-filter.ts';
import { makeSlipCodec } from '../../service/results/slip-codec.ts';
import type { Digest } from '../../service/results/digest.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';
import { officialCandidates, officialFile, type OfficialCandidate } from '../helpers/official-gaokao.ts';
import { withClient } from '../helpers/stores.ts';

const SERIES = 'zj-gaokao-2026';

let desk: CliDesk;
let first: DeskBatch;

beforeAll(async () => {
  desk = await openCliDesk();
  first = await desk.makeBatch(SERIES, 30);
});
afterAll(() => desk.close());

async function done(run: Promise<CliResult>): Promise<Record<string, unknown>> {
  const result = await run;
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}\n${result.stderr}`);
  return jsonOf(result);
}

/** Warm, verified by its file, approved by the second person, open. */
async function release(batch: unknown, file: string, checksum: unknown, at = 'now'): Promise<void> {
  const n = String(batch);
  await done(desk.asLoader(['warm', n, '--json']));
  await done(desk.asLoader(['verify', n, '--file', file, '--json']));
  await done(
    desk.asApprover(['approve', n, '--checksum', String(checksum), '--not-before', 'now', '--json']),
  );
  await done(desk.asLoader(['publish', n, '--at', at, '--json']));
}

function correct(file: string, series = SERIES): Promise<CliResult> {
  return desk.asLoader(['correct', file, '--series', series, '--json']);
}

function without(candidate: OfficialCandidate): OfficialCandidate {
  return { ...candidate, slip: { ...candidate.slip, rank: undefined } };
}

/** Other marks for the first two, another identity number for the third, one new; ranks are left out. */
function corrections(): OfficialCandidate[] {
  const remarked = officialCandidates(31, 1).map(without);
  const { candidates } = first;
  const swap = (i: number, other: number): OfficialCandidate => ({
    ...without(candidates[i] as OfficialCandidate),
    identityNumber: (officialCandidates(60)[other] as OfficialCandidate).identityNumber,
  });
  return [...remarked.slice(0, 2), swap(2, 50), ...remarked.slice(30)];
}

/** A file with the column of statuses. */
function fileWith(
  name: string,
  candidates: readonly OfficialCandidate[],
  statuses: readonly string[],
): string {
  const lines = officialFile(first.definition, candidates).trimEnd().split('\n');
  const path = join(desk.folder, name);
  writeFileSync(
    path,
    lines.map((line, i) => `${line},${i === 0 ? '状态' : (statuses[i - 1] ?? '')}\n`).join(''),
  );
  return path;
}

interface StoredEntry {
  readonly digest: Digest;
  readonly number: string;
  readonly payload: Buffer;
}

async function entriesOf(batch: unknown): Promise<StoredEntry[]> {
  return await withClient(desk.database.url, async (client) => {
    const { rows } = await client.query<StoredEntry>(
      'select digest, candidate_number as number, payload from fangbang.slip where batch = $1 order by 2',
      [batch],
    );
    return rows;
  });
}

/** Batches and tables of slips: a refused correction leaves neither. */
async function left(): Promise<unknown> {
  return await withClient(desk.database.url, async (client) => {
    const { rows } = await client.query(
      `select (select count(*)::int from fangbang.batch) as batches,
         (select count(*)::int from pg_class where relname ~ '^slip_[0-9]+$' and relkind = 'r') as tables`,
    );
    return rows[0];
  });
}

describe('before anything is open', () => {
  test('a correction is refused, and says to load the whole file', async () => {
    const result = await correct(first.file);
    expect(refusalOf(result)).toEqual({ code: 'nothing-to-correct', exitCode: 4 });
    expect(result.stderr).toContain('fangbang load');
  });

  test('a series that nobody knows is refused by its own code', async () => {
    expect(refusalOf(await correct(first.file, 'nobody-knows-it'))).toEqual({
      code: 'series-unknown',
      exitCode: 4,
    });
  });

  test('a batch that is about to open can be corrected', async () => {
    await release(first.number, first.file, first.checksum, '2099-01-01T00:00:00Z');
    const made = await done(correct(fileWith('scheduled.csv', corrections(), [])));
    expect(made).toMatchObject({ corrects: first.number });
    await done(desk.asLoader(['publish', String(first.number), '--at', 'now', '--json']));
  });
});

describe('a correction of the open batch', () => {
  let made: Record<string, unknown>;
  let file: string;

  beforeAll(async () => {
    const withheld = without(first.candidates[9] as OfficialCandidate);
    file = fileWith(
      'correction.csv',
      [...corrections(), withheld, first.candidates[12] as OfficialCandidate],
      ['', '', '', '', '暂缓', ''],
    );
    made = await done(correct(file));
  });

  test('says how many are replaced, added, unchanged and carried over', () => {
    expect(made).toMatchObject({
      corrects: first.number,
      rows: { read: 6, accepted: 6, rejected: 0 },
      replaced: 4,
      added: 1,
      unchanged: 1,
      carriedOver: 25,
      series: SERIES,
    });
  });

  test('holds exactly what a load of the whole corrected file would hold', async () => {
    const [pepper] = readPeppers(desk.pepperFile);
    const codec = makeSlipCodec(first.definition);
    const changed = new Map(corrections().map((one) => [one.candidateNumber, one]));
    const all = [...first.candidates.filter((one) => !changed.has(one.candidateNumber)), ...changed.values()];
    const expected = all
      .map(({ candidateNumber, identityNumber, slip }, i) => ({
        digest: computeDigest(pepper, SERIES, 'number-and-identity', [candidateNumber, identityNumber]),
        number: candidateNumber,
        payload: codec.encode(
          candidateNumber === first.candidates[9]?.candidateNumber
            ? { ...slip, status: 'withheld', marks: [], total: undefined, rank: undefined }
            : slip,
        ),
        i,
      }))
      .map(({ digest, number, payload }) => ({ digest, number, payload }))
      .sort((a, b) => (a.number < b.number ? -1 : 1));
    const stored = await entriesOf(made['batch']);
    expect(stored.map((entry) => ({ ...entry, digest: entry.digest.toString('hex') }))).toEqual(
      expected.map((entry) => ({ ...entry, digest: entry.digest.toString('hex') })),
    );
  });

  test('has a filter of all its candidates, and not of the credentials that were replaced', async () => {
    const [row] = await withClient(desk.database.url, async (client) => {
      const { rows } = await client.query<{
        bytes: Buffer;
        bits: string;
        sha256: Buffer;
        candidates: string;
      }>(
        `select string_agg(f.bytes, ''::bytea order by f.index) as bytes, b.filter_bits as bits,
           b.filter_sha256 as sha256, b.candidates from fangbang.batch b join fangbang.filter_chunk f on f.batch = b.number
         where b.number = $1 group by b.number`,
        [made['batch']],
      );
      return rows;
    });
    if (row === undefined) throw new Error('no filter');
    const filter = MembershipFilter.fromChunks([row.bytes], Number(row.bits), row.sha256);
    const entries = await entriesOf(made['batch']);
    expect(entries.every(({ digest }) => filter.mayContain(digest))).toBe(true);
    expect(Number(row.candidates)).toBe(31);
    const replaced = (await entriesOf(first.number)).find(
      ({ number }) => number === first.candidates[2]?.candidateNumber,
    );
    expect(replaced && filter.mayContain(replaced.digest)).toBe(false);
  });

  test('has the checksum that validate prints for its file and the corrected batch', async () => {
    const yaml = join(desk.folder, `${SERIES}.yaml`);
    const args = ['validate', file, '--series', yaml, '--corrects', first.checksum, '--json'];
    expect(await done(desk.asLoader(args))).toMatchObject({ checksum: made['checksum'] });
    expect((await done(desk.asLoader(args.filter((_, i) => i !== 4 && i !== 5))))['checksum']).not.toBe(
      made['checksum'],
    );
  });

  test('keeps the distribution of all candidates, not of its file', async () => {
    const [row] = await withClient(desk.database.url, async (client) => {
      const { rows } = await client.query<{ summary: Record<string, Record<string, number>> }>(
        'select summary from fangbang.batch where number = $1',
        [made['batch']],
      );
      return rows;
    });
    expect(row?.summary['statuses']).toEqual({ scored: 30, withheld: 1 });
    expect(Object.values(row?.summary['totals'] ?? {}).reduce((sum, n) => sum + n, 0)).toBe(30);
  });

  test('is verified against file, Postgres and Redis, approved by a second person, opened and rolled back', async () => {
    const refused = await desk.asLoader([
      'approve',
      String(made['batch']),
      '--checksum',
      String(made['checksum']),
      '--not-before',
      'now',
      '--json',
    ]);
    expect(refusalOf(refused)).toEqual({ code: 'approver-is-loader', exitCode: 4 });
    await release(made['batch'], file, made['checksum']);
    const preview = await desk.asLoader(['preview', String(made['batch']), '--json'], {
      input: `${first.candidates[9]?.candidateNumber}\n${first.candidates[9]?.identityNumber}\n`,
    });
    expect(jsonOf(preview)).toMatchObject({
      batch: { number: made['batch'], corrected: true },
      status: { code: 'withheld' },
      components: [],
    });
    expect(await done(desk.asLoader(['rollback', SERIES, '--json']))).toMatchObject({ batch: first.number });
  });

  test('is in the audit trail as an act of its own', async () => {
    const { entries } = (await done(desk.asLoader(['audit', SERIES, '--json']))) as { entries: unknown[] };
    expect(entries).toContainEqual(
      expect.objectContaining({
        act: 'correct',
        batch: made['batch'],
        detail: expect.objectContaining({ corrects: first.number, candidates: 31 }) as unknown,
      }),
    );
  });
});

describe('a correction is refused and nothing is stored', () => {
  let before: unknown;
  beforeAll(async () => {
    before = await left();
  });

  async function refused(candidates: readonly OfficialCandidate[], name: string): Promise<CliResult> {
    const result = await correct(fileWith(name, candidates, []));
    expect(await left()).toEqual(before);
    return result;
  }

  test('when everybody in it is so already', async () => {
    const result = await refused(first.candidates.slice(3, 6), 'same.csv');
    expect(refusalOf(result)).toEqual({ code: 'nothing-to-correct', exitCode: 4 });
  });

  test('when a row of it is rejected, with its line in the reject file', async () => {
    const broken = { ...(first.candidates[0] as OfficialCandidate), identityNumber: '330102200701010001' };
    const result = await refused([...corrections().slice(1), broken], 'broken.csv');
    expect(refusalOf(result)).toEqual({ code: 'rows-rejected', exitCode: 3 });
    expect(jsonOf(result)).toMatchObject({ rows: { accepted: 3, rejected: 1 }, corrects: first.number });
  });

  test('when a rank cannot be explained by the correction, with line and candidate number and no mark', async () => {
    const best = first.candidates.toSorted((a, b) => (b.slip.total ?? 0) - (a.slip.total ?? 0))[0];
    if (best === undefined) throw new Error('nobody');
    const result = await refused([{ ...best, slip: { ...best.slip, rank: 29 } }], 'rank.csv');
    expect(refusalOf(result)).toEqual({ code: 'rows-rejected', exitCode: 3 });
    expect(result.stderr).toContain(`line 2, candidate ${best.candidateNumber}: a better total`);
    expect(result.stderr).not.toContain(String(best.slip.total));
  });

  test('when the definition has a newer version', async () => {
    const yaml = join(desk.folder, 'newer.yaml');
    writeFileSync(yaml, `${first.definition.source}\n# a remark\n`);
    await done(desk.asLoader(['series', 'add', yaml, '--json']));
    const result = await refused(corrections(), 'newer.csv');
    expect(refusalOf(result)).toEqual({ code: 'definition-changed', exitCode: 4 });
    expect(result.stderr).toContain('load the whole file');
  });
});

test('a rank that the move of one candidate leaves equal to another’s is counted, not refused', async () => {
  const series = 'zj-gaokao-2024';
  const batch = await desk.makeBatch(series, 30);
  await release(batch.number, batch.file, batch.checksum);
  // The best one is corrected to less than the second, with the second's place: nobody else is in the file.
  const [best, second] = batch.candidates.toSorted((a, b) => (b.slip.total ?? 0) - (a.slip.total ?? 0));
  if (best === undefined || second === undefined) throw new Error('nobody');
  const marks = [...best.slip.marks];
  const lost = (best.slip.total ?? 0) - (second.slip.total ?? 0) + 1;
  marks[0] = (marks[0] ?? 0) - lost;
  const corrected = { ...best, slip: { ...best.slip, marks, total: (best.slip.total ?? 0) - lost, rank: 2 } };
  const made = await done(correct(fileWith('moved.csv', [corrected], []), series));
  expect(made).toMatchObject({ replaced: 1, ranksOutOfOrder: 1 });
});

test('a pepper that the file no longer holds refuses the correction', async () => {
  const other = join(desk.folder, 'other-pepper');
  writeFileSync(other, `${Buffer.alloc(32, 7).toString('base64')}\n`, { mode: 0o600 });
  const result = await desk.asLoader(['correct', first.file, '--series', 'zj-gaokao-2024', '--json'], {
    env: { FANGBANG_PEPPER_FILE: other },
  });
  expect(refusalOf(result)).toEqual({ code: 'pepper-unknown', exitCode: 4 });
});

test('after a withdrawal there is nothing to correct', async () => {
  await done(desk.asLoader(['withdraw', 'zj-gaokao-2024', '--reason', 'test', '--json']));
  expect(refusalOf(await correct(first.file, 'zj-gaokao-2024'))).toEqual({
    code: 'nothing-to-correct',
    exitCode: 4,
  });
});

test('no mark, name or identity number was printed', () => {
  const { candidates } = first;
  for (const { identityNumber } of candidates) expect(desk.printed()).not.toContain(identityNumber);
  for (const { slip } of candidates.filter((_, i) => i !== 9))
    expect(desk.printed()).not.toContain(slip.name);
});
