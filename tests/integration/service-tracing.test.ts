/**
 * Traces of the real service, on both runtimes, at a real collector: what is in them, what is not, and that nobody
 * but the operator notices when the collector is away.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Installation, TestCandidate } from '../helpers/batch.ts';
import {
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
  withRedis,
} from '../helpers/batch.ts';
import type { CollectedSpan, OtlpCollector } from '../helpers/otlp-collector.ts';
import { startOtlpCollector } from '../helpers/otlp-collector.ts';
import type { Answer, RunningService } from '../helpers/service.ts';
import { RUNTIMES, lookupAt, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const SERIES = presetDefinition('gaokao', 'traced-gaokao');
const [found, stranger] = gaokaoCandidates(SERIES, 2) as [TestCandidate, TestCandidate];
const ROUTE = '/v1/series/{id}/lookup';
const LOOKUP = `POST ${ROUTE}`;
/** Fields that somebody decided may be in a trace. */
const EXPECTED_FIELDS = [
  'db.system.name',
  'error.type',
  'fangbang.batch',
  'fangbang.epoch',
  'fangbang.outcome',
  'fangbang.request_id',
  'http.request.method',
  'http.response.status_code',
  'http.route',
];

let installation: Installation;
let redisUrl: string;
beforeAll(async () => {
  redisUrl = (await redisDatabase()).url;
  installation = await makeInstallation(redisUrl);
  await openBatch(installation, SERIES, [found]);
});
afterAll(async () => {
  await installation.database.drop();
});

