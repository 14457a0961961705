/**
 * What service/main.ts wraps around its parts. When traces are off each part stays as it is, and no line of
 * OpenTelemetry is loaded.
 */
import type { LookupObserver } from '#lookup/observer.ts';
import type { SlipStore } from '#lookup/postgres-fallback.ts';
import type { PublicationSource } from '#lookup/publication-source.ts';
import type { ResultCache } from '#lookup/redis-reader.ts';
import type { Fetch } from '../http/program.ts';

export interface Tracing {
  fetch(inner: Fetch): Fetch;
  observer(inner: LookupObserver): LookupObserver;
  cache(inner: ResultCache): ResultCache;
  store(inner: SlipStore): SlipStore;
  source(inner: PublicationSource): PublicationSource;
  /** Sends what is left, for two seconds at most. */
  stop(): Promise<void>;
}

export const UNTRACED: Tracing = {
  fetch: (inner) => inner,
  observer: (inner) => inner,
  cache: (inner) => inner,
  store: (inner) => inner,
  source: (inner) => inner,
  stop: () => Promise.resolve(),
};
