/**
 * @module The threads that make the load: one alone is soon slower than the service that it is to try.
 *
 * Failure policy: a thread that ends by itself fails the run with its own fault.
 */
import { Worker } from 'node:worker_threads';
import type { Phase } from '../profiles/profile.ts';
import { plannedRequests } from '../profiles/profile.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import { preciseNowMs } from './load.ts';
import type { Columns } from './records.ts';
import { joined } from './records.ts';
import type { ThreadData, ThreadDone, ThreadOrder, ThreadWord } from './thread.ts';

export interface CrewOptions {
  readonly url: string;
  readonly series: SeriesToLoad;
  /** Path. */
  readonly credentialsFile: string;
  readonly threads: number;
  /** Told of wrong answers. */
  readonly say: (line: string) => void;
}

/** One run of a crew. */
export interface CrewRun {
  readonly phases: readonly Phase[];
  readonly seed: number;
  /** Of all threads together. */
  readonly connections: number;
  readonly timeoutMs: number;
  /** Milliseconds since 1970; undefined: as soon as the threads are ready. */
  readonly startAtMs?: number | undefined;
  /** Milliseconds since 1970; undefined: the series is open. */
  readonly releaseAtMs?: number | undefined;
  readonly stop: AbortSignal;
}

export interface CrewResult {
  readonly columns: Columns;
  readonly startAtMs: number;
  /** Requests that were due. */
  readonly due: number;
  /** What failed and how often, most often first. */
  readonly failures: readonly string[];
  /** Connections that broke. */
  readonly broken: number;
  /** By thread: the share of each second in which it had work. */
  readonly busy: readonly (readonly number[])[];
}

export interface Crew {
  readonly threads: number;
  readonly run: (order: CrewRun) => Promise<CrewResult>;
  readonly close: () => Promise<void>;
}

/** Untrue answers that are told one by one; the rest is only counted. */
const TOLD = 10;
/** For the threads to have their orders when the run begins. */
const START_MS = 500;

/** Starts the threads; they have read the candidates when this returns. */
export async function startCrew(options: CrewOptions): Promise<Crew> {
  const workers = Array.from({ length: options.threads }, (_, index) => {
    const { url, series, credentialsFile } = options;
    const data: ThreadData = { url, series, credentialsFile, part: { index, of: options.threads } };
    return new Worker(new URL('./thread.ts', import.meta.url), { workerData: data });
  });
  const fault = Promise.withResolvers<never>();
  fault.promise.catch(() => {});
  let onWord: ((index: number, word: ThreadWord) => void) | undefined;
  for (const [index, worker] of workers.entries()) {
    worker.on('error', (error) => fault.reject(error));
    worker.on('message', (word: ThreadWord) => onWord?.(index, word));
  }
  const fromAll = <T>(pick: (word: ThreadWord) => T | undefined): Promise<T[]> => {
    const picked = new Map<number, T>();
    const all = Promise.withResolvers<T[]>();
    onWord = (index, word) => {
      const one = pick(word);
      if (one !== undefined) picked.set(index, one);
      if (picked.size === workers.length)
        all.resolve([...picked].toSorted(([a], [b]) => a - b).map(([, value]) => value));
    };
    return Promise.race([all.promise, fault.promise]);
  };
  const tell = (order: (share: number) => ThreadOrder): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's.
    for (const [index, worker] of workers.entries()) worker.postMessage(order(index));
  };

  await fromAll((word) => (word.kind === 'ready' ? true : undefined));
  let wrong = 0;
  let requests = 0;
  return {
    threads: workers.length,
    run: async (order) => {
      const startAtMs = order.startAtMs ?? preciseNowMs() + START_MS;
      const results = fromAll<ThreadDone>((word) => {
        if (word.kind === 'wrong') {
          wrong += 1;
          if (wrong <= TOLD) options.say(`wrong answer in ${word.what}`);
          if (wrong === TOLD) options.say('further wrong answers are only counted');
        }
        return word.kind === 'done' ? word : undefined;
      });
      const { phases, seed, timeoutMs, connections } = order;
      const share = Math.max(1, Math.ceil(connections / workers.length));
      const requestsBefore = requests;
      requests += Math.ceil(plannedRequests({ phases }));
      tell(() => ({
        kind: 'run',
        phases,
        seed,
        startAtMs,
        timeoutMs,
        connections: share,
        requestsBefore,
        releaseAtMs: order.releaseAtMs,
      }));
      const stop = (): void => tell(() => ({ kind: 'stop' }));
      order.stop.addEventListener('abort', stop);
      if (order.stop.aborted) stop();
      const done = await results;
      order.stop.removeEventListener('abort', stop);
      return {
        columns: joined(done.map(({ columns }) => columns)),
        startAtMs,
        due: done.reduce((sum, one) => sum + one.due, 0),
        failures: told(done),
        broken: done.reduce((sum, one) => sum + one.broken, 0),
        busy: done.map(({ busy }) => busy),
      };
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function told(done: readonly ThreadDone[]): string[] {
  const counts = new Map<string, number>();
  for (const { failures } of done) {
    for (const [what, count] of failures) counts.set(what, (counts.get(what) ?? 0) + count);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([what, count]) => `${count} × ${what}`);
}
