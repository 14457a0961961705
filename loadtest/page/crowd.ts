/**
 * A crowd of pages that wait for a release, in virtual time: each runs the page's own scheduling
 * (service/page/shared/schedule.js) against a model of the service that serves so many a second and
 * refuses the rest as the real one does. Pure, and the same for the same seed.
 */
import type { Answer } from '../../service/page/shared/schedule.js';
import { firstAskAtMs, nextStep } from '../../service/page/shared/schedule.js';
import { TimeLine } from './time-line.ts';

export interface Crowd {
  readonly pages: number;
  readonly spreadMs: number;
  /** What the service manages. */
  readonly servedPerSecond: number;
  readonly seed: number;
  /** From the release on the service answers 503 for so long. */
  readonly awayForS?: number;
  /** The pages' clocks are off by up to this, either way. */
  readonly clockErrorMs?: number;
}

export interface CrowdResult {
  readonly pages: number;
  readonly answered: number;
  readonly requests: number;
  /** Requests before the release. */
  readonly early: number;
  /** Requests in each second after the release. */
  readonly arrivalsPerSecond: number[];
  readonly lastAnswerS: number;
}

/** Waiting work for longer than this is refused: some 250 ms, as with MAX_IN_FLIGHT. */
const LONGEST_QUEUE_MS = 250;
/** The service's Retry-After when it is overloaded, in seconds (service/http/lookup-answer.ts). */
const RETRY_AFTER_S = { from: 2, to: 8 };

interface Page {
  readonly place: number;
  readonly clockErrorMs: number;
  attempt: number;
}

/** Runs the crowd until everybody is answered. The release is at 0. */
export function simulateCrowd(crowd: Crowd): CrowdResult {
  const random = randomFrom(crowd.seed);
  const { pages, spreadMs, servedPerSecond, awayForS = 0, clockErrorMs = 0 } = crowd;
  const line = new TimeLine<Page>();
  for (let i = 0; i < pages; i += 1) {
    const page: Page = {
      place: random(),
      clockErrorMs: (random() * 2 - 1) * clockErrorMs,
      attempt: 0,
    };
    line.add(firstAskAtMs(0, spreadMs, page.place) - page.clockErrorMs, page);
  }

  let busyUntilMs = 0;
  const answerAt = (nowMs: number): Answer => {
    if (nowMs < 0) return problem(403, 'not-released', Math.ceil(-nowMs / 1000), 0);
    const { from, to } = RETRY_AFTER_S;
    const retryAfterS = from + Math.floor(random() * (to - from + 1));
    if (nowMs < awayForS * 1000) return problem(503, 'temporarily-unavailable', retryAfterS);
    if (busyUntilMs - nowMs > LONGEST_QUEUE_MS) return problem(503, 'overloaded', retryAfterS);
    busyUntilMs = Math.max(busyUntilMs, nowMs) + 1000 / servedPerSecond;
    return { status: 200, problem: '', retryAfterS: undefined, releaseAtMs: undefined };
  };

  const arrivalsPerSecond: number[] = [];
  let answered = 0;
  let requests = 0;
  let early = 0;
  let lastAnswerS = 0;
  for (let next = line.take(); next !== undefined; next = line.take()) {
    const { atMs, item: page } = next;
    requests += 1;
    if (atMs < 0) early += 1;
    else {
      const second = Math.floor(atMs / 1000);
      while (arrivalsPerSecond.length <= second) arrivalsPerSecond.push(0);
      arrivalsPerSecond[second] = (arrivalsPerSecond[second] ?? 0) + 1;
    }
    const step = nextStep(answerAt(atMs), {
      attempt: page.attempt,
      nowMs: atMs + page.clockErrorMs,
      spreadMs,
      random: page.attempt === 0 ? page.place : random(),
    });
    if (step.kind === 'found') {
      answered += 1;
      lastAnswerS = Math.max(lastAnswerS, busyUntilMs / 1000);
    } else if (step.kind === 'retry' || step.kind === 'release') {
      page.attempt += step.kind === 'retry' ? 1 : 0;
      line.add(atMs + step.delayMs, page);
    }
  }
  return { pages, answered, requests, early, arrivalsPerSecond, lastAnswerS };
}

function problem(status: number, name: string, retryAfterS: number, releaseAtMs?: number): Answer {
  return { status, problem: name, retryAfterS, releaseAtMs };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
