/**
 * What a report says of the accepted rows: per component how many took it and how they did, the
 * distribution of totals, the statuses. Histograms by mark code, so that a row costs a few increments.
 */
import type { SeriesDefinition, StatusCode } from '#results/definition.ts';
import type { Slip } from '#results/slip.ts';
import { MARK_BASE, NOT_TAKEN, lastMarkCode, scoreOf, statusMark } from '#results/slip.ts';

export interface ComponentStatistics {
  readonly code: string;
  /** Rows with a mark or a marker. */
  readonly taken: number;
  /** Rows with a score or a grade. */
  readonly marked: number;
  readonly absent: number;
  /** absent ÷ taken, 0 when nobody took it. */
  readonly absentShare: number;
  /** Of the scores; null without any, or for grades. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Rows per grade, best first; null for scores. */
  readonly grades: Readonly<Record<string, number>> | null;
}

export interface Statistics {
  readonly statuses: Readonly<Partial<Record<StatusCode, number>>>;
  readonly components: readonly ComponentStatistics[];
  /** Rows per total, highest total first. */
  readonly totals: readonly (readonly [total: number, rows: number])[];
}

export class StatisticsCollector {
  readonly #definition: SeriesDefinition;
  readonly #histograms: readonly Uint32Array[];
  readonly #totals = new Map<number, number>();
  readonly #statuses = new Map<StatusCode, number>();

  constructor(definition: SeriesDefinition) {
    this.#definition = definition;
    this.#histograms = definition.components.map((c) => new Uint32Array(lastMarkCode(c) + 1));
  }

  add(slip: Slip): void {
    for (let i = 0; i < this.#histograms.length; i += 1) {
      const histogram = this.#histograms[i];
      const mark = slip.marks[i] ?? NOT_TAKEN;
      if (histogram !== undefined) histogram[mark] = (histogram[mark] ?? 0) + 1;
    }
    if (slip.total !== undefined) this.#totals.set(slip.total, (this.#totals.get(slip.total) ?? 0) + 1);
    this.#statuses.set(slip.status, (this.#statuses.get(slip.status) ?? 0) + 1);
  }

  finish(): Statistics {
    return {
      statuses: Object.fromEntries(this.#statuses),
      components: this.#definition.components.map((component, i) =>
        summarise(component, this.#histograms[i] ?? new Uint32Array()),
      ),
      totals: [...this.#totals].sort(([a], [b]) => b - a),
    };
  }
}

function summarise(
  component: SeriesDefinition['components'][number],
  histogram: Uint32Array,
): ComponentStatistics {
  let taken = 0;
  let marked = 0;
  let sum = 0;
  let min: number | null = null;
  let max: number | null = null;
  for (const [code, rows] of histogram.entries()) {
    if (code === NOT_TAKEN || rows === 0) continue;
    taken += rows;
    if (code < MARK_BASE) continue;
    marked += rows;
    if (component.score === undefined) continue;
    const score = scoreOf(component.score, code);
    sum += score * rows;
    min ??= score;
    max = score;
  }
  const absent = histogram[statusMark('absent')] ?? 0;
  return {
    code: component.code,
    taken,
    marked,
    absent,
    absentShare: taken === 0 ? 0 : Math.round((absent / taken) * 1e6) / 1e6,
    min,
    max,
    mean: component.score === undefined || marked === 0 ? null : Math.round((sum / marked) * 100) / 100,
    grades:
      component.grades === undefined
        ? null
        : Object.fromEntries(component.grades.map((grade, i) => [grade, histogram[MARK_BASE + i] ?? 0])),
  };
}
