/**
 * @module A file with faults of every kind that domain.md tells of (tests/helpers/faulty-file.ts, with its truth):
 * every faulty line is named with its own number, no sound candidate is refused, none is stored with another value.
 *
 * 20,000 rows and 500 faults; FANGBANG_FAULTS_ROWS=100000 makes it the full size, with a fortieth as many faults.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { computeDigest, readPeppers } from '../../service/results/digest.ts';
import { MARK_BASE, NOT_TAKEN, type Slip } from '../../service/results/slip.ts';
import { makeSlipCodec } from '../../service/results/slip-codec.ts';
import { jsonOf, openCliDesk, type CliDesk } from '../helpers/cli-desk.ts';
import { FAULT_KINDS, faultyBytes, faultyFile, truthText, type FaultyFile } from '../helpers/faulty-file.ts';
import type { Row } from '../helpers/faulty-file-kinds.ts';
import { gaokaoDefinition } from '../helpers/official-gaokao.ts';
import { withClient } from '../helpers/stores.ts';

const SERIES = 'zj-gaokao-2026';
const ROWS = Number(process.env['FANGBANG_FAULTS_ROWS'] ?? 20_000);
const FAULTS = ROWS / 40;
const SEED = 20_260_625;
const FORMS = ['gb18030-crlf', 'utf8-bom-lf'] as const;

const definition = gaokaoDefinition(SERIES);
const truth: FaultyFile = faultyFile({ rows: ROWS, faults: FAULTS }, SEED);

interface Rejected {
  readonly line: string;
  readonly column: string;
  readonly code: string;
}

interface Loaded {
  readonly json: Record<string, unknown>;
  readonly rejected: readonly Rejected[];
  readonly rejectText: string;
}

let desk: CliDesk;
const loaded = new Map<string, Loaded>();

beforeAll(async () => {
  desk = await openCliDesk();
  const yaml = join(desk.folder, 'gaokao.yaml');
  writeFileSync(yaml, definition.source);
  await desk.asLoader(['series', 'add', yaml]);
  for (const form of FORMS) {
    const folder = join(desk.folder, form);
    mkdirSync(folder);
    const file = join(folder, 'faulty.csv');
    writeFileSync(file, faultyBytes(truth, form));
    writeFileSync(join(folder, 'truth.csv'), truthText(truth));
    const result = await desk.asLoader([
      'load',
      file,
      '--series',
      SERIES,
      '--json',
      '--allow-rejects',
      String(ROWS),
    ]);
    if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}\n${result.stderr.slice(-4000)}`);
    const rejectText = readFileSync(join(folder, 'faulty.rejects.csv'), 'utf8');
    const rejected: Rejected[] = parse(rejectText, { columns: true, bom: true });
    loaded.set(form, { json: jsonOf(result), rejected, rejectText });
  }
});
afterAll(() => desk.close());

function of(form: string): Loaded {
  const found = loaded.get(form);
  if (found === undefined) throw new Error(`not loaded: ${form}`);
  return found;
}

/** What must be stored of a row, by the definition of the gaokao and not by the loader's code. */
function slipOf(row: Row): Slip {
  const marks = definition.components.map(({ column, score }) => {
    const cell = row[column as keyof Row];
    return cell === '' ? NOT_TAKEN : MARK_BASE + Number(cell) - (score?.min ?? 0);
  });
  return {
    candidateNumber: row['准考证号'],
    name: row['姓名'],
    status: 'scored',
    marks,
    total: Number(row['总分']),
    rank: Number(row['位次']),
    flags: 0,
  };
}

test('the generator deals faults of more than 40 kinds, each more than once where it can be', () => {
  expect(FAULT_KINDS.length).toBeGreaterThanOrEqual(40);
  expect(new Set(truth.faulty.values())).toEqual(new Set(FAULT_KINDS));
  expect(truth.faults).toBe(FAULTS);
});

describe.each(FORMS)('%s', (form) => {
  test('every faulty line is named with its own number', () => {
    const named = new Set(of(form).rejected.map(({ line }) => Number(line)));
    const missed = [...truth.faulty].filter(([line]) => !named.has(line));
    expect(missed).toEqual([]);
  });

  test('no sound candidate is refused', () => {
    const refused = of(form).rejected.filter(
      ({ line }) => !truth.faulty.has(Number(line)) && !truth.disputable.has(Number(line)),
    );
    expect(refused).toEqual([]);
  });

  test('every physical line is accepted, rejected or skipped, once', () => {
    const { rows, lines } = of(form).json as { rows: Record<string, number>; lines: number };
    expect(rows['read']).toBe(lines - 1);
    expect((rows['accepted'] ?? 0) + (rows['rejected'] ?? 0) + (rows['skipped'] ?? 0)).toBe(rows['read']);
    const rejectedLines = of(form).rejected.map(({ line }) => line);
    expect(new Set(rejectedLines).size).toBe(rejectedLines.length);
    expect(rows['rejected']).toBe(rejectedLines.length);
  });

  test('every sound candidate is stored with exactly its own values, and nobody else', async () => {
    const [pepper] = readPeppers(desk.pepperFile);
    const codec = makeSlipCodec(definition);
    const entry = (row: Row): [string, string] => [
      computeDigest(pepper, SERIES, 'number-and-identity', [row['准考证号'], row['身份证号']]).toString(
        'hex',
      ),
      codec.encode(slipOf(row)).toString('hex'),
    ];
    const must = new Map([...truth.sound.values()].map(entry));
    const may = new Map([...truth.perhaps.values()].map(entry));
    const stored = await withClient(desk.database.url, async (client) => {
      const { rows } = await client.query<{ digest: string; payload: string }>(
        `select encode(digest, 'hex') as digest, encode(payload, 'hex') as payload from fangbang.slip where batch = $1`,
        [of(form).json['batch']],
      );
      return rows;
    });
    const wrong = stored.filter(({ digest, payload }) => (must.get(digest) ?? may.get(digest)) !== payload);
    expect(wrong.length).toBe(0);
    expect(stored.filter(({ digest }) => must.has(digest)).length).toBe(truth.sound.size);
  });
});

test('GB18030 with CRLF and UTF-8 with a mark give the same report', () => {
  const [one, other] = FORMS.map((form) => {
    const { json, rejectText } = of(form);
    const { batch: _b, encoding: _e, files: _f, seconds: _s, head: _h, rejectFile: _r, ...same } = json;
    return { same, rejectText };
  });
  expect(one).toEqual(other);
  expect(of('gb18030-crlf').json['encoding']).toBe('gb18030');
  expect(of('utf8-bom-lf').json['encoding']).toBe('utf-8');
});

test('no mark, name or identity number is in the report or in the reject file', () => {
  const printed = desk.printed() + FORMS.map((form) => of(form).rejectText).join('');
  const numbers = new Set(printed.match(/[0-9]{17}[0-9X]/g));
  for (const row of truth.sound.values())
    if (numbers.has(row['身份证号'])) throw new Error('an identity number was printed');
  expect(printed).not.toContain('阿依古丽');
});
