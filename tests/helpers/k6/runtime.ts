/**
 * @module What the doubles of k6's modules share: where in its life the script is, and what was collected.
 */
import { InvalidConfig } from './faults.ts';

export type Phase = 'init' | 'setup' | 'iteration' | 'teardown' | 'summary';
export type MetricKind = 'counter' | 'gauge' | 'rate' | 'trend';
export type Tags = Readonly<Record<string, string>>;

export interface Sample {
  readonly value: number;
  readonly tags: Tags;
}

export interface Metric {
  readonly kind: MetricKind;
  readonly samples: Sample[];
}

/** Mutable, and one per process: k6's modules are global to a run as well. */
export const runtime = {
  phase: 'init' as Phase,
  /** Of the iteration that runs. */
  iteration: { inTest: 0, vu: 0, scenario: '', tags: {} as Tags },
  metrics: new Map<string, Metric>(),
  checks: new Map<string, { passes: number; fails: number }>(),
  sharedArrays: new Map<string, readonly string[]>(),
};

/** k6's own metrics, as far as the double fills them. */
const BUILT_IN: Readonly<Record<string, MetricKind>> = {
  checks: 'rate',
  iterations: 'counter',
  iteration_duration: 'trend',
  dropped_iterations: 'counter',
  http_reqs: 'counter',
  http_req_duration: 'trend',
  http_req_failed: 'rate',
};
for (const [name, kind] of Object.entries(BUILT_IN)) runtime.metrics.set(name, { kind, samples: [] });

/** Declares a custom metric; the same again is the same one. */
export function declareMetric(name: string, kind: MetricKind): void {
  requirePhase(['init'], 'metrics must be declared in the init context');
  if (!/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/.test(name)) throw new Error(`Invalid metric name: '${name}'`);
  const known = runtime.metrics.get(name);
  if (known !== undefined && known.kind !== kind)
    throw new Error(`metric '${name}' already exists but with type ${known.kind}`);
  if (known === undefined) runtime.metrics.set(name, { kind, samples: [] });
}

/** Adds a sample with the tags of the scenario and its own. */
export function addSample(name: string, value: number, tags: Tags = {}): void {
  requirePhase(['setup', 'iteration', 'teardown'], 'metrics cannot be added to in the init context');
  if (!Number.isFinite(value)) throw new Error(`an invalid value was added to the metric ${name}`);
  const metric = runtime.metrics.get(name);
  if (metric === undefined) throw new Error(`there is no metric ${name}`);
  metric.samples.push({ value, tags: { ...runtime.iteration.tags, ...tags } });
}

/** Throws in any other phase than these. */
export function requirePhase(allowed: readonly Phase[], message: string): void {
  if (!allowed.includes(runtime.phase)) throw new Error(message);
}

/** An object that throws when something is read that the double does not have. */
export function strict<T extends object>(what: string, object: T): T {
  return new Proxy(object, {
    get(target, key, receiver) {
      if (typeof key === 'string' && !(key in target) && key !== 'then' && key !== 'toJSON')
        throw new InvalidConfig(`the double of k6 has no ${what}.${key}`);
      const value: unknown = Reflect.get(target, key, receiver);
      return value;
    },
  });
}
