/**
 * What the shared counters ask of Redis: which fields and keys, and what the replies say. Nothing is judged here.
 */
import type { LimitCounter, LimitTable } from '#results/limit-keys.ts';
import {
  dayOf,
  dayTable,
  networkField,
  networkPeriodOf,
  networkTable,
  periodOf,
  periodTable,
  proofKey,
} from '#results/limit-keys.ts';
import type { Question, TripReplies, TripWriter } from './command-line.ts';
import type { CounterValue } from './counter-value.ts';
import { formatCounter, parseCounter } from './counter-value.ts';
import { MOST_WRONG } from './settings.ts';

/** Seconds for which a used proof is remembered: longer than one is valid (service/http/proof-of-work.ts). */
const PROOF_REMEMBERED_SECONDS = 600;

/** Those that an instant falls into, and the period before. */
interface Tables {
  readonly networkPeriod: number;
  readonly network: LimitTable;
  readonly period: LimitTable;
  readonly periodBefore: LimitTable;
  readonly day: LimitTable;
}

/** Their names are made once for as long as they are in use. */
export class CounterTables {
  #current: Tables | undefined;

  at(nowMs: number): Tables {
    const networkPeriod = networkPeriodOf(nowMs);
    if (this.#current?.networkPeriod !== networkPeriod) {
      const period = periodOf(nowMs);
      this.#current = {
        networkPeriod,
        network: networkTable(networkPeriod),
        period: periodTable(period),
        periodBefore: periodTable(period - 1),
        day: dayTable(dayOf(nowMs)),
      };
    }
    return this.#current;
  }
}

/** A counter with this attempt in it. */
export interface Raised {
  readonly counter: LimitCounter;
  /** In this period and the one before: in the last 15 to 30 minutes. */
  readonly recent: number;
  readonly before: number;
  /** Today, this attempt and all that will be taken back included. */
  readonly today: number;
  readonly marker: CounterValue;
}

export interface RaiseReplies {
  readonly epoch: number | undefined;
  readonly network: number;
  /** undefined when any of them is not known. */
  readonly raised: readonly Raised[] | undefined;
}

/** Raises all that a wrong attempt counts for, and reads all that it is judged by. */
export class Raise implements Question<RaiseReplies> {
  readonly #counters: readonly LimitCounter[];
  readonly #network: number;
  readonly #tables: Tables;
  readonly #by: number;
  /** It was raised after all, when nobody waited for it any more. */
  onLate: (() => void) | undefined;

  /** @param by 0: reads what would be there if it were raised, and raises nothing. */
  constructor(counters: readonly LimitCounter[], network: number, tables: Tables, by: 0 | 1 = 1) {
    this.#counters = counters;
    this.#network = network;
    this.#tables = tables;
    this.#by = by;
  }

  late({ raised }: RaiseReplies): void {
    if (raised !== undefined) this.onLate?.();
  }

  write(trip: TripWriter): void {
    const { network, period, periodBefore, day } = this.#tables;
    trip.addField(network, networkField(this.#network), this.#by);
    for (const counter of this.#counters) {
      trip.addField(period, counter.field, this.#by);
      trip.addField(periodBefore, counter.field, 0);
      trip.addField(day, counter.field, this.#by);
      trip.addGet(counter);
    }
  }

  read(replies: TripReplies): RaiseReplies {
    const network = (replies.nextField(this.#tables.network) ?? 0) + this.#missing;
    let raised: Raised[] | undefined = [];
    for (const counter of this.#counters) {
      const one = this.#readOne(counter, replies);
      if (one === undefined) raised = undefined;
      else raised?.push(one);
    }
    return { epoch: replies.epoch, network, raised };
  }

  #readOne(counter: LimitCounter, replies: TripReplies): Raised | undefined {
    const { period, periodBefore, day } = this.#tables;
    const now = replies.nextField(period);
    const before = replies.nextField(periodBefore);
    const today = replies.nextField(day);
    const marker = parseCounter(replies.nextGet());
    return now === undefined || before === undefined || today === undefined || marker === undefined
      ? undefined
      : { counter, recent: now + before + this.#missing, before, today: today + this.#missing, marker };
  }

  get #missing(): number {
    return 1 - this.#by;
  }
}

/** Takes back what a `Raise` raised. */
export function takeBack(
  counters: readonly LimitCounter[],
  network: number,
  { network: networks, period, day }: Tables,
): Question<undefined> {
  return only((trip) => {
    trip.addField(networks, networkField(network), -1);
    for (const { field } of counters) {
      trip.addField(period, field, -1);
      trip.addField(day, field, -1);
    }
  });
}

/** Forgets what was counted in these 15 to 30 minutes. */
export function clear(
  { counter: { field }, recent, before }: Raised,
  { period, periodBefore }: Tables,
): Question<undefined> {
  return only((trip) => {
    if (recent > before) trip.addField(period, field, -MOST_WRONG);
    if (before > 0) trip.addField(periodBefore, field, -MOST_WRONG);
  });
}

/** Uses a proof up: whether it was not used before. */
export function useProof(proof: number): Question<boolean | undefined> {
  return setKey(proofKey(proof), '1', PROOF_REMEMBERED_SECONDS, true);
}

export interface DayReplies {
  readonly today: number | undefined;
  readonly marker: CounterValue | undefined;
}

/** What a counter has today, and what stands against it. */
export function readDay({ field, marker }: LimitCounter, { day }: Tables): Question<DayReplies> {
  return {
    write: (trip) => {
      trip.addField(day, field, 0);
      trip.addGet(marker);
    },
    read: (replies) => ({ today: replies.nextField(day), marker: parseCounter(replies.nextGet()) }),
  };
}

/** Sets a counter's marker. @param isNew only where there is none. */
export function mark(
  { marker }: LimitCounter,
  value: CounterValue,
  { nowMs, isNew }: { nowMs: number; isNew: boolean },
): Question<boolean | undefined> {
  const seconds = Math.max(1, Math.ceil((value.endsAtMs - nowMs) / 1000));
  return setKey(marker, formatCounter(value), seconds, isNew);
}

function setKey(key: string, value: string, seconds: number, isNew: boolean): Question<boolean | undefined> {
  return {
    write: (trip) => trip.addSet(key, value, seconds, isNew),
    read: (replies) => replies.nextSet(),
  };
}

/** Of which nobody wants to hear. */
function only(write: (trip: TripWriter) => void): Question<undefined> {
  return { write, read: () => undefined };
}
