/**
 * @module Batches and acts by SQL alone, as the CLI would send them: for tests of the database's own guarantees.
 *
 * Slips are opaque bytes here; digests and filters have the right lengths and hashes, which is all that the
 * database checks.
 */
import { createHash, randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { TestDatabase, TestLogin } from './stores.ts';

/** A connection with a login of its own. */
export interface Person extends TestLogin {
  readonly client: pg.Client;
  /** Rows of one statement. */
  readonly ask: <T extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<T[]>;
  /** The only value of a statement's only row. */
  readonly value: <T>(sql: string, values?: unknown[]) => Promise<T>;
}

/** Connects by a URL; `close` in afterAll. */
export async function connect(login: TestLogin): Promise<Person> {
  const client = new pg.Client({ connectionString: login.url });
  client.on('error', () => undefined);
  await client.connect();
  const ask: Person['ask'] = async <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    (await client.query<T>(sql, values)).rows;
  const value: Person['value'] = async <T>(sql: string, values: unknown[] = []) => {
    const { rows } = await client.query<T[]>({ text: sql, values, rowMode: 'array' });
    const row = rows[0];
    if (rows.length !== 1 || row?.length !== 1) throw new Error(`expected one value: ${sql}`);
    return row[0] as T;
  };
  return { ...login, client, ask, value };
}

/** The people and programs that a release has. */
export interface Cast {
  readonly database: TestDatabase;
  readonly loader: Person;
  readonly approver: Person;
  readonly service: Person;
  readonly owner: Person;
  /** Another connection, closed with the rest. */
  readonly extra: (login: TestLogin) => Promise<Person>;
  readonly close: () => Promise<void>;
}

export async function gather(database: TestDatabase): Promise<Cast> {
  const people: Person[] = [];
  const extra = async (login: TestLogin): Promise<Person> => {
    const person = await connect(login);
    people.push(person);
    return person;
  };
  return {
    database,
    loader: await extra(await database.createLogin('loader', 'fangbang_loader')),
    approver: await extra(await database.createLogin('approver', 'fangbang_loader')),
    service: await extra(await database.createLogin('service', 'fangbang_service')),
    owner: await extra({ name: 'postgres', url: database.url }),
    extra,
    close: async () => {
      for (const { client } of people) await client.end();
      await database.drop();
    },
  };
}

/** What the database says of a refusal. */
export interface Refusal {
  /** SQLSTATE. */
  readonly state: string | undefined;
  /** Our code for refusals of our functions and constraints. */
  readonly code: string | undefined;
  readonly message: string;
}

/** The refusal of a statement that must fail; undefined when it went through. */
export async function refusalOf(work: Promise<unknown>): Promise<Refusal | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { state: error.code, code: error.constraint, message: error.message };
  }
}

/** Only the code, for tables of cases. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return (await refusalOf(work))?.code;
}

export interface Entry {
  readonly digest: Buffer;
  readonly credentialSet: number;
  readonly candidateNumber: string;
  readonly payload: Buffer;
}

/** So many entries; the digest is SHA-512 of `hint` and the place, so that a test can ask for one. */
export function makeEntries(count: number, hint = 'entry'): Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    digest: digestOf(`${hint}:${i}`),
    credentialSet: 0,
    candidateNumber: String(i).padStart(14, '0'),
    payload: Buffer.from(`slip of ${hint}:${i}`),
  }));
}

export function digestOf(text: string): Buffer {
  return createHash('sha512').update(text).digest();
}

export const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest();

/** Bytes in COPY's text format. */
function hex(bytes: Buffer): string {
  return `\\\\x${bytes.toString('hex')}`;
}

/** COPY into the batch's own table, as the loader does. */
export async function copyEntries(person: Person, table: string, entries: readonly Entry[]): Promise<void> {
  const stream = person.client.query(
    copyFrom(`copy ${table} (digest, credential_set, candidate_number, payload) from stdin with (freeze)`),
  );
  const lines = entries.map(
    (e) => `${hex(e.digest)}\t${e.credentialSet}\t${e.candidateNumber}\t${hex(e.payload)}\n`,
  );
  await pipeline(Readable.from(lines), stream);
}

/** Adds a definition; the database takes any text. */
export async function addSeries(person: Person, series: string, source = `id: ${series}`): Promise<number> {
  return await person.value<number>('select version from fangbang.add_definition($1, $2)', [series, source]);
}

export async function openBatch(
  person: Person,
  series: string,
  corrects: number | null = null,
): Promise<number> {
  return await person.value<number>('select fangbang.open_batch($1, 1, $2, $3, 1, $4)', [
    series,
    Buffer.alloc(8, 1),
    randomBytes(8),
    corrects,
  ]);
}

/** What seal_batch is told; a test changes one of them. */
export interface SealWith {
  readonly checksum?: Buffer | null;
  readonly storedChecksum?: Buffer | null;
  readonly candidates?: number | null;
  readonly entries?: number | null;
  readonly filterSha256?: Buffer | null;
  readonly filterBits?: number | null;
  readonly summary?: object | null;
}

export const filterBytes = Buffer.alloc(16, 0xa5);

