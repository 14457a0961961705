/**
 * From records to figures: over a run, by the second, by outcome.
 */
import type { RequestKind } from '../profiles/profile.ts';
import { HONEST_KINDS, LOOKUP_KINDS, REQUEST_KINDS } from '../profiles/profile.ts';
import type { Figures } from '../profiles/report.ts';
import type { Verdict } from '../profiles/judge.ts';
import type { Columns } from './records.ts';
import { OUTCOMES } from './records.ts';

/** One second of a run. */
export interface SecondFigures {
  /** From 0. */
  readonly second: number;
  /** Requests that became due in it. */
  readonly due: number;
  /** Of those: answered right, asked for a proof of work, failed, untrue. */
  readonly right: number;
  readonly asked: number;
  readonly failed: number;
  readonly wrong: number;
  /** Milliseconds of honest lookups from when they were due; undefined when there was none. */
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** What was answered to a kind of visit, by status. */
export interface OutcomeCount {
  readonly kind: RequestKind;
  /** Of HTTP; 0: no answer. */
  readonly status: number;
  readonly outcome: Verdict['outcome'];
  readonly count: number;
}

/** What tells a slow service from a slow generator, in milliseconds at the 99th percentile. */
export interface Lateness {
  /** Of requests for which a connection was free: how late they were sent. The generator's own fault. */
  readonly sendingMs: number;
  /** Share of the requests that had to wait for a connection. */
  readonly waitedShare: number;
  /** From sending to the last byte of honest lookups. */
  readonly serviceMs: number;
}

/** The nearest-rank percentile of sorted values, undefined when there is none. `percent` is above 0 to 100. */
export function percentile(sorted: ArrayLike<number>, percent: number): number | undefined {
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1];
}

/** The figures of a run. */
export function runFigures(columns: Columns, due: number, seconds: number): Figures {
  const { outcome } = columns;
  const lookups = sortedValues(columns, isLookup(columns), totalMs(columns));
  let wrong = 0;
  let honest = 0;
  let honestRight = 0;
  let asked = 0;
  let sent = 0;
  for (let i = 0; i < outcome.length; i += 1) {
    if (columns.status[i] !== 0 || (columns.tookMs[i] ?? 0) > 0) sent += 1;
    if (outcome[i] === WRONG) wrong += 1;
    if (!IS_HONEST[columns.kind[i] ?? 0]) continue;
    if (outcome[i] === ASKED) asked += 1;
    else honest += 1;
    if (outcome[i] === RIGHT) honestRight += 1;
  }
  return {
    requests: sent,
    due,
    seconds,
    wrongAnswers: wrong,
    honestSuccess: honest === 0 ? 0 : honestRight / honest,
    askedForProof: lookups.length === 0 ? 0 : asked / lookups.length,
    p50Ms: percentile(lookups, 50) ?? 0,
    p95Ms: percentile(lookups, 95) ?? 0,
    p99Ms: percentile(lookups, 99) ?? 0,
  };
}

/** The figures of each second, by when the requests were due. */
export function figuresBySecond(columns: Columns, seconds: number): SecondFigures[] {
  const length = Math.max(1, Math.ceil(seconds));
  const places: number[][] = Array.from({ length }, () => []);
  for (let i = 0; i < columns.kind.length; i += 1)
    places[Math.min(length - 1, Math.max(0, Math.floor(columns.dueSecond[i] ?? 0)))]?.push(i);
  const isOne = isLookup(columns);
  const total = totalMs(columns);
  return places.map((inSecond, second) => {
    const count = (outcome: number): number => inSecond.filter((i) => columns.outcome[i] === outcome).length;
    const lookups = Float32Array.from(inSecond.filter(isOne).map(total)).sort();
    return {
      second,
      due: inSecond.length,
      right: count(RIGHT),
      asked: count(ASKED),
      failed: count(FAILED),
      wrong: count(WRONG),
      p50Ms: percentile(lookups, 50),
      p95Ms: percentile(lookups, 95),
      p99Ms: percentile(lookups, 99),
    };
  });
}

/** How often each kind of visit got each answer, the most frequent first. */
export function outcomeCounts(columns: Columns): OutcomeCount[] {
  const counts = new Map<number, number>();
  for (let i = 0; i < columns.kind.length; i += 1) {
    const key = ((columns.kind[i] ?? 0) * 1_000 + (columns.status[i] ?? 0)) * 10 + (columns.outcome[i] ?? 0);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .map(([key, count]) => ({
      kind: REQUEST_KINDS[Math.floor(key / 10_000)] ?? 'first',
      status: Math.floor(key / 10) % 1_000,
      outcome: OUTCOMES[key % 10] ?? 'failed',
      count,
    }))
    .toSorted((a, b) => b.count - a.count);
}

/** Who was late. */
export function latenessOf(columns: Columns): Lateness {
  const { waited, lagMs, tookMs } = columns;
  const sending = sortedValues(
    columns,
    (i) => waited[i] === 0,
    (i) => lagMs[i] ?? 0,
  );
  const service = sortedValues(columns, isLookup(columns), (i) => tookMs[i] ?? 0);
  const waiting = waited.reduce((sum, one) => sum + one, 0);
  return {
    sendingMs: percentile(sending, 99) ?? 0,
    waitedShare: waited.length === 0 ? 0 : waiting / waited.length,
    serviceMs: percentile(service, 99) ?? 0,
  };
}

/** Milliseconds from the release until the first result that was answered right; undefined when there was none. */
export function firstResultAfterMs(columns: Columns, releaseSecond: number): number | undefined {
  let first: number | undefined;
  for (let i = 0; i < columns.kind.length; i += 1) {
    if (columns.status[i] !== 200 || columns.outcome[i] !== RIGHT) continue;
    if (!IS_LOOKUP[columns.kind[i] ?? 0] && REQUEST_KINDS[columns.kind[i] ?? 0] !== 'early') continue;
    const answeredMs =
      ((columns.dueSecond[i] ?? 0) - releaseSecond) * 1_000 +
      (columns.lagMs[i] ?? 0) +
      (columns.tookMs[i] ?? 0);
    if (first === undefined || answeredMs < first) first = answeredMs;
  }
  return first;
}

const RIGHT = OUTCOMES.indexOf('right');
const FAILED = OUTCOMES.indexOf('failed');
const ASKED = OUTCOMES.indexOf('asked');
const WRONG = OUTCOMES.indexOf('wrong');
const IS_HONEST = REQUEST_KINDS.map((kind) => HONEST_KINDS.includes(kind));
const IS_LOOKUP = REQUEST_KINDS.map((kind) => LOOKUP_KINDS.includes(kind));

function isLookup({ kind }: Columns): (place: number) => boolean {
  return (place) => IS_LOOKUP[kind[place] ?? 0] === true;
}

/** From when it was due: what a visitor waits. */
function totalMs({ lagMs, tookMs }: Columns): (place: number) => number {
  return (place) => (lagMs[place] ?? 0) + (tookMs[place] ?? 0);
}

function sortedValues(
  { kind }: Columns,
  isWanted: (place: number) => boolean,
  value: (place: number) => number,
): Float32Array {
  const values = new Float32Array(kind.length);
  let count = 0;
  for (let i = 0; i < kind.length; i += 1) {
    if (!isWanted(i)) continue;
    values[count] = value(i);
    count += 1;
  }
  return values.subarray(0, count).sort();
}
