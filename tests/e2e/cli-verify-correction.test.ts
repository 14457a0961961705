import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batchChecksum, parseChecksum, rowHash, StoredChecksum } from '../../service/results/checksum.ts';
import { computeDigest, readPeppers, type Digest } from '../../service/results/digest.ts';
import { MembershipFilter } from '../../service/results/membership-filter.ts';
import { CODEC_VERSION, makeSlipCodec } from '../../service/results/slip-codec.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';
import { officialCandidates, officialFile } from '../helpers/official-gaokao.ts';
import { withClient } from '../helpers/stores.ts';

const SERIES = 'zj-gaokao-2026';

let desk: CliDesk;
let first: DeskBatch;
/** Five with other marks, and one who was not in the first batch. */
const corrections = officialCandidates(31, 1).filter((_, i) => i < 5 || i === 30);
let file: string;

beforeAll(async () => {
  desk = await openCliDesk();
  first = await desk.makeBatch(SERIES, 30);
  file = join(desk.folder, 'correction.csv');
  writeFileSync(file, officialFile(first.definition, corrections));
});
afterAll(() => desk.close());

const UNCHANGED = 'select digest, 0, candidate_number, payload from fangbang.slip where batch = 1';

/**
 * A correction of the first batch, by the functions of the database.
 * @param taken SQL of what it takes over from the first batch, as a faulty program would.
 */
async function correct(taken = UNCHANGED): Promise<number> {
  const { definition } = first;
  const [pepper] = readPeppers(desk.pepperFile);
  const codec = makeSlipCodec(definition);
  const entries = corrections.map(({ candidateNumber, identityNumber, slip }) => ({
    digest: computeDigest(pepper, SERIES, 'number-and-identity', [candidateNumber, identityNumber]),
    candidateNumber,
    payload: codec.encode(slip),
    rowHash: rowHash([candidateNumber, slip.name, identityNumber], codec.encode(slip)),
  }));
  const rowHashes = entries.map((entry) => entry.rowHash).sort((a, b) => a.compare(b));
  const checksum = batchChecksum(definition.sourceSha256, rowHashes, parseChecksum(first.checksum));
  return await withClient(desk.loader.url, async (client) => {
    await client.query('begin');
    const opened = await client.query<{ n: number }>(
      'select fangbang.open_batch($1, 1, $2, $3, $4, $5) as n',
      [SERIES, Buffer.from(pepper.fingerprint, 'hex'), randomBytes(8), CODEC_VERSION, first.number],
    );
    const number = opened.rows[0]?.n ?? 0;
    const slips = `fangbang.slip_${number}`;
    await client.query(
      `insert into ${slips} (digest, credential_set, candidate_number, payload)
       select t.* from (${taken}) t where candidate_number <> all($2)
       union all select d, 0, n, p from unnest($1::bytea[], $2::text[], $3::bytea[]) as t (d, n, p)`,
      [
        entries.map(({ digest }) => digest),
        entries.map(({ candidateNumber }) => candidateNumber),
        entries.map(({ payload }) => payload),
      ],
    );
    const { rows } = await client.query<{ digest: Digest; n: string; payload: Buffer }>(
      `select digest, candidate_number as n, payload from ${slips}`,
    );
    const stored = new StoredChecksum();
    const filter = MembershipFilter.forEntries(rows.length);
    for (const row of rows) {
      stored.add(row.digest, 0, row.n, row.payload);
      filter.add(row.digest);
    }
    await client.query('select fangbang.add_filter_chunk($1, 0, $2)', [number, filter.bytes]);
    await client.query('select fangbang.seal_batch($1, $2, $3, $4, $4, $5, $6, $7)', [
      number,
      checksum,
      stored.digest(),
      rows.length,
      filter.sha256(),
      filter.bits,
      '{}',
    ]);
    await client.query('commit');
    return number;
  });
}

function verify(batch: number, path: string): Promise<CliResult> {
  return desk.asLoader(['verify', String(batch), '--file', path, '--redis-url', 'none', '--json']);
}

describe('a correction', () => {
  it('is the corrected batch with the candidates of its file replaced or added', async () => {
    const batch = await correct();
    const result = await verify(batch, file);
    expect(jsonOf(result)).toMatchObject({
      entries: 31,
      file: { candidates: 6, missingInPostgres: 0, extraInPostgres: 0, differing: 0 },
    });
    expect(result.exitCode).toBe(0);
    // The file of the batch that it corrects is not its file.
    expect(refusalOf(await verify(batch, first.file))).toEqual({ code: 'verification-failed', exitCode: 3 });
  });

  it.each([
    [
      'changed somebody who is not in its file',
      'differing between file and Postgres: 1',
      `select digest, 0, candidate_number, case when candidate_number = '26330101000020'
         then (select payload from fangbang.slip where batch = 1 and candidate_number = '26330101000021') else payload end
       from fangbang.slip where batch = 1`,
    ],
    ['forgot somebody', 'missing in Postgres: 1', `${UNCHANGED} and candidate_number <> '26330101000020'`],
    [
      'added somebody who is in neither',
      'extra in Postgres: 1',
      `${UNCHANGED} union all select sha512(digest), 0, candidate_number, payload from fangbang.slip
         where batch = 1 and candidate_number = '26330101000020'`,
    ],
  ])('that %s is found out', async (_, fault, taken) => {
    const result = await verify(await correct(taken), file);
    expect(refusalOf(result)).toEqual({ code: 'verification-failed', exitCode: 3 });
    expect(result.stderr).toContain(fault);
  });
});
