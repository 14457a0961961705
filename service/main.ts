/**
 * The lookup service: reads the configuration, wires the rooms together, listens, and stops in an
 * orderly way.
 *
 * Failure policy: a configuration with faults ends the program with exit code 2 and all of them on
 * standard error; a port that cannot be had with exit code 1 and one sentence. A store that is away
 * ends nothing: the service starts, says that it is not ready, and tries again.
 */
import pg from 'pg';
import { CommandLine } from '#lookup/limits/command-line.ts';
import { createLimiter } from '#lookup/limits/limiter.ts';
import { SharedCounters } from '#lookup/limits/shared-counters.ts';
import { EpochWatch } from '#lookup/epoch-watch.ts';
import { createLookup } from '#lookup/lookup.ts';
import {
  BOUNDS_BEHIND_REDIS,
  BOUNDS_WITHOUT_REDIS,
  FALLBACK_TIMEOUTS,
  PostgresFallback,
} from '#lookup/postgres-fallback.ts';
import { faultName } from '#lookup/observer.ts';
import { postgresPublicationSource } from '#lookup/publication-source.ts';
import { Publications } from '#lookup/publications.ts';
import { connectRedis } from '#lookup/redis-client.ts';
import { fetchManyFrom } from '#lookup/redis-fetch.ts';
import { RedisReader } from '#lookup/redis-reader.ts';
import { RedisWriter } from '#lookup/redis-writer.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { exitOnFault } from './exit-on-fault.ts';
import { listen, runtimeName } from './host.ts';
import type { Readiness } from './http/admin.ts';
import { createAdminApp } from './http/admin.ts';
import { Admission } from './http/admission.ts';
import { AnswerWatch } from './http/answer-watch.ts';
import { createApp } from './http/app.ts';
import { createCallerOf } from './http/caller.ts';
import { makeIsTrusted } from './http/client-address.ts';
import { createAnswerLookup } from './http/lookup-answer.ts';
import { LoopWatch } from './http/loop-watch.ts';
import { lookupEndpoint } from './http/lookup-endpoint.ts';
import { createLookupCalls } from './http/lookup-calls.ts';
import { factsOf, peerOf } from './http/lookup-route.ts';
import { createProgram } from './http/program.ts';
import { responseFromAnswer } from './http1/answer.ts';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createPage } from './page/page.ts';
import { practise } from './practice/practice.ts';
import { linkToSupervisor } from './supervisor/link.ts';
import { SUPERVISED } from './supervisor/messages.ts';
import { makeRouteTemplateOf } from './tracing/route-template.ts';
import { UNTRACED } from './tracing/tracing.ts';
import { ownVersion } from './http/version.ts';
import { createWechat } from './wechat/wechat.ts';

/** Health checks and the scraping of metrics need a handful. */
const MOST_ADMIN_CONNECTIONS = 100;

try {
  await main(readConfig(process.env));
} catch (error) {
  exitOnFault(error);
}

