/**
 * The variables of OpenTelemetry that switch traces on and say how many are taken. The rest of the standard's
 * (OTEL_EXPORTER_OTLP_HEADERS, _TIMEOUT, _COMPRESSION, _CERTIFICATE, …) its exporter reads by itself.
 */
import { z } from 'zod';

/** Names of the OpenTelemetry specification. */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export interface TracingSettings {
  readonly sampler: (typeof SAMPLERS)[number];
  /** Share of the traces taken by the samplers of a ratio, 0 to 1. */
  readonly ratio: number;
  readonly serviceName: string;
  /** Milliseconds that a span waits at most before it is sent. */
  readonly sendEveryMs: number;
}

/** A million lookups are ten thousand traces: enough to see a slow store, and next to no cost. */
const DEFAULT_RATIO = '0.01';

const URL_FORM = 'expected a URL such as http://collector:4318';

export const tracingVariables = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .regex(/^(?:https?:\/\/\S+)?$/, URL_FORM)
    .default(''),
  OTEL_SDK_DISABLED: z.enum(['true', 'false'], 'expected true or false').default('false'),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, `expected one of ${SAMPLERS.join(', ')}`)
    .default('parentbased_traceidratio'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(?:0(?:\.\d{1,9})?|1(?:\.0{1,9})?)$/, 'expected a share from 0 to 1')
    .default(DEFAULT_RATIO),
  OTEL_SERVICE_NAME: z.string().min(1, 'expected a name').default('fangbang'),
  OTEL_BSP_SCHEDULE_DELAY: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'expected milliseconds from 1 to 999999')
    .default('5000'),
};

const parsed = z.object(tracingVariables);

/** undefined: nothing of tracing is even loaded. */
export function tracingSettings(env: z.infer<typeof parsed>): TracingSettings | undefined {
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT === '' || env.OTEL_SDK_DISABLED === 'true') return undefined;
  return {
    sampler: env.OTEL_TRACES_SAMPLER,
    ratio: Number(env.OTEL_TRACES_SAMPLER_ARG),
    serviceName: env.OTEL_SERVICE_NAME,
    sendEveryMs: Number(env.OTEL_BSP_SCHEDULE_DELAY),
  };
}
