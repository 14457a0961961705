/**
 * The metrics of all instances as one. Sums must never fall while an instance is exchanged: Prometheus would
 * take a smaller sum for a restart and count all of it once more. So what ended instances had counted stays in.
 */
import { AggregatorRegistry } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Snapshot } from './messages.ts';

const SUMS = new Set(['counter', 'histogram', 'summary']);

export class Totals {
  /** One after the other, because adding up is asynchronous. */
  #ended: Promise<Snapshot> = Promise.resolve([]);

  /** Keeps what an instance that has ended had counted. */
  keep(last: Snapshot | undefined): void {
    if (last === undefined) return;
    const sums = sumsOf(last);
    this.#ended = this.#ended.then((ended) => added([ended, sums]).getMetricsAsJSON());
  }

  /** What the living say, with what had been counted, at this very call, by those that have ended. */
  async with(living: readonly Snapshot[]): Promise<Registry> {
    return added([...living, await this.#ended]);
  }
}

/** What only grows: the state of an instance that is gone, or silent, is nobody's. */
export function sumsOf(snapshot: Snapshot): Snapshot {
  // The type is a word in what instances send, whatever the types of prom-client say.
  return snapshot.filter(({ type }) => SUMS.has(String(type)));
}

function added(snapshots: readonly Snapshot[]): Registry {
  return AggregatorRegistry.aggregate([...snapshots]);
}
