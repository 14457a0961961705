/**
 * @module What k6 makes of a metric's samples.
 */
import type { Metric } from './runtime.ts';

/** The values that handleSummary sees. */
export function summaryValues(
  metric: Metric,
  trendStats: readonly string[],
  seconds: number,
): Record<string, number> {
  switch (metric.kind) {
    case 'counter':
      return { count: aggregate(metric, 'count', seconds), rate: aggregate(metric, 'rate', seconds) };
    case 'gauge':
      return { value: aggregate(metric, 'value', seconds) };
    case 'rate': {
      const passes = metric.samples.filter(({ value }) => value !== 0).length;
      return {
        rate: aggregate(metric, 'rate', seconds),
        passes,
        fails: metric.samples.length - passes,
      };
    }
    case 'trend':
      return Object.fromEntries(trendStats.map((stat) => [stat, aggregate(metric, stat, seconds)]));
  }
}

/**
 * One aggregation of a metric, 0 when it has no sample, as in k6.
 * @throws Error when the kind of metric does not have it.
 */
export function aggregate(metric: Metric, how: string, seconds: number): number {
  const values = metric.samples.map((sample) => sample.value);
  const sum = values.reduce((total, value) => total + value, 0);
  const percentileOf = /^p\(([0-9]+(?:\.[0-9]+)?)\)$/.exec(how)?.[1];
  switch (`${metric.kind} ${percentileOf === undefined ? how : 'p'}`) {
    case 'counter count':
      return sum;
    case 'counter rate':
      return seconds > 0 ? sum / seconds : 0;
    case 'gauge value':
      return values.at(-1) ?? 0;
    case 'rate rate':
      return values.length === 0 ? 0 : values.filter((value) => value !== 0).length / values.length;
    case 'trend avg':
      return values.length === 0 ? 0 : sum / values.length;
    case 'trend min':
      return values.length === 0 ? 0 : Math.min(...values);
    case 'trend max':
      return values.length === 0 ? 0 : Math.max(...values);
    case 'trend med':
      return percentile(values, 50);
    case 'trend p':
      return percentile(values, Number(percentileOf));
    default:
      throw new Error(`a ${metric.kind} has no ${how}`);
  }
}

/** With linear interpolation between neighbours, as k6 does. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
