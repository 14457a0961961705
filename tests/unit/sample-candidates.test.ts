/**
 * @module Synthetic candidates: the same for the same seed, sound by the definition, never real.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candidateNumbers, identityNumbers, textLike } from '../../loader-cli/sample/numbers.ts';
import { Random } from '../../loader-cli/sample/random.ts';
import { writeSample, type SampleEncoding } from '../../loader-cli/sample/write-sample.ts';
import type { Credential, SeriesDefinition } from '../../service/results/definition.ts';
import { checkDocumentNumber } from '../../service/results/identity-document.ts';
import { PRESET_NAMES } from '../../service/results/presets.ts';
import { readMark, type Slip } from '../../service/results/slip.ts';
import { preset } from '../helpers/definitions.ts';
import { readBytes } from '../fixtures/files/small-file.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fangbang-sample-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Sample {
  readonly official: Buffer;
  readonly truth: readonly Record<string, string>[];
}

function sample(definition: SeriesDefinition, rows: number, seed: string, encoding: SampleEncoding): Sample {
  const out = join(folder, `${definition.id}.csv`);
  const written = writeSample(definition, { rows, seed, out, encoding });
  return {
    official: readFileSync(out),
    truth: parse(readFileSync(written.credentialsFile), { columns: true }),
  };
}

/** What the truth file should say of a slip that was read from the official file. */
function expectedOf(definition: SeriesDefinition, slip: Slip): unknown {
  const components = definition.components.flatMap((component, i): unknown[] => {
    const mark = readMark(component, slip.marks[i] ?? 0);
    if (mark.kind === 'not-taken') return [];
    if (mark.kind === 'status') return [[component.code, { status: mark.status }]];
    return [[component.code, mark.kind === 'score' ? mark.score : mark.grade]];
  });
  const flags = definition.flags.filter((_, i) => (slip.flags & (1 << i)) !== 0).map((flag) => flag.code);
  return {
    candidate: { number: slip.candidateNumber, name: slip.name },
    status: slip.status,
    components,
    ...(slip.total === undefined ? {} : { total: slip.total }),
    ...(slip.rank === undefined ? {} : { rank: slip.rank }),
    ...(flags.length === 0 ? {} : { flags }),
  };
}

describe.each(PRESET_NAMES)('a sample of the preset %s', (name) => {
  const definition = preset(name);

  test.each(['gb18030', 'utf-8', 'utf-8-bom'] as const)(
    'in %s is accepted whole and unchanged',
    async (encoding) => {
      const { official, truth } = sample(definition, 2_000, 'a', encoding);
      const { report, accepted } = await readBytes([official], definition);
      expect(report.rows).toEqual({ read: 2_000, accepted: 2_000, rejected: 0, skipped: 0 });
      expect(report.normalisations).toEqual({});
      expect(report.files[0]?.encoding).toBe(encoding.replace('-bom', ''));
      expect(accepted.map(({ slip }) => expectedOf(definition, slip))).toEqual(
        truth.map(({ expected }) => JSON.parse(expected ?? '') as unknown),
      );
    },
  );

  test('gives the credentials of every set', async () => {
    const { official, truth } = sample(definition, 50, 'a', 'utf-8');
    const { accepted } = await readBytes([official], definition);
    const names = Object.keys(definition.credentials);
    const asked = new Set(definition.credentialSets.flatMap((set) => set.credentials));
    expect(new Set(Object.keys(truth[0] ?? {}))).toEqual(new Set([...asked, 'expected']));
    for (const [i, row] of accepted.entries()) {
      for (const credential of asked)
        expect(truth[i]?.[credential]).toBe(row.credentials[names.indexOf(credential)]);
    }
  });

  test('has every status of the definition, and four-byte characters in names', async () => {
    const { official } = sample(definition, 5_000, 'b', 'gb18030');
    const { report, accepted } = await readBytes([official], definition);
    const known = new Set(Object.values(definition.status?.values ?? {}));
    expect(new Set(Object.keys(report.statistics.statuses))).toEqual(known);
    expect(accepted.some(({ slip }) => /[\u{20000}-\u{3FFFF}]/u.test(slip.name))).toBe(true);
    expect(accepted.some(({ slip }) => slip.name.includes('·'))).toBe(true);
  });
});

