/**
 * What the service counts, for Prometheus. All labels come from fixed lists, but for the series and
 * the number of its batch, of which there are few.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { LookupObserver } from '#lookup/observer.ts';
import {
  FILTER_OUTCOMES,
  HEAL_OUTCOMES,
  LIMIT_OUTCOMES,
  LOOKUP_OUTCOMES,
  POLL_OUTCOMES,
  POSTGRES_OUTCOMES,
  REDIS_OUTCOMES,
} from '#lookup/observer.ts';
import type { SeriesView } from '#lookup/series-timeline.ts';
import type { AdmissionObserver } from './http/admission.ts';

/** What the gauges read when they are scraped. */
export interface MetricsSource {
  readonly listSeries: () => readonly SeriesView[] | undefined;
  readonly pollAgeMs: () => number;
  readonly epoch: () => number;
  readonly isReady: () => boolean;
  /** Milliseconds that the event loop was late at the last look. */
  readonly loopDelayMs: () => number;
}

export interface Metrics extends LookupObserver, AdmissionObserver {
  /** Connects the gauges; before it they are not there. */
  watch(source: MetricsSource): void;
  expose(): Promise<{ contentType: string; text: string }>;
}

/** Seconds. Lookups take 1 to 500 ms, so that is where it has to tell them apart. */
const LATENCY_BUCKETS = [
  0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25,
  0.3, 0.4, 0.5, 0.6, 1,
];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  /** A counter by outcome; each starts at 0, so that a rate is right from the first event on. */
  const byOutcome = <O extends string>(
    name: string,
    help: string,
    outcomes: readonly O[],
  ): ((o: O) => void) => {
    const counter = new Counter({ name, help, labelNames: ['outcome'], registers });
    const children = new Map(outcomes.map((outcome) => [outcome, counter.labels(outcome)]));
    for (const child of children.values()) child.inc(0);
    return (outcome) => children.get(outcome)?.inc();
  };

  const lookups = byOutcome('fangbang_lookups_total', 'Lookups by outcome', LOOKUP_OUTCOMES);
  const seconds = new Histogram({
    name: 'fangbang_lookup_seconds',
    help: 'Time from parsed request to outcome',
    buckets: LATENCY_BUCKETS,
    registers,
  });
  const inFlight = new Gauge({
    name: 'fangbang_lookups_in_flight',
    help: 'Lookups being worked on',
    registers,
  });
  const shed = new Counter({
    name: 'fangbang_lookups_shed_total',
    help: 'Lookups turned away because too many were in flight',
    registers,
  });

  return {
    lookup: (outcome, took) => {
      lookups(outcome);
      seconds.observe(took);
    },
    redis: byOutcome('fangbang_redis_reads_total', 'Slips asked of Redis by outcome', REDIS_OUTCOMES),
    postgres: byOutcome(
      'fangbang_postgres_reads_total',
      'Slips asked of Postgres by outcome',
      POSTGRES_OUTCOMES,
    ),
    filter: byOutcome('fangbang_filter_checks_total', 'Digests held against the filter', FILTER_OUTCOMES),
    poll: byOutcome('fangbang_polls_total', 'Polls of the publications', POLL_OUTCOMES),
    heal: byOutcome('fangbang_heals_total', 'Lost slips written back to Redis', HEAL_OUTCOMES),
    limit: byOutcome(
      'fangbang_limits_total',
      'Wrong attempts by what they got, refusals, and proofs of work',
      LIMIT_OUTCOMES,
    ),
    inFlight: (count) => inFlight.set(count),
    shed: () => shed.inc(),
    watch: (source) => watchSource(source, registers),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function watchSource(source: MetricsSource, registers: Registry[]): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(read()) });
  };
  gauge('fangbang_poll_age_seconds', 'Since the last successful poll of the publications', () =>
    Math.min(source.pollAgeMs() / 1000, Number.MAX_SAFE_INTEGER),
  );
  gauge('fangbang_epoch', 'Epoch of the publications that are known', source.epoch);
  gauge('fangbang_ready', '1 when lookups may be sent', () => (source.isReady() ? 1 : 0));
  gauge(
    'fangbang_event_loop_delay_seconds',
    'How late the event loop was at the last look',
    () => source.loopDelayMs() / 1000,
  );
  const batches: Gauge<'series'> = new Gauge({
    name: 'fangbang_open_batch',
    help: 'Number of the batch in service, 0 when the series is not open',
    labelNames: ['series'],
    registers,
    collect: () => {
      batches.reset();
      for (const view of source.listSeries() ?? []) batches.set({ series: view.id }, view.batch?.number ?? 0);
    },
  });
}
