// @ts-check
/**
 * When a page asks, and what it does with an answer. Pure: the browser's script, its tests and the
 * simulation of a crowd (loadtest/page) run this same code.
 *
 * Two rules keep a crowd of pages from hurting the service. Nobody asks at T itself: each page draws an
 * instant from the seconds after it. Nobody asks again sooner than `Retry-After` says, and to that adds a
 * random part that grows with each refusal (the full jitter of AWS's "Exponential backoff and jitter").
 */

/** A page's clock is known to about this; who asks too early is refused and costs a request more. */
const CLOCK_MARGIN_MS = 150;
/**
 * A refusal's random part: the first window, doubled with each further refusal, up to the widest. Of
 * 20,000 pages against a service that manages a fifth of them (loadtest/page/crowd.ts), with 4 and 20 s
 * the last is answered after 57 s (40 being the least possible) and 3,605 come in the busiest second, at
 * 2.8 requests a page; with 2 and 30 s it is 68 s and 3,939.
 */
const FIRST_WINDOW_MS = 4000;
const WIDEST_WINDOW_MS = 20000;
/** Nobody watches a page for longer; who has to wait longer is told so and asked to come back. */
const LONGEST_PAUSE_S = 1200;
/** setTimeout counts in 31 bits. */
export const LONGEST_TIMER_MS = 2147483647;

/**
 * The instant of the first asking after the release.
 * @param {number} releaseAtMs
 * @param {number} spreadMs over which the crowd is spread.
 * @param {number} random 0 to 1.
 */
export function firstAskAtMs(releaseAtMs, spreadMs, random) {
  return releaseAtMs + CLOCK_MARGIN_MS + random * spreadMs;
}

/**
 * Milliseconds until the next try after a refusal or a failure.
 * @param {number | undefined} retryAfterS what the answer said, in seconds.
 * @param {number} attempt refusals before this one.
 * @param {number} random 0 to 1.
 */
export function retryDelayMs(retryAfterS, attempt, random) {
  const window = Math.min(WIDEST_WINDOW_MS, FIRST_WINDOW_MS * 2 ** Math.min(attempt, 10));
  const floor = retryAfterS === undefined ? window / 2 : retryAfterS * 1000;
  return floor + random * window;
}

/**
 * @typedef {object} Answer what came back, as far as it decides what to do.
 * @property {number} status HTTP status; 0 when nothing came back.
 * @property {string} problem name of the problem, such as "overloaded"; empty when there is none.
 * @property {number | undefined} retryAfterS
 * @property {number | undefined} releaseAtMs of the problem not-released.
 *
 * @typedef {'busy' | 'away' | 'offline' | 'unexpected'} RetryReason
 *
 * @typedef {{ kind: 'found' } | { kind: 'absent' } | { kind: 'invalid' } | { kind: 'closed' }
 *   | { kind: 'gone' } | { kind: 'proof' } | { kind: 'blocked', seconds: number }
 *   | { kind: 'release', releaseAtMs: number, delayMs: number }
 *   | { kind: 'pause', delayMs: number }
 *   | { kind: 'retry', reason: RetryReason, delayMs: number }} Step
 */

/**
 * What to do with an answer.
 * @param {Answer} answer
 * @param {{ attempt: number, nowMs: number, spreadMs: number, random: number }} situation nowMs by the
 *   service's clock; attempt counts the refusals before.
 * @returns {Step}
 */
export function nextStep(answer, situation) {
  const { attempt, nowMs, spreadMs, random } = situation;
  const { status, problem, retryAfterS, releaseAtMs } = answer;
  const again = (/** @type {RetryReason} */ reason) =>
    /** @type {Step} */ ({ kind: 'retry', reason, delayMs: retryDelayMs(retryAfterS, attempt, random) });

  if (status === 200) return { kind: 'found' };
  if (status === 0) return again('offline');
  switch (problem) {
    case 'candidate-not-found':
      return { kind: 'absent' };
    case 'invalid-request':
      return { kind: 'invalid' };
    case 'series-not-found':
      return { kind: 'gone' };
    case 'not-released': {
      if (releaseAtMs === undefined) return { kind: 'closed' };
      // Our clock may be fast, and the release may have been moved: the answer knows better. Never at once,
      // should the service go on saying so after its own time.
      const byTime = firstAskAtMs(Math.max(releaseAtMs - nowMs, 0), spreadMs, random);
      const bySay = (retryAfterS === undefined ? 1 : Math.max(1, retryAfterS)) * 1000;
      return { kind: 'release', releaseAtMs, delayMs: Math.max(byTime, bySay) };
    }
    case 'proof-of-work-required':
      return { kind: 'proof' };
    case 'too-many-attempts': {
      const seconds = retryAfterS === undefined ? 60 : retryAfterS;
      if (seconds > LONGEST_PAUSE_S) return { kind: 'blocked', seconds };
      return { kind: 'pause', delayMs: retryDelayMs(seconds, 0, random) };
    }
    case 'overloaded':
      return again('busy');
    case 'temporarily-unavailable':
      return again('away');
    default:
      // A balancer's own 429, 502, 503 and 504 have no problem body.
      return again(status === 429 || status === 503 ? 'busy' : status >= 500 ? 'away' : 'unexpected');
  }
}
