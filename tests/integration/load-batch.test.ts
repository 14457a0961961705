/**
 * @module `fangbang load` and `fangbang validate` as processes of their own, against a real Postgres.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { computeDigest, readPeppers } from '../../service/results/digest.ts';
import { MembershipFilter } from '../../service/results/membership-filter.ts';
import { readPreset } from '../../service/results/presets.ts';
import { makeSlipCodec } from '../../service/results/slip-codec.ts';
import type { Digest } from '../../service/results/digest.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk } from '../helpers/cli-desk.ts';
import { preset } from '../helpers/definitions.ts';
import { withClient } from '../helpers/stores.ts';
import { fileText, gb18030, ROWS, withCell } from '../fixtures/files/small-file.ts';

const EXAMPLE = fileURLToPath(new URL('../fixtures/official-gaokao-example.gb18030.csv', import.meta.url));
const GAOKAO = 'zj-gaokao-2026';
const HEX64 = /^sha256:[0-9a-f]{64}$/;

let desk: CliDesk;
beforeAll(async () => {
  desk = await openCliDesk();
  for (const name of ['gaokao', 'cet'] as const) {
    const file = join(desk.folder, `${name}.yaml`);
    writeFileSync(file, readPreset(name));
    const added = await desk.asLoader(['series', 'add', file]);
    if (added.exitCode !== 0) throw new Error(added.stderr);
  }
});
afterAll(() => desk.close());

/** Writes a file into the desk's folder; answers its path. */
function put(name: string, content: string | Buffer): string {
  const path = join(desk.folder, name);
  writeFileSync(path, content);
  return path;
}

async function rows<T>(sql: string, parameters: unknown[] = []): Promise<T[]> {
  return await withClient(
    desk.database.url,
    async (client) => (await client.query(sql, parameters)).rows as T[],
  );
}

interface Stored {
  readonly digest: Buffer;
  readonly set: number;
  readonly number: string;
  readonly payload: Buffer;
}

interface BatchRecord {
  readonly checksum: Buffer;
  readonly pepper_fingerprint: Buffer;
  readonly filter_bits: string;
  readonly filter_sha256: Buffer;
  readonly summary: unknown;
}

async function storedOf(batch: unknown): Promise<Stored[]> {
  return await rows<Stored>(
    `select digest, credential_set as set, candidate_number as number, payload from fangbang.slip where batch = $1`,
    [batch],
  );
}

/** Digits that say nothing of a candidate: hashes, and how long it took. */
function withoutHashes(text: string): string {
  return text.replace(/[0-9a-f]{64}/g, '').replace(/"seconds":[0-9.]+/g, '');
}

async function counts(): Promise<{ batches: number; tables: number }> {
  const [found] = await rows<{ batches: number; tables: number }>(
    `select (select count(*)::int from fangbang.batch) as batches,
       (select count(*)::int from pg_class where relname ~ '^slip_[0-9]+$') as tables`,
  );
  return found ?? { batches: -1, tables: -1 };
}

