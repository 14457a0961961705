/**
 * From an outcome of the use case to an answer of the API, behind admission. The page asks here too,
 * so that both have the same limits.
 *
 * Failure policy: never rejects. A fault of the program is a 500 with a request id, and a log line
 * with the same id and the places in the program, without the error's message: that may quote what
 * was sent.
 */
import type { Lookup, LookupOutcome } from '#lookup/lookup.ts';
import type { Logger } from '#lookup/observer.ts';
import { faultName } from '#lookup/observer.ts';
import { isLater } from '#lookup/soon.ts';
import type { Answer } from '../http1/answer.ts';
import { makeAnswerKind } from '../http1/answer.ts';
import type { Admission } from './admission.ts';
import type { Caller } from './caller.ts';
import { API_HEADERS } from './headers.ts';
import { PreparedMembers, problemAnswer, spreadSeconds } from './problems.ts';
import { RequestId } from './request-id.ts';

const FOUND = makeAnswerKind(200, { ...API_HEADERS, 'content-type': 'application/json; charset=utf-8' });

/** The answer to a lookup with these credentials; never rejects. */
export type AnswerLookup = (
  seriesId: string,
  fields: Readonly<Record<string, unknown>>,
  caller: Caller,
) => Answer | PromiseLike<Answer>;

/** Longest Retry-After before a release: clocks and plans change. */
const LONGEST_WAIT_SECONDS = 3600;
/** Retry-After when no release is planned. */
const NO_PLAN_WAIT_SECONDS = 600;

export function createAnswerLookup(deps: {
  lookup: Lookup;
  admission: Admission;
  log: Logger;
}): AnswerLookup {
  const { lookup, admission, log } = deps;
  const failed = (error: unknown): Answer => unexpectedFault(error, log);
  return (seriesId, fields, caller) => {
    if (!admission.enter()) return overloaded(admission);
    const answered = (outcome: LookupOutcome): Answer | Promise<Answer> => {
      admission.leave();
      try {
        return outcome.kind === 'proofRequired'
          ? askForProof(seriesId, outcome.secondsLeft, caller).catch(failed)
          : answerOf(outcome, caller);
      } catch (error) {
        return failed(error);
      }
    };
    const broken = (error: unknown): Answer => {
      admission.leave();
      return failed(error);
    };
    let outcome: LookupOutcome | PromiseLike<LookupOutcome>;
    try {
      outcome = lookup(seriesId, fields, caller);
    } catch (error) {
      return broken(error);
    }
    return isLater(outcome) ? outcome.then(answered, broken) : answered(outcome);
  };
}

/** The answer to a request for which there is no place, when it may be told (held-answers.ts). */
export function overloaded(admission: Admission): Answer | PromiseLike<Answer> {
  const held = admission.turnAway();
  return held === undefined ? tellOverloaded() : held.then(tellOverloaded);
}

function tellOverloaded(): Answer {
  return problemAnswer('overloaded', { headers: { 'retry-after': spreadSeconds(2, 8) } });
}

/** Logs a fault of the program without its message, and answers with the same request id. */
export function unexpectedFault(error: unknown, log: Logger): Answer {
  const requestId = new RequestId();
  log.error('a request failed by a fault of the program', {
    requestId: requestId.toString(),
    fault: faultName(error),
    frames: framesOf(error),
  });
  return problemAnswer('internal-error', { requestId });
}

/** `Retry-After` is for who cannot compute one, such as the page without its script. */
async function askForProof(seriesId: string, secondsLeft: number, caller: Caller): Promise<Answer> {
  return problemAnswer('proof-of-work-required', {
    members: { challenge: await caller.challenge(seriesId) },
    headers: { 'retry-after': String(secondsLeft) },
  });
}

function answerOf(outcome: Exclude<LookupOutcome, { kind: 'proofRequired' }>, caller: Caller): Answer {
  switch (outcome.kind) {
    case 'found': {
      const cookie = caller.cookieAfter(outcome.digest);
      const requestId = new RequestId();
      const changing =
        cookie === undefined
          ? { 'x-request-id': requestId }
          : { 'x-request-id': requestId, 'set-cookie': cookie };
      return { kind: FOUND, changing, body: outcome.body };
    }
    case 'absent':
      return problemAnswer('candidate-not-found');
    case 'notReleased': {
      const wait = Math.min(LONGEST_WAIT_SECONDS, Math.max(1, outcome.secondsLeft ?? NO_PLAN_WAIT_SECONDS));
      return problemAnswer('not-released', {
        members: releaseMembers(outcome.releaseAt),
        headers: { 'retry-after': String(wait) },
      });
    }
    case 'seriesUnknown':
      return problemAnswer('series-not-found');
    case 'invalid':
      return problemAnswer('invalid-request', {
        members: { ...(outcome.field === undefined ? {} : { field: outcome.field }), fault: outcome.fault },
      });
    case 'limited':
      return problemAnswer('too-many-attempts', {
        headers: { 'retry-after': String(outcome.secondsLeft) },
      });
    case 'unavailable':
      return problemAnswer('temporarily-unavailable', { headers: { 'retry-after': spreadSeconds(1, 4) } });
  }
}

let lastReleaseAt: string | null = null;
let lastMembers = new PreparedMembers({ releaseAt: lastReleaseAt });

/** Before a release all ask for the same one. */
function releaseMembers(releaseAt: string | null): PreparedMembers {
  if (releaseAt !== lastReleaseAt) {
    lastMembers = new PreparedMembers({ releaseAt });
    lastReleaseAt = releaseAt;
  }
  return lastMembers;
}

/** Lines "at function (file:line:column)" of the stack: its first line is the message. */
function framesOf(error: unknown): string[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
}
