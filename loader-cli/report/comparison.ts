/**
 * Two distributions of totals beside each other: the shift is shown, not judged. Pure.
 */
import { table } from '../table.ts';
import type { Distribution, Totals } from './distribution.ts';
import { describeTotals, round, roundStep, shareFrom } from './distribution.ts';
import { binTotals, scaleOf, sparkline } from './histogram.ts';

/** What is compared with. */
export interface Reference {
  readonly kind: 'batch' | 'table';
  /** For people: "batch 3 of zj-gaokao-2025". */
  readonly label: string;
  readonly batch?: number;
  readonly totals: Totals;
  /** A table says nothing of lower totals: the comparison begins here. */
  readonly lowest?: number;
  /** The highest class of a table, when it holds all above it too. */
  readonly openTop?: number;
}

export interface Comparison {
  readonly with: { readonly kind: 'batch' | 'table'; readonly label: string; readonly batch: number | null };
  /** The lowest total compared; null when all are. */
  readonly from: number | null;
  readonly this: Distribution;
  readonly other: Distribution;
  /** This minus the other. */
  readonly shift: { readonly mean: number; readonly quartiles: readonly number[] };
  /** Shares of candidates with at least so much. */
  readonly shares: readonly { readonly from: number; readonly this: number; readonly other: number }[];
}

interface Compared {
  readonly comparison: Comparison;
  readonly drawings: readonly [mine: string, other: string];
}

/** Roughly so many totals whose shares are shown. */
const THRESHOLDS = 6;

/** With fewer, a mean or a quartile is somebody's total. */
const FEWEST = 10;

/** Undefined when one of them has fewer than ten totals in the range that is compared. */
export function compareTotals(totals: Totals, reference: Reference, columns = 80): Compared | undefined {
  const { lowest, openTop } = reference;
  const inRange = totals
    .filter(([total]) => lowest === undefined || total >= lowest)
    .map(([total, n]) => [openTop === undefined ? total : Math.min(total, openTop), n] as const);
  const mine = describeTotals(inRange);
  const other = describeTotals(reference.totals);
  if (mine === undefined || mine.candidates < FEWEST) return undefined;
  if (other === undefined || other.candidates < FEWEST) return undefined;
  const scale = scaleOf([inRange, reference.totals], Math.max(10, Math.min(60, columns - 12)));
  return {
    comparison: {
      with: { kind: reference.kind, label: reference.label, batch: reference.batch ?? null },
      from: lowest ?? null,
      this: mine,
      other,
      shift: {
        mean: round(mine.mean - other.mean, 2),
        quartiles: mine.quartiles.map((q, i) => round(q - (other.quartiles[i] ?? 0), 3)),
      },
      shares: thresholds(mine, other).map((from) => ({
        from,
        this: shareFrom(inRange, from),
        other: shareFrom(reference.totals, from),
      })),
    },
    drawings: [sparkline(binTotals(inRange, scale)), sparkline(binTotals(reference.totals, scale))],
  };
}

/** Round totals inside both ranges, the highest first. */
function thresholds(mine: Distribution, other: Distribution): number[] {
  const lowest = Math.min(mine.min, other.min);
  const highest = Math.max(mine.max, other.max);
  const step = roundStep((highest - lowest) / THRESHOLDS);
  const found: number[] = [];
  for (let at = Math.floor(highest / step) * step; at > lowest; at -= step) found.push(at);
  return found;
}

/**
 * The comparison for people.
 * @param name what "this" is: "this file", "batch 3".
 */
export function comparisonLines({ comparison, drawings }: Compared, name: string): string[] {
  const { with: other, from, shift } = comparison;
  return [
    `totals compared with ${other.label}${from === null ? '' : `, from ${from} up (it says nothing of lower ones)`}:`,
    ...table(
      ['', 'candidates', 'mean', '25%', '50%', '75%'],
      [
        row(name, comparison.this),
        row('compared', comparison.other),
        ['shift', '', shown(shift.mean, 2), ...shift.quartiles.map((q) => shown(q))],
      ],
    ).map((line) => `  ${line}`),
    ...table(
      ['at least', ...comparison.shares.map((share) => String(share.from))],
      [
        [name, ...comparison.shares.map((share) => percent(share.this))],
        ['compared', ...comparison.shares.map((share) => percent(share.other))],
      ],
    ).map((line) => `  ${line}`),
    `  ${name.padEnd(8)} ${drawings[0].trimEnd()}`,
    `  compared ${drawings[1].trimEnd()}`,
  ];
}

function row(label: string, d: Distribution): string[] {
  return [label, String(d.candidates), d.mean.toFixed(2), ...d.quartiles.map(String)];
}

function shown(n: number, decimals?: number): string {
  return `${n > 0 ? '+' : ''}${decimals === undefined ? n : n.toFixed(decimals)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)}%`;
}
