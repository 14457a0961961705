/**
 * @module Batches for tests, made and published with the code of service/results and the functions of the
 * database, as the CLI does, but without it: definition, candidates, load, warm, approve, publish, take back.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { batchChecksum, rowHash, StoredChecksum } from '../../service/results/checksum.ts';
import type { SeriesDefinition } from '../../service/results/definition.ts';
import { parseDefinition } from '../../service/results/definition.ts';
import type { Digest, Pepper } from '../../service/results/digest.ts';
import { computeDigest, makePepper } from '../../service/results/digest.ts';
import { checkCharacter } from '../../service/results/identity-document.ts';
import { MembershipFilter } from '../../service/results/membership-filter.ts';
import { readPreset } from '../../service/results/presets.ts';
import type { PresetName } from '../../service/results/presets.ts';
import { EPOCH_KEY, RAISE_EPOCH_SCRIPT, slipKey, warmMarkerKey } from '../../service/results/redis-keys.ts';
import { makeSealNonce, sealPayload } from '../../service/results/seal.ts';
import { CODEC_VERSION, makeSlipCodec } from '../../service/results/slip-codec.ts';
import type { Slip } from '../../service/results/slip.ts';
import { MARK_BASE, scoreOf, sumOfScores } from '../../service/results/slip.ts';
import type { TestDatabase } from './stores.ts';
import { cloneMigratedDatabase } from './stores.ts';

const pepperFolders: string[] = [];

function removePepperFolders(): void {
  for (const folder of pepperFolders) rmSync(folder, { recursive: true, force: true });
}

/** A fresh pepper and a file that holds it, removed when the process ends. */
export function makePepperFile(): { pepper: Pepper; path: string } {
  const key = randomBytes(32);
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-pepper-'));
  if (pepperFolders.length === 0) process.once('exit', removePepperFolders);
  pepperFolders.push(folder);
  const path = join(folder, 'pepper');
  writeFileSync(path, `${key.toString('base64')}\n`, { mode: 0o600 });
  return { pepper: makePepper(key), path };
}

/** A preset under another id, so that a test can have several series. */
export function presetDefinition(preset: PresetName, id: string): SeriesDefinition {
  return parseDefinition(readPreset(preset).replace(/^id: .*$/m, `id: ${id}`), id);
}

export interface TestCandidate {
  /** As a candidate types them; every credential of the definition. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly slip: Slip;
}

const SURNAMES = '赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨';
const GIVEN_NAMES = '伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平';

/**
 * Candidates of the gaokao preset, a pure function of `from` and `shift`: three electives of seven, full
 * marks spread, a rank. `shift` changes every mark and no credential, as a correction does.
 */
export function gaokaoCandidates(
  definition: SeriesDefinition,
  count: number,
  { from = 1, shift = 0 }: { from?: number; shift?: number } = {},
): TestCandidate[] {
  return Array.from({ length: count }, (_, i) => gaokaoCandidate(definition, from + i, shift));
}

function gaokaoCandidate(definition: SeriesDefinition, n: number, shift: number): TestCandidate {
  const candidateNumber = `26330101${String(n).padStart(6, '0')}`;
  const birth = `2008${String(1 + (n % 12)).padStart(2, '0')}${String(1 + (n % 28)).padStart(2, '0')}`;
  const first17 = `330106${birth}${String(n % 1000).padStart(3, '0')}`;
  const name = `${SURNAMES[n % SURNAMES.length]}${GIVEN_NAMES[n % GIVEN_NAMES.length]}${GIVEN_NAMES[(n >> 4) % GIVEN_NAMES.length]}`;
  const marks = definition.components.map((component, i) => {
    if (component.score === undefined) return MARK_BASE + (n % (component.grades?.length ?? 1));
    const isElective = definition.electives.some((group) => group.components.includes(component.code));
    if (isElective && (i + n) % 7 >= 3) return 0;
    const steps = (component.score.max - component.score.min) / component.score.step;
    return MARK_BASE + ((n * 31 + i * 17 + shift) % (steps + 1));
  });
  return {
    credentials: {
      candidateNumber,
      name,
      identityNumber: `${first17}${checkCharacter(first17)}`,
    },
    slip: {
      candidateNumber,
      name,
      status: 'scored',
      marks,
      total: sumOfScores(definition, marks),
      rank: n + shift,
      flags: 0,
    },
  };
}

/** The fields of a request by the definition's first credential set. */
export function fieldsOf(definition: SeriesDefinition, candidate: TestCandidate): Record<string, string> {
  const names = definition.credentialSets[0]?.credentials ?? [];
  return Object.fromEntries(names.map((name) => [name, candidate.credentials[name] ?? '']));
}

/** The marks of an answer, built by hand from the slip and not by the code that answers. */
export function expectedMarks(
  definition: SeriesDefinition,
  { slip }: TestCandidate,
): Record<string, unknown> {
  const components = definition.components.flatMap((component, i) => {
    const code = slip.marks[i] ?? 0;
    if (code === 0 || component.score === undefined) return [];
    const { code: name, title, score } = component;
    return [{ code: name, title, score: scoreOf(score, code), max: score.max }];
  });
  return {
    candidate: { number: slip.candidateNumber, name: slip.name },
    components,
    total: { score: slip.total, max: definition.total?.max },
    rank: slip.rank,
  };
}

/** Who does what in a test: two persons, the service, and the pepper that they share. */
export interface Installation {
  readonly database: TestDatabase;
  readonly loaderUrl: string;
  readonly approverUrl: string;
  readonly serviceUrl: string;
  readonly pepper: Pepper;
  readonly pepperFile: string;
  /** undefined: without Redis. */
  readonly redisUrl: string | undefined;
}

/** A migrated database of the run with the logins that a test needs. */
export async function makeInstallation(redisUrl: string | undefined): Promise<Installation> {
  const database = await cloneMigratedDatabase();
  const { pepper, path } = makePepperFile();
  return {
    database,
    loaderUrl: await database.urlFor('fangbang_loader'),
    approverUrl: await database.urlFor('fangbang_loader'),
    serviceUrl: await database.urlFor('fangbang_service'),
    pepper,
    pepperFile: path,
    redisUrl,
  };
}

export interface TestBatch {
  readonly number: number;
  readonly definition: SeriesDefinition;
  readonly candidates: readonly TestCandidate[];
  readonly checksum: Buffer;
  /** What Redis holds when the batch is warm. */
  readonly sealed: readonly { readonly key: Buffer; readonly value: Buffer }[];
}

/** The first row of what a statement answers. */
export async function queryOne(
  url: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows[0] ?? {};
  } finally {
    await client.end();
  }
}