function sha256({ official, truth }: Sample): string {
  return createHash('sha256').update(official).update(JSON.stringify(truth)).digest('hex');
}

test('the same seed gives the same bytes, another seed others', () => {
  const one = sha256(sample(preset('gaokao'), 500, 'a', 'gb18030'));
  expect(sha256(sample(preset('gaokao'), 500, 'a', 'gb18030'))).toBe(one);
  expect(sha256(sample(preset('gaokao'), 500, 'b', 'gb18030'))).not.toBe(one);
});

test('ranks are competition ranks: 1, 1, 3', async () => {
  const { status: _, ...open } = preset('gaokao');
  const { official } = sample(open, 3_000, 'c', 'utf-8');
  const { accepted } = await readBytes([official], open);
  const ranked = accepted.filter(({ slip }) => slip.total !== undefined).map(({ slip }) => slip);
  const totals = ranked.map(({ total = 0 }) => total).sort((a, b) => b - a);
  expect(new Set(totals).size).toBeLessThan(totals.length);
  for (const { total = 0, rank } of ranked) expect(rank).toBe(totals.indexOf(total) + 1);
});

const NUMBER: Credential = {
  kind: 'candidate-number',
  column: '号',
  title: { zh: '号', en: 'n' },
  example: 'A0001',
  pattern: 'A[0-9]{4}',
  counted: false,
};

describe('numbers', () => {
  test('of candidates are all different and match the pattern, up to the last that there is room for', () => {
    for (const rows of [1, 100, 3_999, 9_999]) {
      const make = candidateNumbers(NUMBER, rows);
      const made = Array.from({ length: rows }, (_, i) => make(i));
      expect(new Set(made).size).toBe(rows);
      expect(made.every((number) => /^A[0-9]{4}$/.test(number))).toBe(true);
    }
    expect(() => candidateNumbers(NUMBER, 10_000)).toThrow('has no room for 10000 numbers');
  });

  test('of documents are all different, sound, and synthetic by their sequence', () => {
    const credential: Credential = { ...NUMBER, kind: 'identity-number' };
    const make = identityNumbers(credential, 200_000, new Random('a'));
    const made = new Set(Array.from({ length: 200_000 }, (_, i) => make(i)));
    expect(made.size).toBe(200_000);
    for (const number of made) {
      expect(number.slice(14, 17)).toMatch(/^9[0-9]{2}$/);
      if (checkDocumentNumber(number, ['resident-identity']) !== undefined) throw new Error('unsound number');
    }
  });

  test.each(['residence-permit', 'foreign-permanent-residence', 'travel-permit', 'passport'] as const)(
    'of a %s are sound',
    (kind) => {
      const make = identityNumbers(
        { ...NUMBER, kind: 'identity-number', documents: [kind] },
        1_000,
        new Random('a'),
      );
      const made = Array.from({ length: 1_000 }, (_, i) => make(i));
      expect(new Set(made).size).toBe(1_000);
      expect(made.every((number) => checkDocumentNumber(number, [kind]) === undefined)).toBe(true);
    },
  );

  test('of a PIN have the form of its example', () => {
    const pin: Credential = { ...NUMBER, kind: 'text', example: '12AB', pattern: '[0-9]{2}[A-Z]{2}' };
    const random = new Random('a');
    for (let i = 0; i < 100; i += 1) expect(textLike(pin, random)).toMatch(/^[0-9]{2}[A-Z]{2}$/);
    expect(() => textLike({ ...pin, pattern: '7{4}' }, random)).toThrow('do not match its pattern');
  });
});
