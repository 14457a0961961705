/**
 * @module Visitors of a cache that is about to go cold: each candidate is asked for by several at the same moment, at
 * every instance, and sometimes hundreds come at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import type { TestCandidate } from '../../helpers/batch.ts';
import {
  startCheckedLoad,
  summarize,
  type LoadAnswer,
  type LoadSummary,
} from '../../helpers/checked-load.ts';

export interface CrowdOptions {
  readonly urls: readonly string[];
  readonly definition: SeriesDefinition;
  readonly candidates: readonly TestCandidate[];
  readonly strangers: readonly TestCandidate[];
  readonly perSecond: number;
}

export interface Crowd {
  /** All answers to those who were sent from a moment of performance.now on. */
  readonly answersSince: (fromMs: number) => LoadAnswer[];
  /** So many more, at once, each for somebody else. */
  readonly surge: (count: number) => Promise<void>;
  /** What all that was asked came to. */
  readonly stop: () => Promise<LoadSummary>;
}

/** Visitors of each candidate at the same moment, at each instance. */
const TOGETHER = 2;
/** Long enough for the load's clock to tick. */
const SURGE_MS = 20;
/** All of a surge are due at the first tick. */
const AT_ONCE_PER_SECOND = 1_000_000;

/** Starts at once. */
export function startCrowd({ urls, strangers, perSecond, ...rest }: CrowdOptions): Crowd {
  const count = TOGETHER * urls.length;
  const each = Math.floor(strangers.length / (count + 1));
  let surgeStrangers = strangers.slice(count * each);
  const loads = Array.from({ length: count }, (_, n) =>
    startCheckedLoad({
      ...rest,
      // The same candidates at the same time, each at its own instance.
      urls: urls.map((_url, i) => urls[(i + n) % urls.length] ?? ''),
      strangers: strangers.slice(n * each, (n + 1) * each),
      perSecond: perSecond / count,
    }),
  );
  const surges: LoadAnswer[] = [];
  return {
    answersSince: (fromMs) =>
      [...loads.flatMap(({ answers }) => answers), ...surges].filter(({ sentMs }) => sentMs >= fromMs),
    surge: async (size) => {
      const all = startCheckedLoad({
        ...rest,
        urls,
        strangers: surgeStrangers,
        perSecond: AT_ONCE_PER_SECOND,
        atMost: size,
      });
      // Who guesses wrong too often is refused: others come next time.
      surgeStrangers = [...surgeStrangers.slice(size), ...surgeStrangers.slice(0, size)];
      await sleep(SURGE_MS);
      await all.stop();
      surges.push(...all.answers);
    },
    stop: async () => {
      await Promise.all(loads.map((load) => load.stop()));
      return summarize([...loads.flatMap(({ answers }) => answers), ...surges]);
    },
  };
}
