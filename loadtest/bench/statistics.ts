/**
 * Medians, spreads and paired ratios: pure.
 */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError for no values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError('no values');
  const upper = sorted[sorted.length >> 1] ?? max;
  const lower = sorted[(sorted.length - 1) >> 1] ?? min;
  return { median: (lower + upper) / 2, min, max };
}

/** @throws RangeError for no values. */
export function median(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** By turn: undefined where a turn gave no figure. */
export type PerTurn = readonly (number | undefined)[];

/**
 * The ratio of each turn to the same turn's reference: what slowed a whole turn down (a neighbour, the clock
 * of the CPU) is in both.
 * @returns undefined when no turn has both.
 */
export function pairedRatio(figures: PerTurn, reference: PerTurn): Spread | undefined {
  const ratios: number[] = [];
  for (const [turn, figure] of figures.entries()) {
    const base = reference[turn];
    if (figure !== undefined && base !== undefined && base > 0) ratios.push(figure / base);
  }
  return ratios.length === 0 ? undefined : spreadOf(ratios);
}

/** The items in another order each round: none always follows the same one, and each is first once in a while. */
export function orderOfRound<T>(items: readonly T[], round: number): T[] {
  const start = items.length === 0 ? 0 : (round * 3) % items.length;
  const turned = [...items.slice(start), ...items.slice(0, start)];
  return round % 2 === 0 ? turned : turned.toReversed();
}
