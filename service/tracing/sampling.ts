/** Whose trace a request belongs to, and which traces are taken. */
import type { Context } from '@opentelemetry/api';
import { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, isSpanContextValid, trace } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { Peer } from '../http1/endpoint.ts';
import { plainAddress } from '../http/client-address.ts';
import type { TracingSettings } from './settings.ts';

/**
 * Whose trace a request belongs to. By its header `traceparent` (W3C Trace Context) from trusted proxies alone:
 * else anybody could have every request of theirs taken, or put spans of ours into traces of others.
 */
export function parentOf(request: Request, peer: Peer, isTrusted: (address: string) => boolean): Context {
  const header = request.headers.get('traceparent');
  if (header === null || !isTrusted(plainAddress(peer.address() ?? ''))) return ROOT_CONTEXT;
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header) ?? [];
  const context =
    traceId === undefined || spanId === undefined || flags === undefined
      ? INVALID_SPAN_CONTEXT
      : { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(context) ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT;
}

export function makeSampler({ sampler, ratio }: TracingSettings): Sampler {
  const [, parentBased, kind] = /^(parentbased_)?(.+)$/.exec(sampler) ?? [];
  const root =
    kind === 'always_on'
      ? new AlwaysOnSampler()
      : kind === 'always_off'
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return parentBased === undefined ? root : new ParentBasedSampler({ root });
}