export async function sealBatch(
  person: Person,
  batch: number,
  entries: number,
  change: SealWith = {},
): Promise<string> {
  const given = {
    checksum: checksumOf(batch),
    storedChecksum: sha256(`stored ${batch}`),
    candidates: entries,
    entries,
    filterSha256: sha256(filterBytes),
    filterBits: filterBytes.length * 8,
    summary: {},
    ...change,
  };
  return await person.value<string>('select fangbang.seal_batch($1, $2, $3, $4, $5, $6, $7, $8)', [
    batch,
    given.checksum,
    given.storedChecksum,
    given.candidates,
    given.entries,
    given.filterSha256,
    given.filterBits,
    given.summary,
  ]);
}

/** The checksum that `load` gives a batch. */
export function checksumOf(batch: number): Buffer {
  return sha256(`batch ${batch}`);
}

export async function addFilter(person: Person, batch: number): Promise<void> {
  await person.ask('select fangbang.add_filter_chunk($1, 0, $2)', [batch, filterBytes]);
}

/** A whole load in one transaction. */
export async function load(
  person: Person,
  series: string,
  entries: readonly Entry[] = makeEntries(3, series),
  corrects: number | null = null,
): Promise<number> {
  await person.ask('begin');
  try {
    const batch = await openBatch(person, series, corrects);
    await copyEntries(person, `fangbang.slip_${batch}`, entries);
    await addFilter(person, batch);
    await sealBatch(person, batch, entries.length);
    await person.ask('commit');
    return batch;
  } catch (error) {
    await person.ask('rollback');
    throw error;
  }
}

export async function check(
  person: Person,
  batch: number,
  ...kinds: ('warmed' | 'verified' | 'cooled')[]
): Promise<void> {
  for (const kind of kinds) await person.ask('select fangbang.record_check($1, $2, $3)', [batch, kind, {}]);
}

export async function approve(
  person: Person,
  batch: number,
  notBefore = '2020-01-01T00:00:00Z',
  checksum: Buffer | null = checksumOf(batch),
): Promise<string> {
  return await person.value<string>('select fangbang.approve($1, $2, $3)', [batch, checksum, notBefore]);
}

/** Loaded, warmed, verified, approved. */
export async function readyBatch(cast: Cast, series: string, notBefore?: string): Promise<number> {
  const batch = await load(cast.loader, series);
  await check(cast.loader, batch, 'warmed', 'verified');
  await approve(cast.approver, batch, notBefore);
  return batch;
}

export interface Act {
  readonly epoch: string;
  readonly head: string;
  readonly opens_at: Date;
  readonly moved: boolean;
  readonly batch: number;
}

async function onlyRow(work: Promise<Act[]>): Promise<Act> {
  const [row] = await work;
  if (row === undefined) throw new Error('expected a row');
  return row;
}

/** `at` null is now. */
export function publish(person: Person, batch: number, at: string | null = null): Promise<Act> {
  return onlyRow(person.ask<Act>('select * from fangbang.publish($1, $2)', [batch, at]));
}

export function rollback(person: Person, series: string): Promise<Act> {
  return onlyRow(person.ask<Act>('select * from fangbang.rollback($1)', [series]));
}

export function withdraw(person: Person, series: string, reason = 'a test'): Promise<Act> {
  return onlyRow(person.ask<Act>('select * from fangbang.withdraw($1, $2)', [series, reason]));
}

export interface BatchState {
  readonly number: number;
  readonly definitionVersion: number;
  readonly pepperFingerprint: string;
  readonly nonceSalt: string;
  readonly codecVersion: number;
  readonly candidates: number;
  readonly entries: number;
  readonly filterBits: number;
  readonly filterSha256: string;
  readonly rehearsal: boolean;
}

export interface Opening {
  readonly epoch: number;
  readonly opensAtMs: number;
  readonly corrected: boolean | null;
  readonly batch: BatchState | null;
}

export interface SeriesState {
  readonly id: string;
  readonly announced: { readonly definitionVersion: number; readonly releaseAtMs: number | null } | null;
  readonly current: Opening | null;
  readonly next: Opening | null;
  readonly previous: BatchState | null;
}

export interface ServiceState {
  readonly nowMs: number;
  readonly epoch: number;
  readonly series: readonly SeriesState[];
}

/** What the service polls. */
export function serviceState(service: Person): Promise<ServiceState> {
  return service.value<ServiceState>('select fangbang.service_state()');
}

/** The series' part of it; undefined when it is neither announced nor published. */
export async function stateOf(service: Person, series: string): Promise<SeriesState | undefined> {
  return (await serviceState(service)).series.find((s) => s.id === series);
}

export interface OneSlip {
  readonly open: boolean;
  readonly payload: Buffer | null;
}

export async function oneSlip(service: Person, batch: number, digest: Buffer): Promise<OneSlip> {
  const [row] = await service.ask<OneSlip & pg.QueryResultRow>('select * from fangbang.one_slip($1, $2)', [
    batch,
    digest,
  ]);
  if (row === undefined) throw new Error('expected a row');
  return row;
}
