/**
 * Distributions drawn in characters, for a terminal of any width. Pure.
 */
import type { Totals } from './distribution.ts';
import { roundStep } from './distribution.ts';

/** Totals from `from` up to, but not including, the next bin's. */
export interface Bin {
  readonly from: number;
  readonly candidates: number;
}

/** The range and width of bins that several distributions share, so that they can be drawn one below the other. */
export interface Scale {
  readonly from: number;
  readonly step: number;
  readonly bins: number;
}

/** A scale over all these totals with at most so many bins of a round width. */
export function scaleOf(all: readonly Totals[], mostBins: number): Scale {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const totals of all) {
    for (const [total, n] of totals) {
      if (n === 0) continue;
      lowest = Math.min(lowest, total);
      highest = Math.max(highest, total);
    }
  }
  if (lowest > highest) return { from: 0, step: 1, bins: 0 };
  for (let step = roundStep((highest - lowest + 1) / mostBins); ; step = roundStep(step + 1)) {
    const from = Math.floor(lowest / step) * step;
    const bins = Math.floor((highest - from) / step) + 1;
    if (bins <= mostBins) return { from, step, bins };
  }
}

/** Candidates per bin, the lowest totals first. */
export function binTotals(totals: Totals, { from, step, bins }: Scale): Bin[] {
  const counts = Array.from({ length: bins }, () => 0);
  for (const [total, n] of totals) {
    const bin = Math.floor((total - from) / step);
    if (bin >= 0 && bin < bins) counts[bin] = (counts[bin] ?? 0) + n;
  }
  return counts.map((candidates, i) => ({ from: from + i * step, candidates }));
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const HEIGHTS = '▁▂▃▄▅▆▇█';

/**
 * A line per bin, the highest totals first: the bin, a bar, the share of candidates.
 * @param columns of the terminal.
 */
export function histogramLines(bins: readonly Bin[], step: number, columns: number): string[] {
  const all = bins.reduce((sum, bin) => sum + bin.candidates, 0);
  const most = Math.max(1, ...bins.map((bin) => bin.candidates));
  const labels = bins.map(({ from }) => (step === 1 ? String(from) : `${from}–${from + step - 1}`));
  const labelWidth = Math.max(0, ...labels.map((label) => label.length));
  // Three gaps (2, 2 and 1) and a share of seven characters.
  const room = Math.max(8, Math.min(60, columns - labelWidth - 12));
  return bins
    .map(({ candidates }, i) => {
      const label = (labels[i] ?? '').padStart(labelWidth);
      const share = `${((100 * candidates) / Math.max(1, all)).toFixed(2)}%`.padStart(7);
      return `  ${label}  ${bar((candidates / most) * room).padEnd(room)} ${share}`;
    })
    .toReversed();
}

/** A bar of so many cells, to an eighth; what is there at all is seen. */
function bar(cells: number): string {
  const eighths = cells > 0 ? Math.max(1, Math.round(cells * 8)) : 0;
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** One character per bin, the lowest totals first, by its share of the tallest; a space for an empty one. */
export function sparkline(bins: readonly Bin[]): string {
  const most = Math.max(1, ...bins.map((bin) => bin.candidates));
  return bins
    .map(({ candidates }) =>
      candidates === 0 ? ' ' : (HEIGHTS[Math.min(7, Math.floor((candidates / most) * 8))] ?? ' '),
    )
    .join('');
}