async function main(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  const metrics = createMetrics();
  const version = ownVersion();
  let routeTemplateOf = makeRouteTemplateOf([]);
  const tracing =
    config.tracing === undefined
      ? UNTRACED
      : (await import('./tracing/start.ts')).startTracing(config.tracing, {
          version,
          log,
          routeTemplateOf: (pathname) => routeTemplateOf(pathname),
          isTrusted: makeIsTrusted(config.trustedProxies),
        });
  const pool = (name: string, options: pg.PoolConfig): pg.Pool => {
    const made = new pg.Pool({
      connectionString: config.databaseUrl,
      application_name: `fangbang-${name}`,
      keepAlive: true,
      ...options,
    });
    // Without a listener the end of an idle connection ends the process (brianc/node-postgres#3260).
    made.on('error', () => {});
    return made;
  };
  // One connection for the polls, one for a filter that is being loaded.
  const publicationPool = pool('publications', {
    max: 2,
    connectionTimeoutMillis: 1_000,
    query_timeout: 2_000,
  });
  const bounds = config.redis.kind === 'none' ? BOUNDS_WITHOUT_REDIS : BOUNDS_BEHIND_REDIS;
  const fallbackPool = pool('fallback', { max: bounds.connections, ...FALLBACK_TIMEOUTS });

  const readClient = config.redis.kind === 'none' ? undefined : connectRedis(config.redis, 'read', log);
  const writeClient = config.redis.kind === 'none' ? undefined : connectRedis(config.redis, 'write', log);
  const epochWatch = new EpochWatch();
  const writer = writeClient === undefined ? undefined : new RedisWriter(writeClient, epochWatch, metrics);

  const publications = new Publications({
    source: tracing.source(postgresPublicationSource(publicationPool)),
    peppers: config.peppers,
    log,
    observer: metrics,
    onPolled: (epoch) => void writer?.compareEpoch(epoch, publications),
  });
  const loop = new LoopWatch(config.maxLoopDelayMs);
  loop.start();
  metrics.watch({
    listSeries: () => publications.list(),
    pollAgeMs: () => publications.pollAgeMs,
    epoch: () => publications.epoch,
    isReady: () => publications.isReady,
    loopDelayMs: () => loop.delayMs,
    pools: { publications: publicationPool, fallback: fallbackPool },
    redis: {
      ...(readClient === undefined ? {} : { read: readClient }),
      ...(writeClient === undefined ? {} : { write: writeClient }),
    },
    build: { version, runtime: runtimeName, runtimeVersion: process.versions[runtimeName] ?? '' },
  });
  const counters =
    readClient === undefined ? undefined : new SharedCounters(new CommandLine(readClient), config.limits);
  const fetchMany = readClient === undefined ? undefined : fetchManyFrom(readClient);
  const lookup = createLookup({
    publications,
    watch: epochWatch,
    cache: fetchMany === undefined ? undefined : tracing.cache(new RedisReader(fetchMany)),
    store: tracing.store(new PostgresFallback(fallbackPool, bounds, { log, observer: metrics })),
    limiter: createLimiter(config.limits, counters, metrics),
    heal: writer === undefined ? undefined : (key, sealed) => writer.heal(key, sealed),
    log,
    observer: tracing.observer(metrics),
  });

  const admission = new Admission(config.maxInFlight, metrics, () => loop.share, config.holdOverloadedMs);
  const callerOf = createCallerOf({
    peppers: config.peppers,
    trustedProxies: config.trustedProxies,
    maxNumber: config.proofMaxNumber,
  });
  const answerLookup = createAnswerLookup({ lookup, admission, log });
  const lookups = createLookupCalls({ answerLookup, admission, callerOf });
  const watch = new AnswerWatch({
    log,
    onServerError: (status) => metrics.serverError(status),
    nowMs: () => performance.now(),
  });
  const app = createApp({ lookups, listSeries: () => publications.list(), log });
  app.route(
    '/',
    createPage({
      series: () => publications.list(),
      ask: async (context, series, credentials) => {
        const caller = callerOf(factsOf(context), peerOf(context));
        return responseFromAnswer(watch.note(await answerLookup(series, credentials, caller)));
      },
      nowMs: () => publications.nowMs(),
      spreadMs: config.pageSpreadMs,
    }),
  );
  if (config.wechat !== undefined) {
    app.route(
      '/',
      createWechat({
        ...config.wechat,
        series: () => publications.list(),
        nowMs: () => Date.now(),
        onFault: (error) =>
          log.error('a message to the official account was not answered', { fault: faultName(error) }),
      }),
    );
  }

  routeTemplateOf = makeRouteTemplateOf(app.routes.map(({ path }) => path));
  const program = createProgram({
    fetch: tracing.fetch((request, peer) => app.fetch(request, peer)),
    log,
    // Traces begin with a Request.
    lookups: config.tracing === undefined ? lookupEndpoint(lookups) : undefined,
    onAnswer: watch.seen,
  });

  let isStopping = false;
  let isPractised = false;
  const notReady = (): string | undefined => {
    if (isStopping) return 'stopping';
    if (!publications.isReady) return 'the publications and their filters have not been read';
    return isPractised ? undefined : 'the program practises';
  };
  const readiness = (): Readiness => {
    const reason = notReady();
    return { isReady: reason === undefined, words: reason ?? '' };
  };
  const admin = createAdminApp({ readiness, metrics: () => metrics.expose() });
  const supervisor = process.argv.includes(SUPERVISED)
    ? linkToSupervisor(process, { notReady, metrics: () => metrics.snapshot() })
    : undefined;

  publications.start();
  const { practiceLookups, limits } = config;
  const isBusy = (): boolean => admission.inFlight > 0;
  void practise({ lookups: practiceLookups, limits, fetchMany, isBusy, log }).finally(
    () => (isPractised = true),
  );
  await supervisor?.toldToListen;
  const { host } = config;
  const publicHost = await listen({
    host,
    port: config.port,
    variable: 'PORT',
    maxConnections: config.maxConnections,
    reusePort: supervisor !== undefined,
    program,
  });
  const adminHost =
    supervisor === undefined
      ? await listen({
          host,
          port: config.adminPort,
          variable: 'ADMIN_PORT',
          // Health checks have their own: a flood on the public port takes none of them.
          maxConnections: MOST_ADMIN_CONNECTIONS,
          program: createProgram({ fetch: (request) => admin.fetch(request), log }),
        })
      : undefined;
  const where = { host, port: publicHost.port, runtime: runtimeName };
  if (adminHost === undefined) log.info('an instance listens', { ...where, process: process.pid });
  else log.info('listening', { ...where, adminPort: adminHost.port });
  supervisor?.listening(publicHost.port);

  const stop = async (signal: string): Promise<void> => {
    // Whoever asks twice does not want to wait.
    if (isStopping) {
      // A supervisor may say it, and signal it, and be gone: that is one wish.
      if (supervisor === undefined) process.exit(1);
      return;
    }
    isStopping = true;
    log.info('stopping', { signal });
    await publicHost.close({ drain: true });
    await adminHost?.close({ drain: false });
    await publications.stop();
    loop.stop();
    readClient?.disconnect();
    writeClient?.disconnect();
    await Promise.all([publicationPool.end(), fallbackPool.end(), tracing.stop()]);
    await supervisor?.ended();
    log.info(supervisor === undefined ? 'stopped' : 'an instance has stopped', { process: process.pid });
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
  supervisor?.onStop((why) => void stop(why));
}
