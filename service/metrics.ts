/**
 * What the service counts, for Prometheus. All labels come from fixed lists, but for the series and
 * the number of its batch, of which there are few.
 */
import type { Aggregator } from 'prom-client';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
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
import { LatencyHistogram } from './latency-histogram.ts';
import type { StoreClients } from './store-metrics.ts';
import { watchStores } from './store-metrics.ts';

/** What the gauges read when they are scraped. */
export interface MetricsSource extends StoreClients {
  readonly listSeries: () => readonly SeriesView[] | undefined;
  readonly pollAgeMs: () => number;
  readonly epoch: () => number;
  readonly isReady: () => boolean;
  /** Milliseconds that the event loop was late at the last look. */
  readonly loopDelayMs: () => number;
  readonly build: { readonly version: string; readonly runtime: string; readonly runtimeVersion: string };
}

export interface Metrics extends LookupObserver, AdmissionObserver {
  /** Connects the gauges; before it they are not there. */
  watch(source: MetricsSource): void;
  /** An answer of status 500 or more. */
  serverError(status: number): void;
  expose(): Promise<{ contentType: string; text: string }>;
  /** The same as plain data, for the supervisor to add up. */
  snapshot(): ReturnType<Registry['getMetricsAsJSON']>;
}

/** Seconds. Lookups take 1 to 500 ms, so that is where it has to tell them apart. */
const LATENCY_BUCKETS = [
  0.001, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25,
  0.3, 0.4, 0.5, 0.6, 1,
];

const SERVER_ERRORS = ['500', '503'] as const;

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  /**
   * A counter by one label; each value starts at 0, so that a rate is right from the first event on. Counted in a
   * number of our own and handed over when it is read: the library's counters were 3% of a lookup's profile.
   */
  const byLabel = <V extends string>(
    label: string,
    name: string,
    help: string,
    values: readonly V[],
  ): ((value: V) => void) => {
    const counts = Object.fromEntries(values.map((value) => [value, 0])) as Record<V, number>;
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: [label],
      registers,
      collect: () => {
        counter.reset();
        for (const value of values) counter.inc({ [label]: value }, counts[value]);
      },
    });
    return (value) => {
      counts[value] += 1;
    };
  };
  const byOutcome = <O extends string>(
    name: string,
    help: string,
    outcomes: readonly O[],
  ): ((outcome: O) => void) => byLabel('outcome', name, help, outcomes);

  const lookups = byOutcome('fangbang_lookups_total', 'Lookups by outcome', LOOKUP_OUTCOMES);
  const seconds = new LatencyHistogram(
    registry,
    'fangbang_lookup_seconds',
    'Time from parsed request to outcome',
    LATENCY_BUCKETS,
  );
  let nowInFlight = 0;
  const inFlight: Gauge = new Gauge({
    name: 'fangbang_lookups_in_flight',
    help: 'Lookups being worked on',
    registers,
    collect: () => inFlight.set(nowInFlight),
  });
  let shedSoFar = 0;
  const shed: Counter = new Counter({
    name: 'fangbang_lookups_shed_total',
    help: 'Lookups turned away because too many were in flight',
    registers,
    collect: () => {
      shed.reset();
      shed.inc(shedSoFar);
    },
  });

  const serverErrors = byLabel(
    'status',
    'fangbang_server_errors_total',
    'Answers of status 500 and more: 503 is an honest wait, 500 a fault of the program',
    SERVER_ERRORS,
  );

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
    inFlight: (count) => {
      nowInFlight = count;
    },
    shed: () => {
      shedSoFar += 1;
    },
    serverError: (status) => serverErrors(status === 503 ? '503' : '500'),
    watch: (source) => watchSource(source, registers),
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

function watchSource(source: MetricsSource, registers: Registry[]): void {
  /** @param aggregator what stands for all instances under a supervisor: the one that is worst off. */
  const gauge = (aggregator: Aggregator, name: string, help: string, read: () => number): void => {
    const made: Gauge = new Gauge({ name, help, aggregator, registers, collect: () => made.set(read()) });
  };
  gauge('max', 'fangbang_poll_age_seconds', 'Since the last successful poll of the publications', () =>
    Math.min(source.pollAgeMs() / 1000, Number.MAX_SAFE_INTEGER),
  );
  gauge('min', 'fangbang_epoch', 'Epoch of the publications that are known', source.epoch);
  // Beside the lowest, since one number for all instances of a supervisor cannot show that they differ.
  gauge(
    'max',
    'fangbang_newest_epoch',
    'Highest epoch of the publications that an instance knows',
    source.epoch,
  );
  gauge('min', 'fangbang_ready', '1 when publications and filters have been read once', () =>
    source.isReady() ? 1 : 0,
  );
  gauge(
    'max',
    'fangbang_event_loop_delay_seconds',
    'How late the event loop was at the last look',
    () => source.loopDelayMs() / 1000,
  );
  watchStores(source, registers);
  const { version, runtime, runtimeVersion } = source.build;
  new Gauge({
    name: 'fangbang_build_info',
    help: '1; its labels say what is running',
    labelNames: ['version', 'runtime', 'runtime_version'],
    aggregator: 'max',
    registers,
  }).set({ version, runtime, runtime_version: runtimeVersion }, 1);
  const batches: Gauge<'series'> = new Gauge({
    name: 'fangbang_open_batch',
    help: 'Number of the batch in service, 0 when the series is not open',
    labelNames: ['series'],
    aggregator: 'min',
    registers,
    collect: () => {
      batches.reset();
      for (const view of source.listSeries() ?? []) batches.set({ series: view.id }, view.batch?.number ?? 0);
    },
  });
}
