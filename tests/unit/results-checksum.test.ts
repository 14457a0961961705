import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  batchChecksum,
  parseChecksum,
  rowHash,
  showChecksum,
  StoredChecksum,
} from '../../service/results/checksum.ts';
import type { Digest } from '../../service/results/digest.ts';

const definition = createHash('sha256').update('a definition').digest();

interface Row {
  readonly credentials: readonly string[];
  readonly payload: Buffer;
}

/** As the loader does it. */
function checksumOf(rows: readonly Row[], corrected?: Buffer, sha = definition): string {
  const hashes = rows
    .map((row) => rowHash(row.credentials, row.payload))
    .sort((a, b) => Buffer.compare(a, b));
  return showChecksum(batchChecksum(sha, hashes, corrected));
}

const anyRow = fc.record({
  credentials: fc.tuple(fc.string(), fc.string({ unit: 'binary' }), fc.string()),
  payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});
const anyRows = fc.uniqueArray(anyRow, {
  minLength: 1,
  maxLength: 12,
  selector: (row) => rowHash(row.credentials, row.payload).toString('hex'),
});

/** The rows with one byte, character or row changed. */
function changeOne(rows: readonly Row[], n: number): Row[] {
  const i = n % rows.length;
  const row = rows[i] ?? { credentials: [], payload: Buffer.alloc(0) };
  switch (n % 5) {
    case 0:
      return rows.filter((_, k) => k !== i);
    case 1:
      return [...rows, row];
    case 2:
      return rows.with(i, { ...row, payload: Buffer.concat([row.payload, Buffer.of(0)]) });
    case 3:
      return rows.with(i, {
        ...row,
        credentials: row.credentials.with(
          n % row.credentials.length,
          `${row.credentials[n % row.credentials.length]}0`,
        ),
      });
    default:
      return rows.with(i, {
        ...row,
        payload:
          row.payload.length === 0
            ? Buffer.of(1)
            : Buffer.from(row.payload.map((b, k) => (k === 0 ? b ^ 1 : b))),
      });
  }
}

describe('the checksum of a batch', () => {
  test('does not depend on the order of the rows', () => {
    fc.assert(
      fc.property(anyRows, fc.infiniteStream(fc.nat()), (rows, order) => {
        const shuffled = rows
          .map((row) => ({ row, key: order.next().value ?? 0 }))
          .toSorted((a, b) => a.key - b.key);
        expect(checksumOf(shuffled.map(({ row }) => row))).toBe(checksumOf(rows));
      }),
    );
  });

  test('differs on any single change', () => {
    fc.assert(
      fc.property(anyRows, fc.nat(), (rows, n) => {
        expect(checksumOf(changeOne(rows, n))).not.toBe(checksumOf(rows));
      }),
      { numRuns: 2_000 },
    );
  }, 60_000);

  test('differs by the definition, and by the batch that it corrects', () => {
    const rows = [{ credentials: ['1', '林泽'], payload: Buffer.from('x') }];
    const others = [
      checksumOf(rows),
      checksumOf(rows, undefined, createHash('sha256').update('another').digest()),
      checksumOf(rows, Buffer.alloc(32)),
      checksumOf(rows, Buffer.alloc(32, 1)),
    ];
    expect(new Set(others).size).toBe(4);
  });

  test('of a correction is not that of a load whose first row is the checksum it corrects', () => {
    const row = randomBytes(32);
    const corrected = randomBytes(32);
    expect(batchChecksum(definition, [row], corrected)).not.toEqual(
      batchChecksum(definition, [corrected, row]),
    );
  });

  test('of a row differs when a character moves between credentials', () => {
    expect(rowHash(['12', '3'], Buffer.from('x'))).not.toEqual(rowHash(['1', '23'], Buffer.from('x')));
    expect(rowHash(['12', ''], Buffer.from('x'))).not.toEqual(rowHash(['', '12'], Buffer.from('x')));
  });

  test('is one hash, whether rows come in one piece or many', () => {
    const hashes = Array.from({ length: 10 }, () => randomBytes(32)).sort((a, b) => Buffer.compare(a, b));
    expect(batchChecksum(definition, [Buffer.concat(hashes)])).toEqual(batchChecksum(definition, hashes));
  });

  test('is written as people read it, and read back in either way', () => {
    const checksum = randomBytes(32);
    const shown = showChecksum(checksum);
    expect(shown).toBe(`sha256:${checksum.toString('hex')}`);
    for (const text of [
      shown,
      shown.slice(7),
      ` ${shown}\n`,
      shown.toUpperCase().replace('SHA256', 'sha256'),
    ])
      expect(parseChecksum(text)).toEqual(checksum);
    for (const text of [
      '',
      'sha256:',
      shown.slice(0, -1),
      `${shown}0`,
      `sha512:${shown.slice(7)}`,
      shown.replace(/.$/, 'g'),
    ])
      expect(parseChecksum(text)).toBeUndefined();
  });
});

