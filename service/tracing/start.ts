/**
 * Traces by OpenTelemetry over OTLP/HTTP: a span for each request, and below it for each read of Redis and each
 * question to Postgres; and one for each poll of the publications.
 *
 * Failure policy: a collector that is away, slow or wrong costs its spans, at most 2,048 of which wait, and is
 * logged once until it is back. No answer waits for it, and none changes.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from '#lookup/observer.ts';
import { faultName } from '#lookup/observer.ts';
import { withStateLogged } from './exporter-log.ts';
import { knownMethod } from './route-template.ts';
import { makeSampler, parentOf } from './sampling.ts';
import type { SpanFields } from './span-fields.ts';
import { describe } from './span-fields.ts';
import type { TracingSettings } from './settings.ts';
import type { Tracing } from './tracing.ts';

export interface TracingDeps {
  readonly version: string;
  readonly log: Logger;
  /** Of a path; asked once the application is made. */
  readonly routeTemplateOf: (pathname: string) => string | undefined;
  /** Whether an address is a trusted proxy's, whose `traceparent` is believed. */
  readonly isTrusted: (address: string) => boolean;
}

const STOP_WITHIN_MS = 2_000;

export function startTracing(settings: TracingSettings, deps: TracingDeps): Tracing {
  const provider = new TracerProvider({
    sampler: makeSampler(settings),
    resource: resourceFromAttributes({
      'service.name': settings.serviceName,
      'service.version': deps.version,
      'process.pid': process.pid,
    }).merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: withStateLogged(new OTLPTraceExporter(), deps.log),
        scheduledDelayMillis: settings.sendEveryMs,
      }),
    ],
  });
  const tracer = provider.getTracer('fangbang', deps.version);
  /** The request's span, where it is taken; nothing else runs inside of it. */
  const current = new AsyncLocalStorage<Span>();

  /** A part of a request that is taken, or the work alone. */
  const part = async <T>(
    name: string,
    fields: SpanFields,
    work: () => PromiseLike<T>,
    outcome: (value: T) => string,
  ): Promise<T> => {
    const parent = current.getStore();
    if (parent === undefined) return await work();
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT }, trace.setSpan(ROOT_CONTEXT, parent));
    describe(span, fields);
    return await ended(span, work, (value) => describe(span, { 'fangbang.outcome': outcome(value) }));
  };

  return {
    fetch: (inner) => (request, peer) => {
      const method = knownMethod(request.method);
      const parent = parentOf(request, peer, deps.isTrusted);
      const span = tracer.startSpan(method, { kind: SpanKind.SERVER }, parent);
      if (!span.isRecording()) return inner(request, peer);
      const route = deps.routeTemplateOf(new URL(request.url).pathname);
      span.updateName(route === undefined ? method : `${method} ${route}`);
      describe(span, {
        'http.request.method': method,
        ...(route === undefined ? {} : { 'http.route': route }),
      });
      return current.run(span, () =>
        ended(
          span,
          async () => inner(request, peer),
          ({ status, headers }) => {
            const requestId = headers.get('x-request-id');
            describe(span, {
              'http.response.status_code': status,
              ...(requestId === null ? {} : { 'fangbang.request_id': requestId }),
            });
            if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          },
        ),
      );
    },

    observer: (inner) => ({
      ...inner,
      lookup: (outcome, seconds) => {
        const span = current.getStore();
        if (span !== undefined) describe(span, { 'fangbang.outcome': outcome });
        inner.lookup(outcome, seconds);
      },
    }),

    cache: (inner) => ({
      read: (key, along) =>
        part(
          'redis read',
          { 'db.system.name': 'redis' },
          () => inner.read(key, along),
          ({ value }) => (value === null ? 'miss' : value === 'away' ? 'away' : 'hit'),
        ),
    }),

    store: (inner) => ({
      find: (batch, digest) =>
        part(
          'postgres fallback',
          { 'db.system.name': 'postgresql', 'fangbang.batch': batch },
          () => inner.find(batch, digest),
          ({ kind }) => kind,
        ),
    }),

    source: (inner) => ({
      ...inner,
      readState: () => {
        const span = tracer.startSpan('poll', { kind: SpanKind.CLIENT }, ROOT_CONTEXT);
        describe(span, { 'db.system.name': 'postgresql' });
        // Outside of a request's span, should one have asked for it: it is for all of them.
        return current.exit(() =>
          ended(
            span,
            () => inner.readState(),
            ({ epoch }) => describe(span, { 'fangbang.epoch': epoch }),
          ),
        );
      },
    }),

    stop: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, STOP_WITHIN_MS);
      });
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

/** Does the work and ends the span with it; a fault is its code alone, since a message may quote values. */
async function ended<T>(span: Span, work: () => PromiseLike<T>, describeIt: (value: T) => void): Promise<T> {
  try {
    const value = await work();
    describeIt(value);
    return value;
  } catch (error) {
    describe(span, { 'error.type': faultName(error) });
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