/** Adds the definition and loads a batch, sealed in Postgres; nothing is in Redis yet. */
export async function loadBatch(
  installation: Pick<Installation, 'loaderUrl' | 'pepper'>,
  definition: SeriesDefinition,
  candidates: readonly TestCandidate[],
): Promise<TestBatch> {
  const { loaderUrl, pepper } = installation;
  const codec = makeSlipCodec(definition);
  const nonceSalt = randomBytes(8);
  const nonce = makeSealNonce(CODEC_VERSION, nonceSalt);
  const entries = candidates.flatMap((candidate) => {
    const payload = codec.encode(candidate.slip);
    return definition.credentialSets.map((set, setIndex) => ({
      digest: computeDigest(
        pepper,
        definition.id,
        set.name,
        set.credentials.map((name) => candidate.credentials[name] ?? ''),
      ),
      setIndex,
      candidate,
      payload,
    }));
  });
  const filter = MembershipFilter.forEntries(entries.length);
  const stored = new StoredChecksum();
  for (const { digest, setIndex, candidate, payload } of entries) {
    filter.add(digest);
    stored.add(digest, setIndex, candidate.slip.candidateNumber, payload);
  }
  const hashes = candidates
    .map(({ credentials, slip }) =>
      rowHash(
        Object.keys(definition.credentials).map((name) => credentials[name] ?? ''),
        codec.encode(slip),
      ),
    )
    .sort((a, b) => Buffer.compare(a, b));
  const checksum = batchChecksum(definition.sourceSha256, hashes);

  const client = new pg.Client({ connectionString: loaderUrl });
  await client.connect();
  try {
    const added = await client.query<{ version: number }>(
      'select version from fangbang.add_definition($1, $2)',
      [definition.id, definition.source],
    );
    await client.query('begin');
    const opened = await client.query<{ number: number }>(
      'select fangbang.open_batch($1, $2, $3, $4, $5) as number',
      [
        definition.id,
        added.rows[0]?.version,
        Buffer.from(pepper.fingerprint, 'hex'),
        nonceSalt,
        CODEC_VERSION,
      ],
    );
    const number = opened.rows[0]?.number ?? 0;
    await client.query(
      `insert into fangbang.slip_${number} (digest, credential_set, candidate_number, payload)
        select * from unnest($1::bytea[], $2::smallint[], $3::text[], $4::bytea[])`,
      [
        entries.map((e) => e.digest),
        entries.map((e) => e.setIndex),
        entries.map((e) => e.candidate.slip.candidateNumber),
        entries.map((e) => e.payload),
      ],
    );
    for (const [i, chunk] of filter.chunks().entries())
      await client.query('select fangbang.add_filter_chunk($1, $2, $3)', [number, i, chunk]);
    await client.query('select fangbang.seal_batch($1, $2, $3, $4, $5, $6, $7, $8)', [
      number,
      checksum,
      stored.digest(),
      candidates.length,
      entries.length,
      filter.sha256(),
      filter.bits,
      {},
    ]);
    await client.query('commit');
    const sealed = entries.map(({ digest, payload }: { digest: Digest; payload: Buffer }) => ({
      key: slipKey(number, digest),
      value: sealPayload(digest, nonce, payload),
    }));
    return { number, definition, candidates, checksum, sealed };
  } finally {
    await client.end();
  }
}