describe('the checksum of what is stored', () => {
  interface Entry {
    readonly digest: Digest;
    readonly set: number;
    readonly number: string;
    readonly payload: Buffer;
  }
  const anyEntry: fc.Arbitrary<Entry> = fc.record({
    digest: fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes) as Digest),
    set: fc.nat({ max: 15 }),
    number: fc.string(),
    payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  });
  const sumOf = (entries: readonly Entry[]): string => {
    const sum = new StoredChecksum();
    for (const e of entries) sum.add(e.digest, e.set, e.number, e.payload);
    return sum.digest().toString('hex');
  };

  test('does not depend on the order of the entries', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 20 }), (entries) => {
        expect(sumOf(entries.toReversed())).toBe(sumOf(entries));
        expect(sumOf(entries.toSorted((a, b) => Buffer.compare(a.digest, b.digest)))).toBe(sumOf(entries));
      }),
    );
  });

  test('differs on any single change', () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { minLength: 1, maxLength: 12 }), fc.nat(), (entries, n) => {
        const i = n % entries.length;
        const entry = entries[i];
        if (entry === undefined) return;
        const changes: Entry[][] = [
          entries.filter((_, k) => k !== i),
          [...entries, entry],
          entries.with(i, { ...entry, set: (entry.set + 1) % 16 }),
          entries.with(i, { ...entry, number: `${entry.number}0` }),
          entries.with(i, { ...entry, payload: Buffer.concat([entry.payload, Buffer.of(0)]) }),
          entries.with(i, {
            ...entry,
            digest: Buffer.from(entry.digest.map((b, k) => (k === n % 64 ? b ^ 1 : b))) as Digest,
          }),
        ];
        for (const changed of changes) expect(sumOf(changed)).not.toBe(sumOf(entries));
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test('differs when a character moves from the number to the payload', () => {
    const digest = Buffer.alloc(64) as Digest;
    expect(sumOf([{ digest, set: 0, number: '12', payload: Buffer.from('3') }])).not.toBe(
      sumOf([{ digest, set: 0, number: '1', payload: Buffer.from('23') }]),
    );
  });

  test('differs when two candidates’ slips are exchanged', () => {
    const a = { digest: Buffer.alloc(64, 1) as Digest, set: 0, number: '1', payload: Buffer.from('x') };
    const b = { digest: Buffer.alloc(64, 2) as Digest, set: 0, number: '2', payload: Buffer.from('y') };
    expect(
      sumOf([
        { ...a, payload: b.payload },
        { ...b, payload: a.payload },
      ]),
    ).not.toBe(sumOf([a, b]));
  });

  test('of nothing is not that of an entry that sums to nothing, since the count is in it', () => {
    expect(sumOf([])).toMatch(/^[0-9a-f]{64}$/);
    const entry = { digest: Buffer.alloc(64) as Digest, set: 0, number: '', payload: Buffer.alloc(0) };
    expect(new Set([0, 1, 2, 3].map((n) => sumOf(Array.from({ length: n }, () => entry)))).size).toBe(4);
  });

  test('of known entries is the same for ever: stored batches are verified by later programs', () => {
    expect(
      sumOf([
        {
          digest: Buffer.alloc(64, 1) as Digest,
          set: 0,
          number: '26330101000001',
          payload: Buffer.from('a'),
        },
        { digest: Buffer.alloc(64, 2) as Digest, set: 1, number: '林', payload: Buffer.alloc(0) },
      ]),
    ).toBe(STORED);
    expect(checksumOf([{ credentials: ['1', '林泽'], payload: Buffer.from('x') }])).toBe(LOADED);
  });
});

const STORED = '9c20e0169207368b495d1daf49754441531005cdeb7ed58078611f6fabe8ce3b';
const LOADED = 'sha256:e50bbefafe9276aa45ce1bf0ad0205999db09a9c8b0e8a426c80f3d5267856ae';
