/**
 * @module The demo: ten thousand synthetic candidates of the Zhejiang gaokao, taken by the CLI through every
 * step that a real sitting takes, with two persons.
 *
 * Failure policy: a step that fails is the SetupError of its verb. What was done until then stays in the
 * database; the next start begins with a new batch.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { Client } from 'pg';
import { keep } from './checkout.ts';
import { cliTime } from './cli-time.ts';
import { askVerb, runVerb, type CliOptions } from './fangbang-cli.ts';
import { demoLoginPrefix } from './logins.ts';
import type { Progress } from './progress.ts';
import { SetupError } from './setup-error.ts';

export const demoSeries = 'zj-gaokao-2026';
const demoRows = 10_000;

export interface DemoOptions {
  /** The CLI with the loader's login, and with another person's. */
  readonly asLoader: CliOptions;
  readonly asApprover: CliOptions;
  /** Of the pepper that seals the batch. */
  readonly pepperMark: string;
  readonly progress: Progress;
}

/** What a first start remembers for the next ones. */
interface DemoRecord {
  readonly batch: number;
  readonly checksum: string;
  readonly pepperMark: string;
}

function fileNamed(name: string): string {
  return join(keep(), name);
}

/** The candidates' credentials; its header is exactly the credentials' names. */
export function demoCredentialsFile(): string {
  return fileNamed('demo-credentials.csv');
}

/**
 * Whether an earlier start loaded the demo into this database under this pepper. What somebody did with it
 * since (a correction, a withdrawal) is left as it is.
 */
export async function demoIsLoaded(owner: Client, pepperMark: string): Promise<boolean> {
  if (!existsSync(fileNamed('demo-batch.json')) || !existsSync(demoCredentialsFile())) return false;
  const record: Partial<DemoRecord> = JSON.parse(readFileSync(fileNamed('demo-batch.json'), 'utf8'));
  if (record.pepperMark !== pepperMark) return false;
  const found = await owner.query(
    `SELECT 1 FROM fangbang.batch WHERE number = $1 AND 'sha256:' || encode(checksum, 'hex') = $2`,
    [record.batch, record.checksum],
  );
  return found.rows.length > 0;
}

/**
 * Refuses a database that holds results which no `npm start` loaded: a demo has no business in it, nor a
 * migration that nobody decided on.
 */
export async function refuseForeignResults(owner: Client): Promise<void> {
  const schema = await owner.query(`SELECT 1 WHERE to_regclass('fangbang.batch') IS NOT NULL`);
  if (schema.rows.length === 0) return;
  const foreign = await owner.query(
    `SELECT 1 FROM fangbang.batch WHERE NOT starts_with(loaded_by::text, $1) LIMIT 1`,
    [demoLoginPrefix],
  );
  if (foreign.rows.length > 0) {
    throw new SetupError(
      'DATABASE_URL holds results that "npm start" did not load: give it a database of its own, or run the service alone with "node infra/local/serve.mjs".',
    );
  }
}

/** Makes, loads, warms, verifies, approves and opens the demo. */
export async function loadDemo(options: DemoOptions): Promise<void> {
  const { asLoader, asApprover, pepperMark, progress } = options;
  const results = fileNamed('demo.csv');
  const rows = demoRows.toLocaleString('en');
  await progress(`making ${rows} synthetic candidates`, () => makeSample(results, asLoader));
  const loaded = await progress(`loading them`, () =>
    askVerb(['load', results, '--series', demoSeries], asLoader),
  );
  const { batch, checksum } = loaded;
  if (typeof batch !== 'number' || typeof checksum !== 'string') {
    throw new SetupError('"fangbang load" named no batch and checksum: is this checkout complete?');
  }
  const number = String(batch);
  await progress(`warming Redis with batch ${number}`, () => runVerb(['warm', number], asLoader));
  await progress('verifying file = Postgres = Redis', () =>
    runVerb(['verify', number, '--file', results], asLoader),
  );
  await progress('approving it as a second person, and opening it', async () => {
    // The opening is measured by the clock of Postgres, which may be on another machine and a little behind.
    const notBefore = cliTime(Date.now() - 5 * 60_000);
    await runVerb(['approve', number, '--checksum', checksum, '--not-before', notBefore], asApprover);
    await runVerb(['publish', number, '--at', 'now'], asLoader);
  });
  const record: DemoRecord = { batch, checksum, pepperMark };
  writeFileSync(fileNamed('demo-batch.json'), `${JSON.stringify(record)}\n`);
}

async function makeSample(results: string, asLoader: CliOptions): Promise<void> {
  const definition = fileNamed('demo-series.yaml');
  writeFileSync(definition, await runVerb(['series', 'preset', 'gaokao'], asLoader));
  await runVerb(['series', 'add', definition], asLoader);
  const size = ['--rows', String(demoRows), '--seed', '1'];
  await runVerb(['sample', '--series', demoSeries, ...size, '--out', results], asLoader);
  const withExpected = readFileSync(results.replace(/\.csv$/, '.credentials.csv'), 'utf8');
  writeFileSync(demoCredentialsFile(), credentialsOnly(withExpected), { mode: 0o600 });
}

/** The credentials file of `sample` without its column `expected`. */
export function credentialsOnly(csv: string): string {
  const records: string[][] = parse(csv, { bom: true });
  const expectedAt = records[0]?.indexOf('expected') ?? -1;
  return records
    .map((record) => (expectedAt < 0 ? record : record.toSpliced(expectedAt, 1)))
    .map((record) => `${record.map(quoted).join(',')}\n`)
    .join('');
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** One candidate's credentials, as the API takes them. */
export function oneCandidate(credentialsCsv: string): Record<string, string> {
  const records: Record<string, string>[] = parse(credentialsCsv, { bom: true, columns: true, to: 1 });
  return records[0] ?? {};
}

/** Batches that are open, about to open, or what a rollback would open: those that Redis must hold. */
export async function batchesInUse(owner: Client): Promise<number[]> {
  const found = await owner.query<{ batch: number }>(
    `SELECT DISTINCT (x.batch ->> 'number')::int AS batch
       FROM jsonb_array_elements(fangbang.service_state() -> 'series') s,
            LATERAL (VALUES (s #> '{current,batch}'), (s #> '{next,batch}'), (s -> 'previous')) x (batch)
      WHERE jsonb_typeof(x.batch) = 'object' ORDER BY 1`,
  );
  return found.rows.map(({ batch }) => batch);
}
