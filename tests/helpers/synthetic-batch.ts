/**
 * @module A batch made by the SQL functions alone, without any file: for tests of what comes after `load`.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  StoredChecksum,
  batchChecksum,
  rowHash,
  showChecksum,
} from '../../service/results/checksum.ts';
import { parseDefinition, type SeriesDefinition } from '../../service/results/definition.ts';
import { computeDigest, readPeppers, type Digest } from '../../service/results/digest.ts';
import { checkCharacter } from '../../service/results/identity-document.ts';
import { MembershipFilter } from '../../service/results/membership-filter.ts';
import { CODEC_VERSION, makeSlipCodec } from '../../service/results/slip-codec.ts';
import { MARK_BASE, NOT_TAKEN, type Slip } from '../../service/results/slip.ts';
import { withClient } from './stores.ts';

export interface SyntheticCandidate {
  readonly candidateNumber: string;
  readonly identityNumber: string;
  readonly slip: Slip;
  readonly digest: Digest;
}

export interface SyntheticBatch {
  readonly number: number;
  readonly series: string;
  /** As people write it. */
  readonly checksum: string;
  readonly definition: SeriesDefinition;
  readonly candidates: readonly SyntheticCandidate[];
}

export interface SyntheticOptions {
  /** Of a login in the role fangbang_loader. */
  readonly loaderUrl: string;
  readonly pepperFile: string;
  readonly series: string;
  readonly candidates: number;
  /** Changes the marks, so that two batches of a series differ. */
  readonly variant?: number;
}

const PRESET = new URL('../../service/results/presets/gaokao.yaml', import.meta.url);

/** The gaokao preset under another id. */
export function gaokaoDefinition(series: string): SeriesDefinition {
  const source = readFileSync(PRESET, 'utf8').replace(/^id: .*$/m, `id: ${series}`);
  return parseDefinition(source, series);
}

/** Adds the series if need be and stores a sealed batch of it. */
export async function makeSyntheticBatch(options: SyntheticOptions): Promise<SyntheticBatch> {
  const definition = gaokaoDefinition(options.series);
  const [pepper] = readPeppers(options.pepperFile);
  const codec = makeSlipCodec(definition);
  const made = Array.from({ length: options.candidates }, (_, i) => candidate(i, options.variant ?? 0));
  const ranks = ranksOf(made.map(({ slip }) => slip.total ?? 0));
  const candidates = made.map(({ candidateNumber, identityNumber, slip: unranked }) => {
    const slip = { ...unranked, rank: ranks.get(unranked.total ?? 0) };
    const digest = computeDigest(pepper, definition.id, 'number-and-identity', [
      candidateNumber,
      identityNumber,
    ]);
    return { candidateNumber, identityNumber, slip, digest, payload: codec.encode(slip) };
  });

  const stored = new StoredChecksum();
  const filter = MembershipFilter.forEntries(candidates.length);
  for (const { digest, candidateNumber, payload } of candidates) {
    stored.add(digest, 0, candidateNumber, payload);
    filter.add(digest);
  }
  const hashes = candidates
    .map((c) => rowHash([c.candidateNumber, c.slip.name, c.identityNumber], c.payload))
    .sort(Buffer.compare);
  const checksum = batchChecksum(definition.sourceSha256, hashes);

  const number = await withClient(options.loaderUrl, async (client) => {
    const added = await client.query<{ version: number }>(
      'select version from fangbang.add_definition($1, $2)',
      [definition.id, definition.source],
    );
    await client.query('begin');
    const opened = await client.query<{ n: number }>(
      'select fangbang.open_batch($1, $2, $3, $4, $5) as n',
      [
        definition.id,
        added.rows[0]?.version,
        Buffer.from(pepper.fingerprint, 'hex'),
        randomBytes(8),
        CODEC_VERSION,
      ],
    );
    const batch = opened.rows[0]?.n ?? 0;
    await client.query(
      `insert into fangbang.slip_${batch} (digest, credential_set, candidate_number, payload)
       select d, 0, n, p from unnest($1::bytea[], $2::text[], $3::bytea[]) as t (d, n, p)`,
      [
        candidates.map(({ digest }) => digest),
        candidates.map(({ candidateNumber }) => candidateNumber),
        candidates.map(({ payload }) => payload),
      ],
    );
    for (const [index, bytes] of filter.chunks().entries())
      await client.query('select fangbang.add_filter_chunk($1, $2, $3)', [batch, index, bytes]);
    await client.query('select fangbang.seal_batch($1, $2, $3, $4, $5, $6, $7, $8)', [
      batch,
      checksum,
      stored.digest(),
      candidates.length,
      candidates.length,
      filter.sha256(),
      filter.bits,
      '{}',
    ]);
    await client.query('commit');
    return batch;
  });
  return { number, series: options.series, checksum: showChecksum(checksum), definition, candidates };
}

/** 1 + how many have more, by total. */
function ranksOf(totals: readonly number[]): Map<number, number> {
  const ranks = new Map<number, number>();
  for (const [i, total] of totals.toSorted((a, b) => b - a).entries())
    if (!ranks.has(total)) ranks.set(total, i + 1);
  return ranks;
}

/** The official file that `load` would have made the batch from. */
export function officialFile(batch: Pick<SyntheticBatch, 'definition' | 'candidates'>): string {
  const { components } = batch.definition;
  const head = ['准考证号', '姓名', '身份证号', ...components.map(({ column }) => column), '总分', '位次'];
  const rows = batch.candidates.map(({ candidateNumber, identityNumber, slip }) => [
    candidateNumber,
    slip.name,
    identityNumber,
    ...components.map(({ score }, i) => {
      const code = slip.marks[i] ?? NOT_TAKEN;
      return code === NOT_TAKEN ? '' : code - MARK_BASE + (score?.min ?? 0);
    }),
    slip.total ?? '',
    slip.rank ?? '',
  ]);
  return [head, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

function candidate(
  index: number,
  variant: number,
): { candidateNumber: string; identityNumber: string; slip: Slip } {
  const candidateNumber = `26330101${String(index + 1).padStart(6, '0')}`;
  const born = new Date(Date.UTC(2007, 0, 1 + Math.floor(index / 1000))).toISOString().slice(0, 10);
  const first17 = `330102${born.replaceAll('-', '')}${String(index % 1000).padStart(3, '0')}`;
  const marks = [
    ...[0, 1, 2].map((i) => MARK_BASE + ((index * 7 + i * 31 + variant) % 151)),
    // Three of the seven electives, from 40 on.
    ...[0, 1, 2].map((i) => MARK_BASE + ((index + i + variant) % 61)),
    ...[NOT_TAKEN, NOT_TAKEN, NOT_TAKEN, NOT_TAKEN],
  ];
  const total = marks.reduce((sum, code, i) => sum + (code === NOT_TAKEN ? 0 : code - MARK_BASE + (i < 3 ? 0 : 40)), 0);
  const slip: Slip = {
    candidateNumber,
    name: `林${String.fromCodePoint(0x4e00 + (index % 20_000))}`,
    status: 'scored',
    marks,
    total,
    rank: undefined,
    flags: 0,
  };
  return { candidateNumber, identityNumber: first17 + checkCharacter(first17), slip };
}