/** Runs commands on a connection of their own. */
export async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { retryStrategy: null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

/** Writes the batch to Redis and records that it was warmed and verified. */
export async function warmBatch(
  { loaderUrl, redisUrl }: Pick<Installation, 'loaderUrl' | 'redisUrl'>,
  batch: TestBatch,
): Promise<void> {
  if (redisUrl !== undefined) {
    await withRedis(redisUrl, async (redis) => {
      const pipeline = redis.pipeline();
      for (const { key, value } of batch.sealed) pipeline.set(key, value);
      pipeline.set(warmMarkerKey(batch.number), String(batch.sealed.length));
      await pipeline.exec();
    });
  }
  for (const kind of ['warmed', 'verified'])
    await queryOne(loaderUrl, 'select fangbang.record_check($1, $2, $3)', [batch.number, kind, {}]);
}

/** The second person's word, by default for any time. */
export async function approveBatch(
  { approverUrl }: Pick<Installation, 'approverUrl'>,
  batch: TestBatch,
  notBefore = new Date(0),
): Promise<void> {
  await queryOne(approverUrl, 'select fangbang.approve($1, $2, $3)', [
    batch.number,
    batch.checksum,
    notBefore,
  ]);
}

/** Publishes by the database's clock: now, or so many milliseconds ahead. @returns the opening and the epoch. */
export async function publishBatch(
  installation: Pick<Installation, 'loaderUrl' | 'redisUrl'>,
  batch: TestBatch,
  inMs: number | 'now' = 'now',
): Promise<{ opensAtMs: number; epoch: number }> {
  return await act(
    installation,
    `select epoch::int, (extract(epoch from opens_at) * 1000)::float8 as "opensAtMs"
      from fangbang.publish($1, case when $2::float8 is null then null
        else clock_timestamp() + $2::float8 * interval '1 millisecond' end)`,
    [batch.number, inMs === 'now' ? null : inMs],
  );
}

export async function withdrawSeries(
  installation: Pick<Installation, 'loaderUrl' | 'redisUrl'>,
  series: string,
): Promise<{ epoch: number }> {
  return await act(installation, `select epoch::int from fangbang.withdraw($1, 'a test')`, [series]);
}

export async function rollbackSeries(
  installation: Pick<Installation, 'loaderUrl' | 'redisUrl'>,
  series: string,
): Promise<{ epoch: number }> {
  return await act(installation, 'select epoch::int from fangbang.rollback($1)', [series]);
}

export async function announceSeries(
  { loaderUrl }: Pick<Installation, 'loaderUrl'>,
  definition: SeriesDefinition,
  releaseAt: Date | null,
): Promise<void> {
  await queryOne(loaderUrl, 'select fangbang.add_definition($1, $2)', [definition.id, definition.source]);
  await queryOne(loaderUrl, 'select fangbang.announce($1, $2)', [definition.id, releaseAt]);
}

/** Load, warm, approve and publish. */
export async function openBatch(
  installation: Installation,
  definition: SeriesDefinition,
  candidates: readonly TestCandidate[],
  inMs: number | 'now' = 'now',
): Promise<TestBatch> {
  const batch = await loadBatch(installation, definition, candidates);
  await warmBatch(installation, batch);
  await approveBatch(installation, batch);
  await publishBatch(installation, batch, inMs);
  return batch;
}

/** An act, and then the epoch in Redis, as the CLI does it; a Redis that is away is left alone. */
async function act<T extends { epoch: number }>(
  { loaderUrl, redisUrl }: Pick<Installation, 'loaderUrl' | 'redisUrl'>,
  sql: string,
  values: unknown[],
): Promise<T> {
  const done = (await queryOne(loaderUrl, sql, values)) as unknown as T;
  if (redisUrl !== undefined) {
    await withRedis(redisUrl, (redis) => redis.eval(RAISE_EPOCH_SCRIPT, 1, EPOCH_KEY, done.epoch)).catch(
      () => {},
    );
  }
  return done;
}
