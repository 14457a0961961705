/**
 * @module Sends a profile with autocannon: a fixed rate over several connections, every answer judged.
 *
 * autocannon sends each second's requests of a connection one after the other at its beginning: harder on the
 * service than k6's even spacing, the same number a second.
 *
 * Failure policy: a request that is never answered (connection cut, timeout) is a failed one that took as long
 * as it was waited for. After many broken connections the run ends early, and misses its thresholds.
 */
import type { EventEmitter } from 'node:events';
import autocannon from 'autocannon';
import { choose } from '../profiles/choose.ts';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { judge } from '../profiles/judge.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Figures } from '../profiles/report.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import type { Visit } from '../profiles/visit.ts';
import { makeVisit } from '../profiles/visit.ts';
import { Tally, usedConnections } from './tally.ts';
import { readWholeCharacters } from './whole-bodies.ts';

export interface Drive {
  readonly profile: Profile;
  readonly url: string;
  readonly series: SeriesToLoad;
  readonly candidates: readonly Candidate[];
  readonly seed: number;
  /** Ends the run early; what was sent until then is in the figures. */
  readonly stop: AbortSignal;
  readonly say: (line: string) => void;
}

/** A request on its way. */
interface Sent {
  readonly iteration: number;
  readonly visit: Visit;
  readonly atMs: number;
}

const MAX_BROKEN_CONNECTIONS = 200;
const UNANSWERED = { outcome: 'failed', reasons: ['no response'] } as const;

/** Runs the profile to its end, or to `stop`. */
export async function drive(options: Drive): Promise<Figures> {
  const { profile, url, series, candidates, seed } = options;
  const tally = new Tally(options.say);
  const startedMs = performance.now();
  let issued = 0;
  let lastMs = startedMs;

  const next = (): Sent => {
    const iteration = issued;
    issued += 1;
    const choice = choose(profile, seed, iteration, candidates.length, series.credentialSets.length);
    return { iteration, visit: makeVisit(choice, series, candidates), atMs: performance.now() };
  };
  // autocannon asks for the next request without saying for which connection: its event `request` came just
  // before, but for a connection's first one, which it asks for before the connection exists.
  const onItsWay = new Map<object, Sent>();
  let firstOfNext: Sent | undefined;
  let asking: object | undefined;
  let broken = 0;
  const giveUp = (client: object): void => {
    const sent = onItsWay.get(client);
    if (sent === undefined) return;
    onItsWay.delete(client);
    tally.add(sent.iteration, sent.visit, UNANSWERED, performance.now() - sent.atMs);
  };

  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const settle = (fault: unknown): void => (fault ? reject(fault) : resolve());
  const config: autocannon.Options = {
    url,
    connections: usedConnections(profile),
    overallRate: profile.ratePerSecond,
    duration: profile.seconds,
    maxOverallRequests: profile.ratePerSecond * profile.seconds,
    timeout: profile.requestTimeoutSeconds,
    bailout: MAX_BROKEN_CONNECTIONS,
    // Its own percentiles are not used (latency.ts says why).
    skipAggregateResult: true,
    setupClient: (client) => {
      readWholeCharacters(client);
      if (firstOfNext !== undefined) onItsWay.set(client, firstOfNext);
      firstOfNext = undefined;
      let isFirst = true;
      // The types know only some of the events.
      const connection: EventEmitter = client;
      connection.on('request', () => {
        if (!isFirst) asking = client;
        isFirst = false;
      });
      connection.on('connError', () => {
        broken += 1;
        giveUp(client);
      });
    },
    requests: [
      {
        setupRequest: (defaults, context) => {
          const sent = next();
          if (asking === undefined) {
            firstOfNext = sent;
          } else {
            // Nobody answered the one before: a timeout, or the service closed the connection.
            giveUp(asking);
            onItsWay.set(asking, sent);
          }
          Object.assign(context, { sent });
          asking = undefined;
          const { method, path, headers, body } = sent.visit.request;
          return { ...defaults, method, path, headers: { ...headers }, body };
        },
        onResponse: (status, body, context, headers) => {
          lastMs = performance.now();
          const { sent } = context as { sent: Sent };
          for (const [client, waiting] of onItsWay) if (waiting === sent) onItsWay.delete(client);
          const verdict = judge(sent.visit, series.id, { status, headers: headers ?? {}, body });
          tally.add(sent.iteration, sent.visit, verdict, lastMs - sent.atMs);
        },
      },
    ],
  };
  const instance = autocannon(config, settle);
  const stop = (): void => instance.stop();
  options.stop.addEventListener('abort', stop);
  if (options.stop.aborted) stop();
  await ended;
  options.stop.removeEventListener('abort', stop);

  // A run ends between two bursts: whoever still waits then waits for a service that hangs.
  for (const [client, { atMs }] of onItsWay) {
    if (performance.now() - atMs > profile.thresholds.p99Ms) giveUp(client);
  }
  if (broken >= MAX_BROKEN_CONNECTIONS)
    options.say(`ended early: ${broken} connections could not be made or broke`);
  for (const failure of tally.failures()) options.say(`failed, ${failure}`);
  const elapsed = (lastMs - startedMs) / 1_000;
  return tally.figures(profile, issued, options.stop.aborted ? elapsed : Math.max(elapsed, profile.seconds));
}
