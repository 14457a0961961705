/**
 * @module One line of CSV: as csv-parse reads it, and no line ever swallows another.
 */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitLine, type Delimiter } from '../../loader-cli/pipeline/csv-line.ts';
import { csvLine } from '../../loader-cli/pipeline/csv-text.ts';
import { RecordReader } from '../../loader-cli/pipeline/records.ts';

/** The cells by csv-parse at its strictest, undefined when it refuses the line. */
function oracle(line: string, delimiter: string): string[] | undefined {
  try {
    const [record, ...more] = parse(line, { delimiter, recordDelimiter: '\n', relax_column_count: true });
    return more.length === 0 ? record : undefined;
  } catch {
    return undefined;
  }
}

const anyLine = fc.string({ unit: fc.constantFrom('"', ',', ';', 'a', '张', ' ', '=', '1'), maxLength: 24 });

describe('splitLine', () => {
  test('agrees with csv-parse on any line but for ="…", which csv-parse refuses', () => {
    fc.assert(
      fc.property(anyLine, fc.constantFrom<Delimiter>(',', ';'), (line, delimiter) => {
        const ours = splitLine(line, delimiter);
        const theirs = oracle(line, delimiter);
        fc.pre(line !== '' && (theirs !== undefined || !line.includes('="')));
        expect(typeof ours === 'string' ? undefined : ours).toEqual(theirs);
      }),
      { numRuns: 20_000 },
    );
  });

  test('gives back any cells that were written as CSV', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 8 }), (cells) => {
        const line = csvLine(cells, '');
        fc.pre(!line.includes('\n') && !cells.some((cell) => cell.startsWith('="')));
        expect(splitLine(line, ',')).toEqual(cells);
      }),
    );
  });

  test.each([
    ['a,"b', 'unclosed-quote'],
    ['a,"b""', 'unclosed-quote'],
    ['a,"b"c', 'text-after-quote'],
    ['a,"b" ,c', 'text-after-quote'],
    ['a,b"c,d', 'stray-quote'],
    ['a,="b"c,d', 'stray-quote'],
    ['a,="b', 'stray-quote'],
  ])('%s is %s', (line, fault) => {
    expect(splitLine(line, ',')).toBe(fault);
  });

  test('keeps ="…" as it is', () => {
    expect(splitLine('="0012",a,="x"', ',')).toEqual(['="0012"', 'a', '="x"']);
  });
});

type Seen = [line: number, what: string];

function readLines(lines: readonly string[]): Seen[] {
  const seen: Seen[] = [];
  const reader = new RecordReader(',', {
    record: (cells, line) => seen.push([line, cells.join('|')]),
    broken: (fault, line) => seen.push([line, fault]),
  });
  for (const [i, line] of lines.entries()) reader.line(line, i + 1);
  reader.end();
  return seen.sort(([a], [b]) => a - b);
}

describe('RecordReader', () => {
  test('ends every line exactly once, whatever is in the lines', () => {
    fc.assert(
      fc.property(fc.array(anyLine, { maxLength: 30 }), (lines) => {
        expect(readLines(lines).map(([line]) => line)).toEqual(lines.map((_, i) => i + 1));
      }),
      { numRuns: 2_000 },
    );
  });

  test('reads every line after an unclosed quote when nothing closes it', () => {
    expect(readLines(['a,"b', 'c,d', 'e,f'])).toEqual([
      [1, 'unclosed-quote'],
      [2, 'c|d'],
      [3, 'e|f'],
    ]);
  });

  test('reads no line between an unclosed quote and the line that may close it', () => {
    expect(readLines(['a,"b', 'c,d', 'e",f', 'g,h'])).toEqual([
      [1, 'unclosed-quote'],
      [2, 'line-break-in-quotes'],
      [3, 'line-break-in-quotes'],
      [4, 'g|h'],
    ]);
  });

  test('believes no value of more than 10,000 characters: a later stray quote closes nothing', () => {
    const lines = ['a,"b', ...Array.from({ length: 3_000 }, () => 'c,d,e'), 'f",g'];
    const seen = readLines(lines);
    expect(seen.filter(([, what]) => what === 'c|d|e')).toHaveLength(3_000);
    expect(seen[0]).toEqual([1, 'unclosed-quote']);
    expect(seen.at(-1)).toEqual([3_002, 'stray-quote']);
  });
});
