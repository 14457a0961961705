/**
 * Whether a number tells two kinds apart, as the best threshold could: pure.
 */

export interface Separation {
  /** Share of pairs, one of each kind, in which the second kind's is larger; ties count half. 0.5: no better than a coin. */
  readonly auc: number;
  /** What chance alone makes of it, as a standard deviation. */
  readonly standardError: number;
}

/** The area under the curve of a classifier by this number, from the ranks (Mann and Whitney). */
export function separation(first: readonly number[], second: readonly number[]): Separation {
  const all = [
    ...first.map((value) => ({ value, isSecond: false })),
    ...second.map((value) => ({ value, isSecond: true })),
  ].sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let i = 0; i < all.length;) {
    let end = i;
    let seconds = 0;
    while (end < all.length && all[end]?.value === all[i]?.value) {
      if (all[end]?.isSecond === true) seconds += 1;
      end += 1;
    }
    // Ranks from i + 1 to end, their mean for each of the ties.
    rankSum += seconds * ((i + 1 + end) / 2);
    i = end;
  }
  const [m, n] = [first.length, second.length];
  return {
    auc: (rankSum - (n * (n + 1)) / 2) / (m * n),
    standardError: Math.sqrt((m + n + 1) / (12 * m * n)),
  };
}
