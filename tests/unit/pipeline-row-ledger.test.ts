/**
 * @module What is remembered of all rows: sorted on disk as in memory, contradictions found among many.
 */
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LateRejects } from '../../loader-cli/pipeline/late-rejects.ts';
import { RowLedger } from '../../loader-cli/pipeline/row-ledger.ts';
import { SortedRecords } from '../../loader-cli/pipeline/sorted-records.ts';
import { GAOKAO } from '../fixtures/files/small-file.ts';

function sortedBy(records: readonly Buffer[], size: number): Buffer {
  const sorted = new SortedRecords(size);
  for (const record of records) sorted.add(record);
  const all = Buffer.concat([...sorted.sorted()]);
  sorted.close();
  return all;
}

describe('SortedRecords', () => {
  test('gives records in ascending order, equal ones and equal beginnings included', () => {
    // Few different bytes: most records share the five that are compared as a number.
    const byte = fc.constantFrom(0, 255);
    const tail = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(byte, byte, byte, byte, byte, tail, tail), { maxLength: 100 }),
        (rows) => {
          const records = rows.map((row) => Buffer.from(row));
          expect(sortedBy(records, 7)).toEqual(
            Buffer.concat(records.toSorted((a, b) => Buffer.compare(a, b))),
          );
        },
      ),
    );
  });

  test('gives the same when it has written many blocks to its temporary file', () => {
    // 16 records of 1,024 bytes fill a block of 16 KB: four blocks or so in each of the 256 buckets.
    const records = Array.from({ length: 16_000 }, (_, i) =>
      Buffer.alloc(1_024, createHash('sha512').update(String(i)).digest()),
    );
    expect(
      sortedBy(records, 1_024).equals(Buffer.concat(records.toSorted((a, b) => Buffer.compare(a, b)))),
    ).toBe(true);
  });
});

const row = (n: number): string[] => [`number-${n}`, 'name', `identity-${n}`];

describe('RowLedger', () => {
  test('finds the few that contradict among 20,000, whatever lies between them', () => {
    const ledger = new RowLedger(GAOKAO);
    for (let line = 2; line < 20_002; line += 1) {
      // Line 17,000 repeats the candidate of line 10; line 18,000 the document of line 20.
      const credentials = line === 17_000 ? row(10) : row(line);
      if (line === 18_000) credentials[2] = 'identity-20';
      ledger.addAccepted({ file: 0, line }, credentials, randomBytes(32));
    }
    const late = new LateRejects(['a.csv']);
    ledger.findContradictions(late);
    expect(late.size).toBe(4);
    expect([10, 17_000, 20, 18_000, 30].map((line) => late.codeOf(0, line))).toEqual([
      'duplicate-candidate-number',
      'duplicate-candidate-number',
      'duplicate-identity-number',
      'duplicate-identity-number',
      undefined,
    ]);
    ledger.close();
  });

  test('gives the row hashes of accepted rows alone, sorted', () => {
    const ledger = new RowLedger(GAOKAO);
    const hashes = Array.from({ length: 100 }, () => randomBytes(32));
    for (const [i, hash] of hashes.entries()) ledger.addAccepted({ file: 0, line: i + 2 }, row(i), hash);
    ledger.addRejected({ file: 0, line: 200 }, row(200));
    expect(Buffer.concat([...ledger.sortedRowHashes()])).toEqual(
      Buffer.concat(hashes.toSorted((a, b) => Buffer.compare(a, b))),
    );
    ledger.close();
  });
});
