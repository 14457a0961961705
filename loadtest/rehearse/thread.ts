/**
 * @module A thread that sends its share of the load; crew.ts is its other side.
 *
 * Failure policy: a fault of the thread ends it, which the crew sees.
 */
import { eventLoopUtilization } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import type { Part } from '../profiles/arrivals.ts';
import type { Phase } from '../profiles/profile.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import type { Connections } from './connections.ts';
import { openConnections } from './connections.ts';
import { openCandidates } from './credentials-file.ts';
import { preciseNowMs, runLoad } from './load.ts';
import type { Columns } from './records.ts';
import { buffersOf } from './records.ts';

export interface ThreadData {
  readonly url: string;
  readonly series: SeriesToLoad;
  readonly credentialsFile: string;
  readonly part: Part;
}

/** From the crew: a run, or to stop the one that runs. */
export type ThreadOrder =
  | {
      readonly kind: 'run';
      readonly phases: readonly Phase[];
      readonly seed: number;
      readonly startAtMs: number;
      readonly connections: number;
      readonly timeoutMs: number;
      readonly requestsBefore: number;
      readonly releaseAtMs: number | undefined;
    }
  | { readonly kind: 'stop' };

/** To the crew. */
export type ThreadWord =
  | { readonly kind: 'ready'; readonly candidates: number }
  | { readonly kind: 'wrong'; readonly what: string }
  | ThreadDone;

export interface ThreadDone {
  readonly kind: 'done';
  readonly columns: Columns;
  readonly due: number;
  readonly failures: ReadonlyMap<string, number>;
  readonly broken: number;
  /** Share of each second of the run in which this thread had work, 0 to 1. */
  readonly busy: readonly number[];
}

const port = parentPort;
if (port === null) throw new Error('thread.ts runs as a worker thread.');
const { url, series, credentialsFile, part }: ThreadData = workerData;
const candidates = openCandidates(credentialsFile);
let stopping = new AbortController();

const say = (word: ThreadWord, transfer: ArrayBuffer[] = []): void => port.postMessage(word, transfer);

port.on('message', (order: ThreadOrder) => {
  if (order.kind === 'stop') stopping.abort();
  else void run(order);
});
say({ kind: 'ready', candidates: candidates.length });

async function run(order: Extract<ThreadOrder, { kind: 'run' }>): Promise<void> {
  stopping = new AbortController();
  const { startAtMs } = order;
  const busy: number[] = [];
  let before = eventLoopUtilization();
  const watch = (): void => {
    const now = eventLoopUtilization();
    if (preciseNowMs() > startAtMs + 500) busy.push(eventLoopUtilization(now, before).utilization);
    before = now;
  };
  const everySecond = setInterval(watch, 1_000);
  let connections: Connections | undefined;
  const result = await runLoad(
    {
      ...order,
      url,
      series: { ...series, releaseAtMs: order.releaseAtMs },
      candidates,
      part,
      stop: stopping.signal,
      onWrong: (what) => say({ kind: 'wrong', what }),
    },
    (onFree) => {
      connections = openConnections(url, order.connections, onFree);
      return connections;
    },
  );
  clearInterval(everySecond);
  // A run of less than a second.
  if (busy.length === 0) watch();
  say({ kind: 'done', ...result, broken: connections?.broken() ?? 0, busy }, buffersOf(result.columns));
}