describe.each(['bun', 'node'] as const)('the example file on %s', (runtime) => {
  test('is stored as 5,000 entries, each found by its credentials and holding what the file says', async () => {
    const result = await desk.asLoader(['load', EXAMPLE, '--series', GAOKAO, '--json'], { runtime });
    expect(result.exitCode).toBe(0);
    const json = jsonOf(result);
    expect(json).toMatchObject({
      batch: expect.any(Number) as unknown,
      series: GAOKAO,
      rows: { read: 5000, accepted: 5000, rejected: 0, skipped: 0 },
      lines: 5001,
      checksum: expect.stringMatching(HEX64) as unknown,
      rejectFile: null,
      encoding: 'gb18030',
      seconds: expect.any(Number) as unknown,
      head: expect.stringMatching(/^[0-9]+:[0-9a-f]{64}$/) as unknown,
    });

    const stored = new Map((await storedOf(json['batch'])).map((s) => [s.digest.toString('hex'), s]));
    expect(stored.size).toBe(5000);
    const [pepper] = readPeppers(desk.pepperFile);
    const codec = makeSlipCodec(preset('gaokao'));
    const text = new TextDecoder('gb18030', { fatal: true }).decode(readFileSync(EXAMPLE));
    const truth: Record<string, string>[] = parse(text, { columns: true });
    for (const row of truth) {
      const credentials = [row['准考证号'] ?? '', row['身份证号'] ?? ''];
      const found = stored.get(
        computeDigest(pepper, GAOKAO, 'number-and-identity', credentials).toString('hex'),
      );
      if (found === undefined) throw new Error(`no entry for ${row['准考证号'] ?? ''}`);
      const slip = codec.decode(found.payload);
      const said = [found.number, slip.name, String(slip.total), String(slip.rank)];
      expect(said).toEqual([row['准考证号'], row['姓名'], row['总分'], row['位次']]);
    }
  });

  test('validated gives the fields and the checksum of load, and touches no store', async () => {
    const loaded = jsonOf(await desk.asLoader(['load', EXAMPLE, '--series', GAOKAO, '--json'], { runtime }));
    const before = await counts();
    const result = await desk.asLoader(
      ['validate', EXAMPLE, '--series', join(desk.folder, 'gaokao.yaml'), '--json'],
      {
        runtime,
        env: { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing', FANGBANG_PEPPER_FILE: '/nowhere' },
      },
    );
    const { batch: _1, head: _2, seconds: _3, ...shared } = loaded;
    const { seconds: _4, ...validated } = jsonOf(result);
    expect(validated).toEqual(shared);
    expect(await counts()).toEqual(before);
  });
});

describe('a batch', () => {
  test('has a record that says where it came from, and a filter of its digests', async () => {
    const file = put('small.csv', gb18030(fileText()));
    const json = jsonOf(await desk.asLoader(['load', file, '--series', GAOKAO, '--json']));
    const [record] = await rows<BatchRecord>('select * from fangbang.batch where number = $1', [
      json['batch'],
    ]);
    if (record === undefined) throw new Error('the batch has no record');
    expect(record).toMatchObject({
      series: GAOKAO,
      definition_version: 1,
      loaded_by: desk.loader.name,
      candidates: '4',
      entries: '4',
      corrects: null,
    });
    expect(`sha256:${record.checksum.toString('hex')}`).toBe(json['checksum']);
    expect(record.summary).toMatchObject({
      rows: { read: 4, accepted: 4, rejected: 0, skipped: 0 },
      encodings: ['gb18030'],
      files: [{ name: 'small.csv', sha256: createHash('sha256').update(readFileSync(file)).digest('hex') }],
      totals: { 288: 1, 516: 1, 552: 1, 568: 1 },
      statuses: { scored: 4 },
      rejects: {},
      normalisations: {},
    });
    const [pepper] = readPeppers(desk.pepperFile);
    expect(record.pepper_fingerprint.toString('hex')).toBe(pepper.fingerprint);

    const chunks = await rows<{ bytes: Buffer }>(
      'select bytes from fangbang.filter_chunk where batch = $1 order by index',
      [json['batch']],
    );
    const filter = MembershipFilter.fromChunks(
      chunks.map(({ bytes }) => bytes),
      Number(record.filter_bits),
      record.filter_sha256,
    );
    for (const { digest } of await storedOf(json['batch']))
      expect(filter.mayContain(digest as Digest)).toBe(true);
  });

  test('has an entry per candidate and credential set', async () => {
    const header = '准考证号,姓名,证件号码,听力,阅读,写作和翻译,口试等级,总分';
    const file = put('cet.csv', `${header}\n330010261100101,林泽,33020320080917982X,100,200,150,,450\n`);
    const json = jsonOf(await desk.asLoader(['load', file, '--series', 'cet-2026-06', '--json']));
    const stored = await storedOf(json['batch']);
    const [pepper] = readPeppers(desk.pepperFile);
    const digest = (set: string, ...values: string[]): string =>
      computeDigest(pepper, 'cet-2026-06', set, values).toString('hex');
    expect(new Map(stored.map((s) => [s.set, s.digest.toString('hex')]))).toEqual(
      new Map([
        [0, digest('number-and-name', '330010261100101', '林泽')],
        [1, digest('identity-and-name', '33020320080917982X', '林泽')],
      ]),
    );
    expect(stored).toHaveLength(2);
  });

  test('is the same from several files, an archive or standard input', async () => {
    const whole = jsonOf(
      await desk.asLoader(['validate', put('w.csv', fileText()), '--series', GAOKAO, '--json']),
    );
    const parts = [
      put('p1.csv', fileText(ROWS.slice(0, 1))),
      put('p2.csv.gz', gzipSync(gb18030(fileText(ROWS.slice(1))))),
    ];
    const several = jsonOf(await desk.asLoader(['load', ...parts, '--series', GAOKAO, '--json']));
    const piped = jsonOf(
      await desk.asLoader(['load', '-', '--series', GAOKAO, '--json'], { input: fileText() }),
    );
    expect([several['checksum'], piped['checksum']]).toEqual([whole['checksum'], whole['checksum']]);
    expect(several['encoding']).toBe('utf-8, gb18030');
    expect([(await storedOf(several['batch'])).length, (await storedOf(piped['batch'])).length]).toEqual([
      4, 4,
    ]);
  });
});

describe('rejected rows', () => {
  const broken = withCell(ROWS[1], '总分', '569');

  test.each(['validate', 'load'])(
    'end %s with exit code 3, a reject file, and nothing stored',
    async (verb) => {
      const file = put('broken.csv', fileText([ROWS[0], broken, ROWS[2]]));
      const before = await counts();
      const result = await desk.asLoader([verb, file, '--series', GAOKAO, '--json']);
      expect(refusalOf(result)).toEqual({ code: 'rows-rejected', exitCode: 3 });
      const rejectFile = join(desk.folder, 'broken.rejects.csv');
      expect(jsonOf(result)).toMatchObject({
        rows: { read: 3, accepted: 2, rejected: 1, skipped: 0 },
        rejectFile,
        rejects: { 'total-is-not-sum': 1 },
      });
      expect(parse(readFileSync(rejectFile), { bom: true, columns: true })).toEqual([
        {
          line: '3',
          column: '总分',
          code: 'total-is-not-sum',
          message: expect.any(String) as unknown,
          candidateNumber: '26330101000002',
        },
      ]);
      expect(statSync(rejectFile).mode & 0o777).toBe(0o600);
      expect(await counts()).toEqual(before);
      expect(withoutHashes(result.stdout + result.stderr)).not.toMatch(/569|许𠮷|330203200801279877/);
      rmSync(rejectFile);
    },
  );

  test('are left out when so many are allowed, and listed where --reject-file says', async () => {
    const file = put('broken.csv', fileText([ROWS[0], broken, ROWS[2]]));
    const rejectFile = join(desk.folder, 'listed.csv');
    const options = ['--series', GAOKAO, '--json', '--allow-rejects', '1', '--reject-file', rejectFile];
    const result = await desk.asLoader(['load', file, ...options]);
    expect(result.exitCode).toBe(0);
    const json = jsonOf(result);
    expect(json).toMatchObject({ rows: { accepted: 2, rejected: 1 }, rejectFile });
    expect((await storedOf(json['batch'])).map((s) => s.number).sort()).toEqual([
      '26330101000001',
      '26330101000003',
    ]);
    expect(existsSync(rejectFile)).toBe(true);
    const [record] = await rows<{ summary: unknown }>(
      'select summary from fangbang.batch where number = $1',
      [json['batch']],
    );
    expect(record?.summary).toMatchObject({ rejects: { 'total-is-not-sum': 1 } });
  });

  test('that are known only at the end are left out too when so many are allowed, and only then', async () => {
    const file = put(
      'double.csv',
      fileText([...ROWS, broken.replace(',569,', ',568,'), withCell(ROWS[0], '位次', '')]),
    );
    // Lines 3 and 6 are one candidate in the same words, 2 and 7 another with and without a rank.
    const refused = await desk.asLoader(['load', file, '--series', GAOKAO, '--json', '--allow-rejects', '3']);
    expect(refusalOf(refused)).toEqual({ code: 'rows-rejected', exitCode: 3 });
    const before = await counts();
    const result = await desk.asLoader(['load', file, '--series', GAOKAO, '--json', '--allow-rejects', '4']);
    expect(result.exitCode).toBe(0);
    const json = jsonOf(result);
    expect(json).toMatchObject({
      rows: { read: 6, accepted: 2, rejected: 4 },
      rejects: { 'duplicate-row': 2, 'duplicate-candidate-number': 2 },
    });
    expect((await storedOf(json['batch'])).map((s) => s.number).sort()).toEqual([
      '26330101000003',
      '26330101000004',
    ]);
    expect(await counts()).toEqual({ batches: before.batches + 1, tables: before.tables + 1 });
    const only = put('only.csv', fileText([ROWS[2], ROWS[3]]));
    expect(jsonOf(await desk.asLoader(['validate', only, '--series', GAOKAO, '--json']))['checksum']).toBe(
      json['checksum'],
    );
  });

  test('whose ranks contradict the totals are refused whatever is allowed', async () => {
    const file = put('ranks.csv', fileText(ROWS.map((row) => row.replace(/,568,1$/, ',568,4'))));
    const before = await counts();
    const result = await desk.asLoader([
      'load',
      file,
      '--series',
      GAOKAO,
      '--json',
      '--allow-rejects',
      '100',
    ]);
    expect(refusalOf(result)).toEqual({ code: 'rows-rejected', exitCode: 3 });
    expect(await counts()).toEqual(before);
  });

  test('of a file with a header alone: there is no candidate to load', async () => {
    const result = await desk.asLoader([
      'load',
      put('empty.csv', fileText([])),
      '--series',
      GAOKAO,
      '--json',
    ]);
    expect(refusalOf(result)).toEqual({ code: 'rows-rejected', exitCode: 3 });
  });
});

describe('load is refused', () => {
  test.each([
    ['for a file that is none', ['nowhere.csv', '--series', GAOKAO], 'file-refused', 3],
    ['for a series that is not there', [EXAMPLE, '--series', 'zj-gaokao-1999'], 'series-unknown', 4],
    ['for a definition file', [EXAMPLE, '--series', 'gaokao.yaml'], 'usage', 2],
    ['without a series', [EXAMPLE], 'usage', 2],
    ['without a file', ['--series', GAOKAO], 'usage', 2],
    [
      'for a number of rejects that is none',
      [EXAMPLE, '--series', GAOKAO, '--allow-rejects', 'all'],
      'usage',
      2,
    ],
    ['for standard input twice', ['-', '-', '--series', GAOKAO], 'usage', 2],
  ])('%s', async (_what, args, code, exitCode) => {
    expect(refusalOf(await desk.asLoader(['load', ...args, '--json']))).toEqual({ code, exitCode });
  });

  test('without a pepper file, before anything is read', async () => {
    const result = await desk.asLoader(['load', EXAMPLE, '--series', GAOKAO, '--json'], {
      env: { FANGBANG_PEPPER_FILE: '' },
    });
    expect(refusalOf(result)).toEqual({ code: 'config-invalid', exitCode: 2 });
  });

  test('to a login that is no loader', async () => {
    const url = await desk.database.urlFor('fangbang_service');
    const result = await desk.asLoader(['load', EXAMPLE, '--series', GAOKAO, '--json'], {
      env: { DATABASE_URL: url },
    });
    expect(refusalOf(result)).toEqual({ code: 'not-permitted', exitCode: 4 });
  });
});

test('the report for people names lines, kinds and what to do', async () => {
  const file = put('report.csv', fileText([ROWS[0], withCell(ROWS[1], '语文', '151'), '', ROWS[2]]));
  const result = await desk.asLoader(['validate', file, '--series', join(desk.folder, 'gaokao.yaml')]);
  expect(result.exitCode).toBe(3);
  expect(result.stdout).toContain('rows: 4 read, 2 accepted, 1 rejected, 1 skipped');
  expect(result.stdout).toContain('  line 3, column 语文: 成绩超出规定范围');
  expect(result.stdout).toMatch(/^chinese +2 +0\.00%/m);
  expect(result.stdout).toMatch(/^checksum sha256:[0-9a-f]{64}$/m);
  expect(result.stderr).toContain('what to do next: mend the lines that');
});

test('the report of the example file has the mean and the share of absent candidates', async () => {
  const definition = join(desk.folder, 'gaokao.yaml');
  const { stdout } = await desk.asLoader(['validate', EXAMPLE, '--series', definition]);
  expect(stdout).toMatch(/^chinese +5000 +0\.12% .*\b102\.93\b/m);
});

test('nothing that was printed so far holds a name, a mark or an identity number of a rejected row', () => {
  expect(withoutHashes(desk.printed())).not.toMatch(/许𠮷|330203200801279877|\b569\b|\b151\b/);
});
