/**
 * Counters of wrong attempts in Redis, shared by all instances. A wrong attempt raises first and is
 * answered by the value that comes back: reading first and raising later let 500 of 500 parallel
 * guesses through. What is refused is taken back, so that it neither lengthens a wait nor uses up the
 * day.
 *
 * An attempt usually takes one round trip. One that brings a counter to a limit takes a second one
 * before it is answered, to set the marker that holds for right credentials, too. Once a marker has
 * closed a counter for 15 minutes, what was counted is cleared, so that it is open after them, for
 * right and wrong alike: an answer that only right credentials got would give them away.
 *
 * Failure policy: never rejects; three round trips of 120 ms at most. `away` when any counter of the
 * attempt could not be raised or read, or a marker not set; some may have been raised then, which errs
 * on the safe side. Needs Redis 7.0 or later (BITFIELD_RO, EXPIRE NX).
 */
import type { LimitCounter, LimitTable } from '#results/limit-keys.ts';
import {
  PERIODS,
  dayEndsMs,
  dayOf,
  dayTable,
  networkField,
  periodForgottenMs,
  periodOf,
  periodTable,
  proofKey,
} from '#results/limit-keys.ts';
import { isLater } from '../soon.ts';
import type { CommandLine, LimitCommand, Replies, Reply } from './command-line.ts';
import type { CounterValue } from './counter-value.ts';
import { closedUntil, formatCounter, parseCounter } from './counter-value.ts';
import type { LimitSettings } from './settings.ts';
import { WINDOW_MS } from './settings.ts';
import type { Verdict } from './verdict.ts';
import { judge } from './verdict.ts';

export interface WrongAttempt {
  readonly counters: readonly LimitCounter[];
  readonly network: number;
  /** A proof of work came along and is used up. */
  readonly hasProof: boolean;
  /** Milliseconds since 1970 by the database's clock. */
  readonly nowMs: number;
}

export interface Counted {
  readonly verdict: Verdict | 'away';
  /** As Redis holds it; undefined: missing, or not readable. */
  readonly epoch: number | undefined;
  /** What stands against any attempt at the counters from now on, in their order. */
  readonly markers: readonly CounterValue[];
  /** Wrong attempts of the network in these five minutes, as far as they are known. */
  readonly network: number;
}

type Allowed = Pick<Counted, 'verdict' | 'markers'>;
const AWAY: Allowed = { verdict: 'away', markers: [] };

/** Seconds for which a used proof is remembered: longer than one is valid (service/http/proof-of-work.ts). */
const PROOF_REMEMBERED_SECONDS = 600;
/** Milliseconds: no round trip that began before is under way then, on no instance. */
const LATER_MS = 1_000;

interface Tables {
  readonly period: number;
  /** The current one, the one before, and so on. */
  readonly periods: readonly [LimitTable, ...LimitTable[]];
  readonly day: LimitTable;
}

/** A counter with this attempt in it. */
interface Raised {
  readonly counter: LimitCounter;
  /** In this period, the one before, and so on. */
  readonly counts: readonly number[];
  /** Their sum: in the last 15 to 20 minutes. */
  readonly recent: number;
  /** Today, without this attempt. */
  readonly today: number;
  readonly marker: CounterValue;
}

export class SharedCounters {
  readonly #line: CommandLine;
  readonly #limits: LimitSettings;
  #tables: Tables | undefined;
  /** Markers on their way. */
  readonly #setting = new Map<string, Promise<boolean>>();

  constructor(line: CommandLine, limits: LimitSettings) {
    this.#line = line;
    this.#limits = limits;
  }

