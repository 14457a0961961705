/**
 * The opening as one instance shows it: who has asked all the time gets the slip how long after T, and never loses
 * it again.
 *
 * Failure policy: an answer that does not come counts as none; nothing here rejects but a stopped drill.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { lookupRequest } from '../../../loadtest/bench/requests.ts';
import type { TestCandidate } from '../../helpers/batch.ts';
import { fieldsOf } from '../../helpers/batch.ts';
import { Asker } from './asker.ts';
import type { Instance } from './instances.ts';
import type { Judge } from './judge.ts';
import { isSlip } from './judge.ts';
import type { PostgresTime } from './postgres-time.ts';
import type { Coming, Try } from './tries.ts';

export interface Opening {
  readonly instance: string;
  readonly series: string;
  /** From T to the last byte of the first right answer, by Postgres's clock, at most; undefined: it never came. */
  readonly firstMs: number | undefined;
  /** Answers after it that were not the slip of the new batch. */
  readonly closedAgain: number;
  /** Refusals of requests that were sent after T. */
  readonly refusedAfterT: number;
  /** 503 from T on. */
  readonly later: number;
  /** Milliseconds of the slowest answer before T: what the machine has no time for. */
  readonly slowestBeforeTMs: number;
}

export interface Watching {
  readonly time: PostgresTime;
  readonly judge: Judge;
  readonly stop: AbortSignal;
}

const BEGIN_BEFORE_MS = 3_000;
const WATCH_AFTER_MS = 4_000;
/** Two series and eight instances share the machine with whoever watches. */
const ASK_EVERY_MS = 15;

/** Asks for one candidate of the coming batch from some seconds before T until some after. */
export async function watchOpening(
  instance: Instance,
  series: Coming,
  { time, judge, stop }: Watching,
): Promise<Opening> {
  const { definition, batch, opensAtMs, before } = series;
  const [candidate] = batch.candidates;
  if (candidate === undefined) throw new Error('a batch without candidates');
  const one = tryFor(series, candidate);
  const asker = new Asker(instance.service.url);
  const now = (): number => time.mostAt(performance.now());
  await sleep(Math.max(0, opensAtMs - BEGIN_BEFORE_MS - now()), undefined, { signal: stop });
  let firstMs: number | undefined;
  let closedAgain = 0;
  let later = 0;
  let refusedAfterT = 0;
  let slowestBeforeTMs = 0;
  while (now() < opensAtMs + WATCH_AFTER_MS) {
    stop.throwIfAborted();
    try {
      const answer = await asker.ask(one.request);
      instance.note(answer, time);
      judge.take(one, answer, instance.name);
      const afterMs = time.mostAt(answer.receivedMs) - opensAtMs;
      if (afterMs < 0) slowestBeforeTMs = Math.max(slowestBeforeTMs, answer.receivedMs - answer.sentMs);
      if (answer.status === 403 && time.leastAt(answer.sentMs) >= opensAtMs) refusedAfterT += 1;
      if (answer.status === 503 && afterMs >= 0) later += 1;
      else if (isSlip(answer, definition, candidate, batch.number)) firstMs ??= afterMs;
      else if (firstMs !== undefined) closedAgain += 1;
    } catch {
      if (firstMs !== undefined) closedAgain += 1;
    }
    await sleep(ASK_EVERY_MS);
  }
  asker.close();
  return {
    instance: instance.name,
    series: before === undefined ? 'release' : 'correction',
    firstMs: firstMs === undefined ? undefined : Math.round(firstMs),
    closedAgain,
    refusedAfterT,
    later,
    slowestBeforeTMs: Math.round(slowestBeforeTMs),
  };
}

/** Every candidate of the batch, asked after T. @returns those whose answer was not the right one. */
export async function sweep(instance: Instance, { definition, batch }: Coming): Promise<string[]> {
  const asker = new Asker(instance.service.url);
  const wrong: string[] = [];
  for (const candidate of batch.candidates) {
    const request = lookupRequest(definition.id, fieldsOf(definition, candidate));
    let answer = await asker.ask(request);
    // Honest on a machine with no time; what is asked is whether the slip is the right one.
    for (let again = 0; answer.status === 503 && again < 20; again += 1) {
      await sleep(100);
      answer = await asker.ask(request);
    }
    if (!isSlip(answer, definition, candidate, batch.number))
      wrong.push(`${instance.name}: status ${answer.status}`);
  }
  asker.close();
  return wrong;
}

/** What is true of the answer before T. */
function tryFor(series: Coming, candidate: TestCandidate): Try {
  const { definition, before } = series;
  const typed = fieldsOf(definition, candidate);
  const request = lookupRequest(definition.id, typed);
  const slip = before?.candidates[0];
  return slip === undefined
    ? { kind: 'lookup', status: 403, request, series, typed }
    : { kind: `slip ${slip.credentials['candidateNumber']}`, status: 200, request, series, typed: {}, slip };
}
