/**
 * The distribution of totals in numbers: mean, quartiles, shares. Pure.
 */

/** Candidates per total, in any order. */
export type Totals = readonly (readonly [total: number, candidates: number])[];

export interface Distribution {
  readonly candidates: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** The lowest totals that a quarter, half and three quarters of the candidates have at most. */
  readonly quartiles: readonly [lower: number, median: number, upper: number];
}

/** Undefined when nobody has a total. The mean has two decimals. */
export function describeTotals(totals: Totals): Distribution | undefined {
  const sorted = totals.filter(([, n]) => n > 0).sort(([a], [b]) => a - b);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined) return undefined;
  let candidates = 0;
  let sum = 0;
  for (const [total, n] of sorted) {
    candidates += n;
    sum += total * n;
  }
  const quantile = (share: number): number => {
    let seen = 0;
    for (const [total, n] of sorted) {
      seen += n;
      if (seen >= share * candidates) return total;
    }
    return highest[0];
  };
  return {
    candidates,
    mean: round(sum / candidates, 2),
    min: lowest[0],
    max: highest[0],
    quartiles: [quantile(0.25), quantile(0.5), quantile(0.75)],
  };
}

/** The share of candidates with at least this total, from 0 to 1, to six decimals. */
export function shareFrom(totals: Totals, from: number): number {
  let all = 0;
  let above = 0;
  for (const [total, n] of totals) {
    all += n;
    if (total >= from) above += n;
  }
  return all === 0 ? 0 : round(above / all, 6);
}

/** @param decimals of what is kept. */
export function round(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
}

/** The least of 1, 2, 5, 10, 20, 50, … that is not less. */
export function roundStep(atLeast: number): number {
  for (let power = 1; ; power *= 10) {
    for (const digit of [1, 2, 5]) if (digit * power >= atLeast) return digit * power;
  }
}