  /** Counts a wrong attempt and says what it gets. */
  raise(attempt: WrongAttempt): PromiseLike<Counted> {
    const { counters } = attempt;
    const { periods, day } = this.#tablesAt(attempt.nowMs);
    const commands: LimitCommand[] = [
      { kind: 'raise', table: periods[0], field: networkField(attempt.network), by: 1 },
    ];
    for (const { field, marker } of counters) {
      for (const table of periods)
        commands.push({ kind: 'raise', table, field, by: table === periods[0] ? 1 : 0 });
      commands.push({ kind: 'raise', table: day, field, by: 0 }, { kind: 'get', key: marker });
    }
    return this.#line.run(commands).then((replies) => this.#judge(attempt, replies));
  }

  #judge(attempt: WrongAttempt, { epoch, values }: Replies): Counted | PromiseLike<Counted> {
    const { counters } = attempt;
    const network = typeof values[0] === 'number' ? values[0] : 0;
    const raised = counters.map((counter, i) =>
      readRaised(counter, values.slice(1 + i * EACH, 1 + (i + 1) * EACH)),
    );
    const known = raised.filter((one) => one !== undefined);
    if (known.length < raised.length) return { verdict: 'away', epoch, markers: [], network };

    const refusal = this.#refuse(known, network, attempt);
    if (refusal !== undefined) return this.#refused(known, attempt, { verdict: refusal, epoch, network });
    const counted = ({ verdict, markers }: Allowed): Counted => ({ verdict, markers, epoch, network });
    const allowed = this.#allow(known, attempt);
    return isLater(allowed) ? allowed.then(counted) : counted(allowed);
  }

  async #refused(
    known: readonly Raised[],
    attempt: WrongAttempt,
    counted: Omit<Counted, 'markers'>,
  ): Promise<Counted> {
    this.#takeBack(attempt, 'wholly');
    // What refuses wrong ones has to refuse right ones: the markers may be missing when an instance has
    // died, or given up waiting for Redis, over those who brought the counters here.
    const markers = known.map((one) => this.#markerWithout(one, attempt));
    const isMarked = await this.#setMarkers(known, markers, attempt.nowMs);
    return isMarked ? { ...counted, markers } : { ...counted, ...AWAY };
  }

  /** Made once for each five minutes; a day ends with one of them. */
  #tablesAt(nowMs: number): Tables {
    const period = periodOf(nowMs);
    if (this.#tables?.period !== period) {
      const earlier = EARLIER.map((n) => periodTable(period - n));
      this.#tables = { period, periods: [periodTable(period), ...earlier], day: dayTable(dayOf(nowMs)) };
    }
    return this.#tables;
  }

  /** Uses a proof up: whether it was not used before. */
  async spendProof(proof: number): Promise<boolean | 'away'> {
    const { values } = await this.#line.run([
      { kind: 'set', key: proofKey(proof), value: '1', seconds: PROOF_REMEMBERED_SECONDS, isNew: true },
    ]);
    const [reply] = values;
    return reply === 'away' || reply === undefined ? 'away' : reply !== null;
  }

  #refuse(known: readonly Raised[], network: number, { hasProof, nowMs }: WrongAttempt): Verdict | undefined {
    const { wrongPerWindow, wrongPerDay, freeBeforeProof, freePerNetwork } = this.#limits;
    const markers = known.map(({ marker }) => marker);
    const standing = judge(markers, wrongPerWindow, undefined);
    if (standing !== undefined) return standing;
    if (known.some(({ today }) => today >= wrongPerDay))
      return { kind: 'limited', untilMs: dayEndsMs(dayOf(nowMs)) };
    if (!hasProof) {
      // Before the cap: many at once without a proof of work must not close a counter.
      if (network > freePerNetwork) return { kind: 'proofRequired', untilMs: nowMs + WINDOW_MS };
      if (known.some(({ recent }) => recent > freeBeforeProof))
        return { kind: 'proofRequired', untilMs: periodForgottenMs(periodOf(nowMs)) };
      const needed = judge(markers, Number.POSITIVE_INFINITY, freeBeforeProof);
      if (needed !== undefined) return needed;
    }
    return known.some(({ recent }) => recent > wrongPerWindow)
      ? { kind: 'limited', untilMs: nowMs + WINDOW_MS }
      : undefined;
  }

  /** The day's counters and the markers of an attempt that is within the limits. */
  #allow(known: readonly Raised[], attempt: WrongAttempt): Allowed | Promise<Allowed> {
    const { wrongPerWindow, wrongPerDay } = this.#limits;
    const { nowMs } = attempt;
    const table = this.#tablesAt(nowMs).day;
    const raiseDay = known.map(({ counter: { field } }): LimitCommand => ({
      kind: 'raise',
      table,
      field,
      by: 1,
    }));
    // Up to so many may be under way at once: far from the day's limit nobody has to wait for the count.
    if (known.some(({ today }) => today + wrongPerWindow >= wrongPerDay))
      return this.#allowToday(known, attempt, raiseDay);
    this.#line.post(raiseDay);
    const markers = known.map((one) => this.#markerAfter(one, one.today + 1, nowMs));
    const areSet = this.#setMarkers(known, markers, nowMs);
    const allowed: Allowed = { verdict: { kind: 'allowed' }, markers };
    // The usual case has none to set, and waits for nothing.
    return areSet === true ? allowed : areSet.then((are) => (are ? allowed : AWAY));
  }

  /** The same near the day's limit: by the count that comes back. */
  async #allowToday(
    known: readonly Raised[],
    attempt: WrongAttempt,
    raiseDay: readonly LimitCommand[],
  ): Promise<Allowed> {
    const { wrongPerDay } = this.#limits;
    const { nowMs } = attempt;
    const { values } = await this.#line.run(raiseDay);
    const todays = values.filter((value) => typeof value === 'number');
    if (todays.length < values.length) return AWAY;
    const markers = known.map((one, i) => this.#markerAfter(one, todays[i] ?? 0, nowMs));
    if (!(await this.#setMarkers(known, markers, nowMs))) return AWAY;
    for (const [i, { counter }] of known.entries())
      if ((todays[i] ?? 0) >= wrongPerDay) this.#markDayLater(counter, nowMs);
    if (todays.every((today) => today <= wrongPerDay)) return { verdict: { kind: 'allowed' }, markers };
    this.#takeBack(attempt, 'recently');
    return { verdict: { kind: 'limited', untilMs: dayEndsMs(dayOf(nowMs)) }, markers };
  }

  /** The marker of a counter in which an attempt stays. */
  #markerAfter({ recent, marker }: Raised, today: number, nowMs: number): CounterValue {
    const { wrongPerWindow, wrongPerDay, freeBeforeProof } = this.#limits;
    if (today >= wrongPerDay) return closedUntil(dayEndsMs(dayOf(nowMs)));
    if (recent >= wrongPerWindow) return closedUntil(nowMs + WINDOW_MS);
    if (recent < freeBeforeProof) return marker;
    return { count: recent, endsAtMs: periodForgottenMs(periodOf(nowMs)) };
  }

  /** The marker of a counter from which an attempt is taken back, perhaps among many of the same moment. */
  #markerWithout(raised: Raised, { hasProof, nowMs }: WrongAttempt): CounterValue {
    const { marker, today, recent } = raised;
    const { wrongPerWindow } = this.#limits;
    if (marker.count > wrongPerWindow) return marker;
    const others = hasProof ? recent - 1 : Math.min(recent - 1, wrongPerWindow - 1);
    return this.#markerAfter({ ...raised, recent: others }, today, nowMs);
  }

  /**
   * Sets the markers that say more than those that stand, and clears what has led to a closed one: it
   * has had its consequence. One marker is on its way at a time, however many ask for it at once.
   * @returns whether they are set; true at once when there are none.
   */
  #setMarkers(
    known: readonly Raised[],
    markers: readonly CounterValue[],
    nowMs: number,
  ): true | Promise<boolean> {
    const set: Promise<boolean>[] = [];
    for (const [i, raised] of known.entries()) {
      const value = markers[i];
      if (value === undefined || !outweighs(value, raised.marker)) continue;
      const { field } = raised.counter;
      const key = `${field} ${formatCounter(value)}`;
      let setting = this.#setting.get(key);
      if (setting === undefined) {
        setting = this.#setMarker(raised, value, nowMs).finally(() => this.#setting.delete(key));
        this.#setting.set(key, setting);
      }
      set.push(setting);
    }
    return set.length === 0 || Promise.all(set).then((are) => are.every(Boolean));
  }

  async #setMarker(raised: Raised, value: CounterValue, nowMs: number): Promise<boolean> {
    const isClosed = value.count > this.#limits.wrongPerWindow;
    // One that only asks for proofs of work comes in no other's place: late, it would open a closed
    // counter. Where one like it stands already, that one does, since both ask for the same.
    const { values } = await this.#line.run([mark(raised.counter, value, { nowMs, isNew: !isClosed })]);
    if (isClosed) this.#clearLater(raised, nowMs);
    return values[0] !== 'away';
  }

  /** Takes a refused attempt back; nobody waits for it. */
  #takeBack({ counters, network, nowMs }: WrongAttempt, how: 'wholly' | 'recently'): void {
    const [table] = this.#tablesAt(nowMs).periods;
    const fields = counters.map(({ field }) => field);
    if (how === 'wholly') fields.push(networkField(network));
    void this.#line.run(fields.map((field) => ({ kind: 'raise', table, field, by: -1 })));
  }

  #clearLater({ counter: { field }, counts }: Raised, nowMs: number): void {
    const period = periodOf(nowMs);
    later(() =>
      this.#line.run(
        counts.flatMap((count, n) =>
          count === 0 ? [] : [{ kind: 'raise', table: periodTable(period - n), field, by: -65_535 }],
        ),
      ),
    );
  }

  /** An attempt of the same moment may have overwritten the day's marker with one of 15 minutes. */
  #markDayLater(counter: LimitCounter, nowMs: number): void {
    const value = closedUntil(dayEndsMs(dayOf(nowMs)));
    later(async () => {
      const { values } = await this.#line.run([{ kind: 'get', key: counter.marker }]);
      const marker = parseCounter(values[0]);
      if (marker !== undefined && outweighs(value, marker))
        await this.#line.run([mark(counter, value, { nowMs, isNew: false })]);
    });
  }
}

