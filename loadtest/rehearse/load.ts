/**
 * @module Sends the phases of a profile: each request when it is due, however the earlier ones fare, and every
 * answer judged. The time of an answer counts from when the request was due, so that what a slow service keeps
 * us from sending is in the figures (coordinated omission), exactly and not by an estimate.
 *
 * Failure policy: a request without an answer is a failed one that took as long as it was waited for, at most
 * the profile's timeout; one that could not be sent within it as well.
 */
import type { Part } from '../profiles/arrivals.ts';
import { arrivals } from '../profiles/arrivals.ts';
import { choose } from '../profiles/choose.ts';
import type { Candidates, Visit } from '../profiles/visit.ts';
import { makeVisit } from '../profiles/visit.ts';
import type { VisitResponse } from '../profiles/judge.ts';
import { judge, momentOf } from '../profiles/judge.ts';
import type { Phase } from '../profiles/profile.ts';
import { curveSeconds } from '../profiles/rate-curve.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import type { Connections, Pending } from './connections.ts';
import { httpText } from './connections.ts';
import type { Columns } from './records.ts';
import { Records } from './records.ts';

export interface LoadOptions {
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** Our share. */
  readonly part: Part;
  /** When the run begins, in milliseconds since 1970. */
  readonly startAtMs: number;
  readonly timeoutMs: number;
  readonly url: string;
  readonly series: SeriesToLoad;
  readonly candidates: Candidates;
  readonly stop: AbortSignal;
  /** Requests of earlier runs on the same candidates. */
  readonly requestsBefore: number;
  /** Told of wrong answers, by their places. */
  readonly onWrong: (what: string) => void;
}

export interface LoadResult {
  readonly columns: Columns;
  /** Requests that were due. */
  readonly due: number;
  /** What failed, and how often. */
  readonly failures: ReadonlyMap<string, number>;
}

/** A request that is due. */
interface Due {
  readonly phase: number;
  readonly iteration: number;
  readonly dueMs: number;
  waited: boolean;
}

/** A request on its way. */
interface Sent extends Pending {
  readonly sentMs: number;
}

/** How often those who wait too long are looked for. */
const EXPIRY_MS = 50;

/** Milliseconds since 1970, finer than Date's. */
export function preciseNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Runs to the end: all is sent that was due, and answered or given up; or until `stop`.
 * @param connect opens the connections; called with what to do when one becomes free.
 */
export async function runLoad(
  options: LoadOptions,
  connect: (onFree: () => void) => Connections,
): Promise<LoadResult> {
  const { phases, startAtMs, timeoutMs, series, candidates } = options;
  const records = new Records();
  const failures = new Map<string, number>();
  const coming = allArrivals(options);
  const waiting: Due[] = [];
  const onWay = new Set<Sent>();
  const { host, pathname } = new URL(options.url);
  const basePath = pathname === '/' ? '' : pathname;
  const ended = Promise.withResolvers<void>();
  let next = coming.next();
  let due = 0;
  let isStopped = false;

  const record = (one: Due, visit: Visit, response: VisitResponse, sentMs: number, nowMs: number): void => {
    const verdict = judge(visit, series.id, response, momentOf(sentMs, nowMs, series.releaseAtMs));
    records.add({
      dueSecond: (one.dueMs - startAtMs) / 1_000,
      lagMs: sentMs - one.dueMs,
      tookMs: nowMs - sentMs,
      kind: visit.kind,
      outcome: verdict.outcome,
      status: response.status,
      waited: one.waited,
    });
    if (verdict.outcome === 'right' || verdict.outcome === 'asked') return;
    const what = `${visit.kind}: ${verdict.reasons.join(', ')}`;
    if (verdict.outcome === 'wrong') options.onWrong(`iteration ${one.iteration}, ${what}`);
    else failures.set(what, (failures.get(what) ?? 0) + 1);
  };
  const visitOf = ({ phase, iteration }: Due): Visit => {
    const { mix } = phases[phase] ?? { mix: undefined };
    if (mix === undefined) throw new RangeError(`There is no phase ${phase}.`);
    const seed = options.seed + phase * 7_919;
    return makeVisit(
      choose(mix, seed, iteration, candidates.length, series.credentialSets.length, options.requestsBefore),
      series,
      candidates,
    );
  };

  const send = (one: Due): void => {
    const visit = visitOf(one);
    const http = httpText(host, basePath, visit.request);
    const sentMs = preciseNowMs();
    const sent: Sent = {
      sentMs,
      onAnswer: (response) => {
        onWay.delete(sent);
        record(one, visit, response, sentMs, preciseNowMs());
        endIfDone();
      },
    };
    onWay.add(sent);
    connections.send(http, sent);
  };
  const sendWaiting = (): void => {
    while (connections.isFree()) {
      const first = waiting.shift();
      if (first === undefined) return;
      send(first);
    }
    for (let at = waiting.length - 1; at >= 0; at -= 1) {
      const one = waiting[at];
      // Those in front have been marked before.
      if (one === undefined || one.waited) break;
      one.waited = true;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const takeDue = (): void => {
    if (isStopped) return;
    const nowMs = preciseNowMs();
    while (next.done !== true && next.value.dueMs <= nowMs) {
      waiting.push(next.value);
      due += 1;
      next = coming.next();
    }
    sendWaiting();
    endIfDone();
    if (!isStopped && next.done !== true)
      timer = setTimeout(takeDue, Math.max(0, next.value.dueMs - preciseNowMs()));
  };
  const expire = (): void => {
    const nowMs = preciseNowMs();
    for (;;) {
      const [first] = waiting;
      if (first === undefined || nowMs - first.dueMs <= timeoutMs) break;
      waiting.shift();
      record(first, visitOf(first), { status: 0, headers: {}, body: '' }, nowMs, nowMs);
    }
    for (const sent of onWay) {
      if (nowMs - sent.sentMs <= timeoutMs) break;
      connections.giveUp(sent);
    }
    endIfDone();
  };
  const endIfDone = (): void => {
    if (isStopped || (next.done === true && waiting.length === 0 && onWay.size === 0)) ended.resolve();
  };
  const stop = (): void => {
    isStopped = true;
    ended.resolve();
  };

  // A connection may be free before this is assigned; nothing waits then.
  const connections = connect(() => {
    if (waiting.length > 0) sendWaiting();
  });
  const expiry = setInterval(expire, EXPIRY_MS);
  options.stop.addEventListener('abort', stop);
  if (options.stop.aborted) stop();
  timer = setTimeout(takeDue, Math.max(0, startAtMs - preciseNowMs()));
  await ended.promise;
  clearTimeout(timer);
  clearInterval(expiry);
  options.stop.removeEventListener('abort', stop);
  await connections.close();
  return { columns: records.columns(), due, failures };
}

/** The arrivals of all phases in their order. */
function* allArrivals({ phases, seed, part, startAtMs }: LoadOptions): Generator<Due, undefined> {
  let phaseStartMs = startAtMs;
  for (const [phase, { curve }] of phases.entries()) {
    for (const { iteration, second } of arrivals(curve, seed + phase, part))
      yield { phase, iteration, dueMs: phaseStartMs + second * 1_000, waited: false };
    phaseStartMs += curveSeconds(curve) * 1_000;
  }
  return undefined;
}
