/**
 * The set of instances as `/readyz` and `/metrics` show it: one address for all of them.
 *
 * Failure policy: of an instance that does not answer within a second the last counts stand, and it is counted
 * itself.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { Readiness } from '../http/admin.ts';
import type { Fleet } from './fleet.ts';
import { sumsOf } from './totals.ts';

/** Ready when one instance is; says how many are. */
export async function readinessOf(fleet: Fleet, wanted: number): Promise<Readiness> {
  const answers = await Promise.all(
    fleet.instances.map(async (instance) => ({
      isListening: instance.isListening,
      notReady: await instance.notReady(),
    })),
  );
  const ready = answers.filter(({ isListening, notReady }) => isListening && notReady === null).length;
  const of = `${ready} of ${wanted} instances`;
  if (ready > 0) return { isReady: true, words: of };
  const why = answers.map(({ notReady }) => notReady).find((reason) => typeof reason === 'string');
  return { isReady: false, words: why === undefined ? of : `${of}: ${why}` };
}

/** The instances' metrics as one, and the supervisor's own. */
export async function metricsOf(
  fleet: Fleet,
  wanted: number,
): Promise<{ contentType: string; text: string }> {
  const living = fleet.instances.filter(({ wasListening }) => wasListening);
  const answers = await Promise.all(living.map((instance) => instance.metrics()));
  // Who has ended meanwhile is among the ended, to the last count.
  const remaining = new Set(fleet.instances);
  const snapshots = living.flatMap((instance, n) =>
    remaining.has(instance) ? [answers[n] ?? sumsOf(instance.lastMetrics ?? [])] : [],
  );
  const totals = fleet.totals.with(snapshots);
  const silent = living.filter((instance, n) => remaining.has(instance) && answers[n] === undefined);
  const own = ownMetrics({
    wanted,
    listening: fleet.instances.filter(({ isListening }) => isListening).length,
    silent: silent.length,
    restarts: fleet.restarts,
  });
  const all = Registry.merge([await totals, own]);
  return { contentType: all.contentType, text: await all.metrics() };
}

/** What the supervisor itself knows. */
export function ownMetrics(counts: {
  readonly wanted: number;
  readonly listening: number;
  readonly silent: number;
  readonly restarts: number;
}): Registry {
  const registers = [new Registry()] as const;
  const gauge = (name: string, help: string, value: number): void =>
    new Gauge({ name, help, registers: [...registers] }).set(value);
  gauge('fangbang_instances_wanted', 'Instances that the supervisor keeps', counts.wanted);
  gauge('fangbang_instances_listening', 'Instances to which connections come', counts.listening);
  gauge(
    'fangbang_instances_silent',
    'Instances that did not answer this scrape; only what they had counted before is in the sums',
    counts.silent,
  );
  new Counter({
    name: 'fangbang_instance_restarts_total',
    help: 'Instances started again because one had ended by itself',
    registers: [...registers],
  }).inc(counts.restarts);
  return registers[0];
}
