/**
 * @module What is done to Redis, and what the visitors and the instances felt of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { untilCacheIsBack } from '../../helpers/cache-watch.ts';
import type { CheckedLoad } from '../../helpers/checked-load.ts';
import type { RunningService } from '../../helpers/service.ts';
import { summarizeVisitors, type Visitors } from '../common/load-report.ts';
import { measureIdle } from './idle-time.ts';
import { mostQueued, type Queued } from './queues.ts';

/** The grain in which it is told when Redis is used again; dozens of reads under the usual load. */
const WINDOW_MS = 200;
/** So long an instance may take to use Redis again before the drill gives it up. */
const GIVE_UP_MS = 15_000;

export interface Fault {
  readonly name: string;
  readonly begin: () => void;
  readonly end: () => void;
}

interface Stage {
  readonly services: readonly RunningService[];
  readonly load: CheckedLoad;
  readonly lastsMs: number;
  readonly stop: AbortSignal;
}

export interface Felt {
  readonly fault: string;
  /** From the fault's begin until all is as before. */
  readonly visitors: Visitors;
  /** From the fault's end until every instance reads Redis as usual; null: not within 15 s. */
  readonly backMs: number | null;
  readonly queued: Queued;
  /** Of the machine's time meanwhile, from 0 to 1. */
  readonly idleShare: number;
}

/** Lets the fault last, and waits until the instances have got over it. */
export async function feel(
  { services, load, lastsMs, stop }: Stage,
  { name, begin, end }: Fault,
): Promise<Felt> {
  const fromMs = performance.now();
  const linesBefore = services.map((one) => one.log().length);
  const idleShare = measureIdle();
  begin();
  let endedMs: number;
  try {
    await sleep(lastsMs, undefined, { signal: stop });
  } finally {
    end();
    endedMs = performance.now();
  }
  const backMs = await untilCacheIsBack(services, endedMs, GIVE_UP_MS, WINDOW_MS).catch(() => null);
  const answers = load.answers.filter(({ sentMs }) => sentMs >= fromMs);
  return {
    fault: name,
    visitors: summarizeVisitors(answers),
    backMs,
    queued: mostQueued(services.flatMap((one, i) => one.log().slice(linesBefore[i]))),
    idleShare: idleShare(),
  };
}
