/**
 * Before an instance is ready it practises: lookups of a made-up series go the whole way, from the bytes of a
 * request to the bytes of its answer, through the same code on parts of its own. Compilers work by what has
 * run: an instance that had only said "not released" until T took more than twice the CPU for each lookup in the
 * first second after it (Bun 114 to 146 µs, 55 to 66 four seconds later; Node 112 to 220, then 89).
 *
 * Failure policy: never rejects, and neither reads nor writes anything of others but the values of keys that
 * nobody has. Practice that goes wrong is logged and ends; the instance gets ready without.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { createLimiter } from '#lookup/limits/limiter.ts';
import type { LimitSettings } from '#lookup/limits/settings.ts';
import { EpochWatch } from '#lookup/epoch-watch.ts';
import { createLookup } from '#lookup/lookup.ts';
import type { Logger, LookupObserver } from '#lookup/observer.ts';
import { faultName } from '#lookup/observer.ts';
import { Publications } from '#lookup/publications.ts';
import type { FetchMany } from '#lookup/redis-fetch.ts';
import { RedisReader } from '#lookup/redis-reader.ts';
import { Admission } from '../http/admission.ts';
import { createCallerOf } from '../http/caller.ts';
import { createAnswerLookup } from '../http/lookup-answer.ts';
import { createLookupCalls } from '../http/lookup-calls.ts';
import { lookupEndpoint } from '../http/lookup-endpoint.ts';
import { createProgram } from '../http/program.ts';
import type { Program } from '../http1/endpoint.ts';
import type { MadeUpSeries } from './made-up-series.ts';
import { makeUpSeries } from './made-up-series.ts';
import { PracticePlace } from './practice-place.ts';

export interface PracticeDeps {
  /** How many lookups; 0: none. */
  readonly lookups: number;
  readonly limits: LimitSettings;
  /** The way to Redis; what comes back is not looked at. undefined: there is none. */
  readonly fetchMany: FetchMany | undefined;
  /** Whether lookups of others are under way. */
  readonly isBusy: () => boolean;
  readonly log: Logger;
}

/** Compilers have done most of their work after about 30,000. */
export const DEFAULT_PRACTICE_LOOKUPS = 30_000;
/** Nobody waits longer for an instance, however slow the machine is. */
const PRACTISE_WITHIN_MS = 5_000;
/** An instance that is alone answers already: practice takes some tenth of its time then. */
const PAUSE_MS = 20;
/** Like a proxy's kept connections. */
const AT_ONCE = 48;

/** Practises; resolves when it is over. */
export async function practise(deps: PracticeDeps): Promise<void> {
  const { log, lookups } = deps;
  if (lookups === 0) return;
  const startedMs = performance.now();
  try {
    const count = await practiseOn(makeUpSeries(), deps, startedMs + PRACTISE_WITHIN_MS);
    log.info('practised', { count, milliseconds: Math.round(performance.now() - startedMs) });
  } catch (error) {
    log.warn('practice went wrong: the first lookups will be slow', { fault: faultName(error) });
  }
}

/** @returns how many lookups there were. */
async function practiseOn(series: MadeUpSeries, deps: PracticeDeps, endMs: number): Promise<number> {
  const publications = new Publications({
    source: series.source,
    peppers: [series.pepper],
    log: SILENT,
    observer: UNSEEN,
  });
  publications.start();
  try {
    while (!publications.isReady) await nextTurn();
    const place = new PracticePlace(programOf(deps, series, publications), AT_ONCE);
    const requests = series.credentials.map((fields) => requestOf(series.id, fields));
    let count = 0;
    while (count < deps.lookups && performance.now() < endMs) {
      const asked = Array.from({ length: AT_ONCE }, (_, i) => requests[(count + i) % requests.length] ?? '');
      if ((await place.answers(asked)) < AT_ONCE) throw new RangeError('an answer of the practice is wrong');
      count += AT_ONCE;
      // Polls and health checks go on, and who asks in earnest comes first.
      await (deps.isBusy() ? sleep(PAUSE_MS) : nextTurn());
    }
    return count;
  } finally {
    await publications.stop();
  }
}

/** As main.ts puts it together. */
function programOf(deps: PracticeDeps, series: MadeUpSeries, publications: Publications): Program {
  const { fetchMany, log, limits } = deps;
  const lookup = createLookup({
    publications,
    watch: new EpochWatch(),
    cache: new RedisReader(async (keys, into) => {
      await fetchMany?.(keys, into).catch(() => {});
      await series.fetchMany(keys, into);
    }),
    store: { find: () => Promise.resolve({ kind: 'away' }) },
    limiter: createLimiter(limits, undefined, UNSEEN),
    heal: undefined,
    log,
    observer: UNSEEN,
  });
  const admission = new Admission(AT_ONCE, { inFlight: () => {}, shed: () => {} });
  const callerOf = createCallerOf({ peppers: [series.pepper], trustedProxies: [], maxNumber: 1_000 });
  const answerLookup = createAnswerLookup({ lookup, admission, log });
  return createProgram({
    fetch: () => new Response(null, { status: 404 }),
    log,
    lookups: lookupEndpoint(createLookupCalls({ answerLookup, admission, callerOf })),
  });
}

/** With the headers that a browser sends behind a proxy. */
function requestOf(seriesId: string, fields: Readonly<Record<string, string>>): string {
  const body = JSON.stringify(fields);
  const headers = [
    'Host: localhost',
    'X-Forwarded-For: 192.0.2.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'User-Agent: Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 MicroMessenger/8.0',
    'Accept: application/json',
    'Accept-Language: zh-CN,zh;q=0.9',
  ];
  return `POST /v1/series/${seriesId}/lookup HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const UNSEEN: LookupObserver = {
  lookup: () => {},
  redis: () => {},
  postgres: () => {},
  filter: () => {},
  poll: () => {},
  heal: () => {},
  limit: () => {},
};
