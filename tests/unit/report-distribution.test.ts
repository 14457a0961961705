/**
 * @module Distributions of totals: their figures, their drawing, and two of them compared.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTotals, comparisonLines } from '../../loader-cli/report/comparison.ts';
import { describeTotals, roundStep, shareFrom, type Totals } from '../../loader-cli/report/distribution.ts';
import { binTotals, histogramLines, scaleOf, sparkline } from '../../loader-cli/report/histogram.ts';

/** 100 candidates with totals 401 to 500. */
const HUNDRED: Totals = Array.from({ length: 100 }, (_, i) => [401 + i, 1]);

const anyTotals = fc.array(fc.tuple(fc.integer({ min: 0, max: 750 }), fc.integer({ min: 0, max: 500 })), {
  minLength: 1,
  maxLength: 60,
});

describe('the figures', () => {
  test('are those of the candidates, in whatever order the totals come', () => {
    const expected = { candidates: 100, mean: 450.5, min: 401, max: 500, quartiles: [425, 450, 475] };
    expect(describeTotals(HUNDRED)).toEqual(expected);
    expect(describeTotals(HUNDRED.toReversed())).toEqual(expected);
  });

  test('of nobody are none', () => {
    expect(describeTotals([])).toBeUndefined();
    expect(describeTotals([[400, 0]])).toBeUndefined();
    expect(shareFrom([], 400)).toBe(0);
  });

  test('quartiles have a quarter, half and three quarters at or below them, and not before', () => {
    fc.assert(
      fc.property(anyTotals, (totals) => {
        const described = describeTotals(totals);
        const people = totals.flatMap(([total, n]) => Array.from({ length: n }, () => total));
        expect(described === undefined).toBe(people.length === 0);
        for (const [i, share] of [0.25, 0.5, 0.75].entries()) {
          const q = described?.quartiles[i] ?? Infinity;
          expect(people.filter((total) => total <= q).length).toBeGreaterThanOrEqual(share * people.length);
          expect(people.filter((total) => total < q).length).toBeLessThanOrEqual(share * people.length);
        }
      }),
    );
  });

  test('a share counts those with exactly so much too', () => {
    expect(shareFrom(HUNDRED, 500)).toBe(0.01);
    expect(shareFrom(HUNDRED, 401)).toBe(1);
    expect(shareFrom(HUNDRED, 501)).toBe(0);
  });

  test('steps are round numbers', () => {
    expect([0.1, 1, 1.1, 3, 7, 12, 21, 99].map(roundStep)).toEqual([1, 1, 2, 5, 10, 20, 50, 100]);
  });
});

describe('a histogram', () => {
  test('holds every candidate once, in at most so many bins of a round width', () => {
    fc.assert(
      fc.property(anyTotals, fc.integer({ min: 2, max: 40 }), (totals, most) => {
        const scale = scaleOf([totals], most);
        const bins = binTotals(totals, scale);
        expect(bins.length).toBeLessThanOrEqual(most);
        expect(scale.from % scale.step).toBe(0);
        expect(bins.reduce((sum, bin) => sum + bin.candidates, 0)).toBe(
          totals.reduce((sum, [, n]) => sum + n, 0),
        );
      }),
    );
  });

  test('draws the highest totals first, with their shares', () => {
    const scale = scaleOf([HUNDRED], 5);
    expect(histogramLines(binTotals(HUNDRED, scale), scale.step, 40)).toEqual([
      `  500–549  ▍${' '.repeat(20)}   1.00%`,
      `  450–499  ${'█'.repeat(21)}  50.00%`,
      `  400–449  ${'█'.repeat(20)}▋  49.00%`,
    ]);
  });

  test('fits the terminal, and shows whoever is there at all', () => {
    fc.assert(
      fc.property(anyTotals, fc.integer({ min: 40, max: 200 }), (totals, columns) => {
        const scale = scaleOf([totals], 16);
        const bins = binTotals(totals, scale);
        const lines = histogramLines(bins, scale.step, columns).toReversed();
        for (const [i, line] of lines.entries()) {
          expect(line.length).toBeLessThanOrEqual(columns);
          expect(/[▏▎▍▌▋▊▉█]/.test(line)).toBe((bins[i]?.candidates ?? 0) > 0);
        }
      }),
    );
  });

  test('in one line has a character per bin, the lowest totals first', () => {
    const bins = [1, 0, 4, 8, 2].map((candidates, i) => ({ from: i, candidates }));
    expect(sparkline(bins)).toBe('▂ ▅█▃');
  });
});

describe('a comparison', () => {
  const shifted: Totals = HUNDRED.map(([total, n]) => [total + 10, n]);

  test('shows the shift, and says nothing about whether it is good', () => {
    const compared = compareTotals(shifted, { kind: 'batch', label: 'batch 1', batch: 1, totals: HUNDRED });
    expect(compared?.comparison).toMatchObject({
      with: { kind: 'batch', label: 'batch 1', batch: 1 },
      from: null,
      shift: { mean: 10, quartiles: [10, 10, 10] },
    });
    expect(compared?.comparison.shares).toContainEqual({ from: 480, this: 0.31, other: 0.21 });
    const lines = compared === undefined ? [] : comparisonLines(compared, 'this');
    expect(lines.join('\n')).toMatch(/shift +\+10\.00 +\+10 +\+10 +\+10/);
    expect(lines.at(-2)?.length).toBeLessThanOrEqual(80);
  });

  test('with a table begins at its lowest total, on both sides', () => {
    const top = HUNDRED.filter(([total]) => total >= 451);
    const compared = compareTotals(HUNDRED, { kind: 'table', label: 't', totals: top, lowest: 451 });
    expect(compared?.comparison).toMatchObject({ from: 451, shift: { mean: 0, quartiles: [0, 0, 0] } });
    expect(compared?.comparison.this.candidates).toBe(50);
  });

  test('with an open highest class counts everybody above it there', () => {
    const open: Totals = [...HUNDRED.filter(([total]) => total < 490), [490, 11]];
    const compared = compareTotals(HUNDRED, {
      kind: 'table',
      label: 't',
      totals: open,
      lowest: 401,
      openTop: 490,
    });
    expect(compared?.comparison.shift).toEqual({ mean: 0, quartiles: [0, 0, 0] });
  });

  test('of fewer than ten is none: a quartile would be somebody’s total', () => {
    const nine = HUNDRED.slice(0, 9);
    expect(compareTotals(nine, { kind: 'batch', label: 'b', totals: HUNDRED })).toBeUndefined();
    expect(compareTotals(HUNDRED, { kind: 'batch', label: 'b', totals: nine })).toBeUndefined();
  });
});