function outweighs(value: CounterValue, other: CounterValue): boolean {
  return value.count > other.count || (value.count === other.count && value.endsAtMs > other.endsAtMs);
}

/** Nobody waits for it; what fails is made good by the next attempt. */
function later(work: () => PromiseLike<unknown>): void {
  setTimeout(() => void work(), LATER_MS).unref();
}

/** Periods before the current one. */
const EARLIER = Array.from({ length: PERIODS - 1 }, (_, i) => i + 1);
/** Replies for each counter: its periods, the day, the marker. */
const EACH = PERIODS + 2;

function readRaised(counter: LimitCounter, replies: readonly Reply[]): Raised | undefined {
  const counts: number[] = [];
  for (const count of replies.slice(0, PERIODS)) {
    if (typeof count !== 'number') return undefined;
    counts.push(count);
  }
  const recent = counts.reduce((sum, count) => sum + count, 0);
  const [today, markerText] = replies.slice(PERIODS);
  const marker = markerText === 'away' ? undefined : parseCounter(markerText);
  return typeof today !== 'number' || marker === undefined
    ? undefined
    : { counter, counts, recent, today, marker };
}

function mark(
  { marker }: LimitCounter,
  value: CounterValue,
  { nowMs, isNew }: { nowMs: number; isNew: boolean },
): LimitCommand {
  const seconds = Math.max(1, Math.ceil((value.endsAtMs - nowMs) / 1000));
  return { kind: 'set', key: marker, value: formatCounter(value), seconds, isNew };
}