describe.each(RUNTIMES)('on %s', (runtime) => {
  let collector: OtlpCollector;
  let service: RunningService | undefined;
  afterEach(async () => {
    await service?.stop();
    service = undefined;
    await collector.close();
  });

  const start = async (env: Record<string, string> = {}): Promise<RunningService> => {
    collector = await startOtlpCollector();
    service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl,
      pepperFile: installation.pepperFile,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_SAMPLER: 'parentbased_always_on',
        OTEL_BSP_SCHEDULE_DELAY: '50',
        ...env,
      },
    });
    return service;
  };
  const look = (at: RunningService): Promise<Answer> => at.lookup(SERIES.id, fieldsOf(SERIES, found));
  const spansOf = async (answer: Answer, least: number): Promise<CollectedSpan[]> => {
    const requestId = answer.headers.get('x-request-id');
    const own = (): CollectedSpan[] => {
      const server = collector
        .spans()
        .find(({ attributes }) => attributes['fangbang.request_id'] === requestId);
      return server === undefined
        ? []
        : collector.spans().filter(({ traceId }) => traceId === server.traceId);
    };
    await until('the spans have come', () => own().length >= least);
    return own();
  };

  it('a lookup is a span with its outcome, and each question to a store a span below it', async () => {
    const running = await start({ OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test' });
    const warm = await spansOf(await look(running), 2);
    const server = warm.find(({ name }) => name === LOOKUP);
    expect(server?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': ROUTE,
      'http.response.status_code': 200,
      'fangbang.outcome': 'found',
    });
    expect(server?.parentSpanId).toBeUndefined();
    expect(warm.filter(({ name }) => name !== LOOKUP)).toMatchObject([
      {
        name: 'redis read',
        parentSpanId: server?.spanId,
        attributes: { 'fangbang.outcome': 'hit', 'db.system.name': 'redis' },
      },
    ]);

    await withRedis(redisUrl, (redis) => redis.flushdb());
    const cold = await spansOf(await look(running), 3);
    const byName = Object.fromEntries(cold.map((span) => [span.name, span.attributes['fangbang.outcome']]));
    expect(byName).toEqual({ [LOOKUP]: 'found', 'redis read': 'miss', 'postgres fallback': 'found' });

    await until('a poll has come', () => collector.spans().some(({ name }) => name === 'poll'));
    expect(
      collector.spans().find(({ name }) => name === 'poll')?.attributes['fangbang.epoch'],
    ).toBeGreaterThan(0);
    expect(collector.resource()).toMatchObject({
      'service.name': 'fangbang',
      'deployment.environment.name': 'test',
    });
  });

  it('nothing that somebody sent is in a trace, wherever it was sent', async () => {
    const running = await start();
    const { candidateNumber = '', identityNumber = '' } = found.credentials;
    const wrong = {
      ...fieldsOf(SERIES, found),
      identityNumber: stranger.credentials['identityNumber'] ?? '',
    };
    expect((await look(running)).status).toBe(200);
    expect((await running.lookup(SERIES.id, wrong)).status).toBe(404);
    const paths = [`/v1/series/${identityNumber}/lookup?q=${candidateNumber}`, `/${candidateNumber}`];
    for (const path of paths) {
      await fetch(`${running.url}${path}`, {
        headers: {
          'user-agent': identityNumber,
          traceparent: `00-${candidateNumber}`,
          baggage: candidateNumber,
        },
      });
      await fetch(`${running.url}${path}`, { method: identityNumber.replaceAll(/\d/g, 'X') }).catch(() => {});
    }
    await fetch(`${running.url}/s/${SERIES.id}`, {
      method: 'POST',
      body: new URLSearchParams(fieldsOf(SERIES, found)),
    });
    await until('all have come', () => {
      const names = collector.spans().map(({ name }) => name);
      return [LOOKUP, `GET ${ROUTE}`, 'GET', 'POST /s/{id}'].every((name) => names.includes(name));
    });
    const canaries = [
      candidateNumber,
      identityNumber,
      found.slip.name,
      stranger.credentials['identityNumber'],
    ];
    for (const canary of canaries) expect(collector.bytes()).not.toContain(canary);
    const fields = new Set(collector.spans().flatMap(({ attributes }) => Object.keys(attributes)));
    expect([...fields].filter((field) => !EXPECTED_FIELDS.includes(field))).toEqual([]);
  });

  it('whose trace it is may say a trusted proxy, and nobody else', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const ask = async (running: RunningService): Promise<string | undefined> => {
      const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
      const answer = await lookupAt(running.url, SERIES.id, fieldsOf(SERIES, found), headers);
      return (await spansOf(answer, 1))[0]?.traceId;
    };
    expect(await ask(await start())).not.toBe(traceId);
    await service?.stop();
    await collector.close();
    // Of roots none is taken; the proxy's word takes this one.
    const trusting = await start({
      TRUSTED_PROXIES: '127.0.0.1/32',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0',
    });
    expect((await look(trusting)).status).toBe(200);
    expect(await ask(trusting)).toBe(traceId);
    expect(new Set(collector.spans().map((span) => span.traceId))).toEqual(new Set([traceId]));
  });

  it.each(['is not there', 'never answers'])('a collector that %s changes no answer', async (how) => {
    const gone = await startOtlpCollector();
    await gone.close();
    const env = how === 'is not there' ? { OTEL_EXPORTER_OTLP_ENDPOINT: gone.url } : {};
    const running = await start({ ...env, OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
    collector.hang();
    for (let i = 0; i < 20; i += 1) expect((await look(running)).status).toBe(200);
    const said = (): Record<string, unknown>[] =>
      running.log().filter(({ msg }) => msg === 'traces are not taken by the collector: dropped');
    await until('the log says so', () => said().length > 0, 30_000);
    for (let i = 0; i < 20; i += 1) expect((await look(running)).status).toBe(200);
    // Said once, however many are dropped.
    expect(said()).toHaveLength(1);
    expect(await running.stop()).toBe(0);
  });
});

describe('without an endpoint', () => {
  /** Makes Node refuse to load OpenTelemetry, but for its bare interfaces: prom-client has them loaded. */
  const REFUSE = `data:text/javascript,${encodeURIComponent(
    `import { registerHooks } from 'node:module';
     registerHooks({ resolve: (name, context, next) => {
       if (/opentelemetry.(?!api)/.test(name)) throw new Error('OpenTelemetry is being loaded');
       return next(name, context);
     } });`,
  )}`;
  const startRefusing = (env: Record<string, string>): Promise<RunningService> =>
    startService({
      runtime: 'node',
      databaseUrl: installation.serviceUrl,
      redisUrl,
      pepperFile: installation.pepperFile,
      env: { NODE_OPTIONS: `--import=${REFUSE}`, ...env },
    });

  it('OpenTelemetry is not loaded', async () => {
    const service = await startRefusing({});
    expect((await service.lookup(SERIES.id, fieldsOf(SERIES, found))).status).toBe(200);
    await service.stop();
    await expect(startRefusing({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).rejects.toThrow(
      'OpenTelemetry is being loaded',
    );
  });
});
