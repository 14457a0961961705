import { expect, test } from 'vitest';
import { z } from 'zod';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { Hono } from 'hono';
import { knownMethod, makeRouteTemplateOf } from '../../service/tracing/route-template.ts';
import { tracingSettings, tracingVariables } from '../../service/tracing/settings.ts';
import { describe } from '../../service/tracing/span-fields.ts';

const read = (env: Record<string, string>) => z.object(tracingVariables).safeParse(env);
const settings = (env: Record<string, string>) => tracingSettings(z.object(tracingVariables).parse(env));
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

test('traces are off without an endpoint, and in spite of one when the SDK is disabled', () => {
  expect(settings({})).toBeUndefined();
  expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBeUndefined();
  expect(settings({ ...ENDPOINT, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
});

test('one request in a hundred is taken when nothing is said', () => {
  expect(settings(ENDPOINT)).toEqual({
    sampler: 'parentbased_traceidratio',
    ratio: 0.01,
    serviceName: 'fangbang',
    sendEveryMs: 5_000,
  });
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'OTEL_TRACES_SAMPLER'],
  [{ OTEL_TRACES_SAMPLER_ARG: '1.5' }, 'OTEL_TRACES_SAMPLER_ARG'],
  [{ OTEL_TRACES_SAMPLER_ARG: '1%' }, 'OTEL_TRACES_SAMPLER_ARG'],
  [{ OTEL_BSP_SCHEDULE_DELAY: '0' }, 'OTEL_BSP_SCHEDULE_DELAY'],
  [{ OTEL_SDK_DISABLED: 'yes' }, 'OTEL_SDK_DISABLED'],
])('%j is a fault of the configuration', (env: Record<string, string>, name) => {
  expect(read(env).error?.issues.map(({ path }) => path.join('.'))).toEqual([name]);
});

test('the template of a path is a route of the application, whatever stands in the path', () => {
  const app = new Hono();
  app.get('/', (c) => c.text(''));
  app.all('/v1/series/:id/lookup', (c) => c.text(''));
  app.get('/openapi.json', (c) => c.text(''));
  const templateOf = makeRouteTemplateOf(app.routes.map(({ path }) => path));
  expect(templateOf('/v1/series/330106200801130128/lookup')).toBe('/v1/series/{id}/lookup');
  expect(templateOf('/')).toBe('/');
  expect(templateOf('/openapi.json')).toBe('/openapi.json');
  for (const path of ['/openapiXjson', '/v1/series/a/b/lookup', '/v1/series//lookup', '/330106200801130128'])
    expect([path, templateOf(path)]).toEqual([path, undefined]);
});

test('a method that is none of HTTP’s has no name of its own', () => {
  expect(['POST', 'post', '330106200801130128'].map(knownMethod)).toEqual(['POST', '_OTHER', '_OTHER']);
});

test('a field that is not on the list is dropped from a span', async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const span = provider.getTracer('test').startSpan('test');
  const careless = { 'fangbang.outcome': 'found', 'url.path': '/s/x', name: '林泽' };
  describe(span, careless);
  span.end();
  await provider.forceFlush();
  expect(exporter.getFinishedSpans().map(({ attributes }) => attributes)).toEqual([
    { 'fangbang.outcome': 'found' },
  ]);
});
