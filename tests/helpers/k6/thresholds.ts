/**
 * @module k6's thresholds: parsed strictly, so that a typing mistake is found before the load.
 */
import { InvalidConfig } from './faults.ts';
import { aggregate } from './metric-values.ts';
import type { Metric } from './runtime.ts';

export interface Threshold {
  /** As written: `lookup_ms{kind:first}`. */
  readonly key: string;
  readonly expression: string;
  readonly holds: (metrics: ReadonlyMap<string, Metric>, seconds: number) => boolean;
}

const EXPRESSION =
  /^(count|rate|value|avg|min|max|med|p\([0-9]+(?:\.[0-9]+)?\))\s*(<=|>=|<|>|===|==|!=)\s*([0-9]+(?:\.[0-9]+)?)$/;

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
  '===': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

/**
 * The thresholds of a script's options.
 * @throws InvalidConfig on an unknown metric, another grammar, or an aggregation that the metric does not have.
 */
export function parseThresholds(option: unknown, metrics: ReadonlyMap<string, Metric>): Threshold[] {
  const entries = Object.entries((option ?? {}) as Record<string, unknown>);
  return entries.flatMap(([key, expressions]) => {
    const { name, tags } = parseKey(key);
    const metric = metrics.get(name);
    if (metric === undefined)
      throw new InvalidConfig(`invalid threshold defined on ${key}; reason: no metric name "${name}" found`);
    if (!Array.isArray(expressions)) throw new InvalidConfig(`the thresholds of ${key} are not a list`);
    return expressions.map((entry: unknown) => {
      const expression = String(
        typeof entry === 'object' && entry !== null && 'threshold' in entry ? entry.threshold : entry,
      );
      return parseOne(key, name, tags, expression, metric);
    });
  });
}

function parseOne(
  key: string,
  name: string,
  tags: Readonly<Record<string, string>>,
  expression: string,
  metric: Metric,
): Threshold {
  const match = EXPRESSION.exec(expression);
  const [, how = '', operator = '', bound = ''] = match ?? [];
  const compare = COMPARE[operator];
  if (match === null || compare === undefined)
    throw new InvalidConfig(`the threshold "${expression}" of ${key} cannot be parsed`);
  try {
    aggregate({ ...metric, samples: [] }, how, 1);
  } catch (cause) {
    throw new InvalidConfig(`the threshold "${expression}" of ${key}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const holds: Threshold['holds'] = (metrics, seconds) => {
    const all = metrics.get(name)?.samples ?? [];
    const samples = all.filter((sample) =>
      Object.entries(tags).every(([tag, value]) => sample.tags[tag] === value),
    );
    return compare(aggregate({ kind: metric.kind, samples }, how, seconds), Number(bound));
  };
  return { key, expression, holds };
}

function parseKey(key: string): { name: string; tags: Record<string, string> } {
  const match = /^([^{}]+)(?:\{(.*)\})?$/.exec(key);
  if (match === null) throw new InvalidConfig(`the threshold's metric ${key} cannot be parsed`);
  const tags = (match[2] ?? '')
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split(':').map((part) => part.trim()));
  return { name: match[1] ?? '', tags: Object.fromEntries(tags.map(([tag, value]) => [tag, value ?? ''])) };
}
