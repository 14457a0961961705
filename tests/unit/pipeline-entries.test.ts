/**
 * @module What a thread makes of rows is what the contract says of each of them, one by one.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EntryBlock } from '../../loader-cli/pipeline/entries.ts';
import { entryRecipe, makeEntries } from '../../loader-cli/pipeline/entries.ts';
import { EntryThread } from '../../loader-cli/pipeline/entry-thread.ts';
import { DigestTails } from '../../loader-cli/pipeline/digest-tails.ts';
import { StoredChecksum, rowBytes } from '../../service/results/checksum.ts';
import { computeDigest, makePepper } from '../../service/results/digest.ts';
import { MembershipFilter } from '../../service/results/membership-filter.ts';
import { preset } from '../helpers/definitions.ts';

/** Two credential sets of two credentials each. */
const CET = preset('cet');
const PEPPER = makePepper(Buffer.alloc(32, 5));
const NAMES = Object.keys(CET.credentials);
const RECIPE = entryRecipe(CET, PEPPER);

interface Row {
  readonly credentials: readonly string[];
  readonly payload: Buffer;
}

interface Stored {
  readonly digest: string;
  readonly set: number;
  readonly number: string;
  readonly payload: string;
}

/** One by one, as design.md says it. */
function entriesOf({ credentials, payload }: Row): Stored[] {
  return CET.credentialSets.map((set, i) => ({
    digest: digestOf(credentials, i).toString('hex'),
    set: i,
    number: credentials[NAMES.indexOf(CET.numberCredential)] ?? '',
    payload: payload.toString('hex'),
  }));
}

function digestOf(credentials: readonly string[], set: number): ReturnType<typeof computeDigest> {
  const { name = '', credentials: wanted = [] } = CET.credentialSets[set] ?? {};
  const values = wanted.map((credential) => credentials[NAMES.indexOf(credential)] ?? '');
  return computeDigest(PEPPER, CET.id, name, values);
}

/** The rows of COPY's binary format. */
function readCopy(copy: Uint8Array): Stored[] {
  const bytes = Buffer.from(copy);
  const stored: Stored[] = [];
  let at = 0;
  const field = (): Buffer => {
    const from = at + 4;
    at = from + bytes.readInt32BE(at);
    return bytes.subarray(from, at);
  };
  while (at < bytes.length) {
    expect(bytes.readInt16BE(at)).toBe(4);
    at += 2;
    stored.push({
      digest: field().toString('hex'),
      set: field().readInt16BE(0),
      number: field().toString('utf8'),
      payload: field().toString('hex'),
    });
  }
  return stored;
}

function blockOf(rows: readonly Row[]): Buffer {
  return Buffer.concat(
    rows.flatMap(({ credentials, payload }) => {
      const bytes = rowBytes(credentials, payload);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

const anyRow: fc.Arbitrary<Row> = fc.record({
  credentials: fc.tuple(...NAMES.map(() => fc.string({ unit: 'binary', maxLength: 30 }))),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

/** What the blocks hold together, against the rows one by one. */
function expectEntries(made: readonly EntryBlock[], rows: readonly Row[]): void {
  const expected = rows.flatMap(entriesOf);
  expect(made.flatMap(({ copy }) => readCopy(copy))).toEqual(expected);
  const tails = expected.map(({ digest }) => digest.slice(96));
  expect(made.map(({ tails: some }) => Buffer.from(some).toString('hex')).join('')).toBe(tails.join(''));
  const merged = new StoredChecksum();
  for (const { sums } of made) merged.merge(sums);
  const oneByOne = new StoredChecksum();
  const prints: string[] = [];
  for (const row of rows)
    for (const [set, entry] of entriesOf(row).entries()) {
      const hash = oneByOne.add(digestOf(row.credentials, set), set, entry.number, row.payload);
      prints.push(entry.digest.slice(0, 32) + hash.toString('hex').slice(0, 32));
    }
  expect(made.map(({ prints: some }) => Buffer.from(some).toString('hex')).join('')).toBe(prints.join(''));
  expect(merged.digest()).toEqual(oneByOne.digest());
}

describe('entries', () => {
  test('any rows become their digests, COPY rows, tails, prints and stored checksum', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 8 }), (rows) => {
        expectEntries([makeEntries(RECIPE, blockOf(rows))], rows);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['a few rows, without a thread', 50, 20],
    ['many rows, through the thread', 9_000, 20],
    ['rows longer than a block', 4, 300_000],
  ])('%s: nothing is lost, in the order of the rows', async (_, count, payloadBytes) => {
    const rows = Array.from({ length: count }, (__, i) => ({
      credentials: [`33001026110${i}`, '林泽', `id-${i}`],
      payload: Buffer.alloc(payloadBytes, i),
    }));
    const made: EntryBlock[] = [];
    const thread = new EntryThread(RECIPE, (block) => made.push(block));
    for (const [i, { credentials, payload }] of rows.entries()) {
      thread.add(rowBytes(credentials, payload));
      if (i % 500 === 0) await thread.drained();
    }
    await thread.end();
    expectEntries(made, rows);
  });

  test('what goes wrong in the thread is thrown where it is waited for', async () => {
    const thread = new EntryThread({ ...RECIPE, sets: [{ prefix: Buffer.alloc(0), places: [0] }] }, () => {});
    // No credential of a row is as long as this: its length does not fit two bytes.
    for (let i = 0; i < 8; i += 1) thread.add(rowBytes(['x'.repeat(70_000), '', ''], Buffer.alloc(0)));
    await expect(thread.end()).rejects.toThrow(RangeError);
    thread.stop();
  });

  test('what goes wrong in taking its entries is thrown there too, and ends no process', async () => {
    const thread = new EntryThread(RECIPE, () => {
      throw new Error('no room');
    });
    for (let i = 0; i < 8; i += 1) thread.add(rowBytes(['1', '林泽', '2'], Buffer.alloc(100_000)));
    await expect(thread.end()).rejects.toThrow('no room');
    thread.stop();
  });

  test('the filter of tails added in pieces is that of the digests', () => {
    const digests = Array.from({ length: 70_000 }, (_, i) => computeDigest(PEPPER, 's', 'c', [String(i)]));
    const filter = MembershipFilter.forEntries(digests.length);
    const tails = new DigestTails();
    for (const digest of digests) filter.add(digest);
    // 70,000 tails are more than a block of DigestTails.
    for (let from = 0; from < digests.length; from += 999)
      tails.addAll(Buffer.concat(digests.slice(from, from + 999).map((digest) => digest.subarray(48))));
    expect(tails.entries).toBe(digests.length);
    expect(tails.buildFilter().bytes.equals(filter.bytes)).toBe(true);
    tails.close();
  });
});
