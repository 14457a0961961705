/**
 * What a span may say: as in service/log.ts, fields of one list only, so that no careless call can trace a
 * credential, a name or a mark. Names of spans come from the program, never from a request.
 */
import type { Span } from '@opentelemetry/api';

/** By the names of OpenTelemetry's conventions where there is one. Values are of fixed lists, or counts, or ids. */
export interface SpanFields {
  readonly 'http.request.method'?: string;
  /** The template, `/v1/series/{id}/lookup`: the path itself is whatever somebody typed. */
  readonly 'http.route'?: string;
  readonly 'http.response.status_code'?: number;
  readonly 'db.system.name'?: 'redis' | 'postgresql';
  readonly 'fangbang.request_id'?: string;
  readonly 'fangbang.outcome'?: string;
  readonly 'fangbang.batch'?: number;
  readonly 'fangbang.epoch'?: number;
  /** A code or a class, never a message. */
  readonly 'error.type'?: string;
}

const ALLOWED: Readonly<Record<keyof SpanFields, true>> = {
  'http.request.method': true,
  'http.route': true,
  'http.response.status_code': true,
  'db.system.name': true,
  'fangbang.request_id': true,
  'fangbang.outcome': true,
  'fangbang.batch': true,
  'fangbang.epoch': true,
  'error.type': true,
};

/** The only way to put something on a span. */
export function describe(span: Span, fields: SpanFields): void {
  for (const [name, value] of Object.entries(fields) as [string, string | number][])
    if (Object.hasOwn(ALLOWED, name)) span.setAttribute(name, value);
}
