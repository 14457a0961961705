/**
 * Counters of wrong attempts in Redis, shared by all instances. A wrong attempt raises first and is
 * answered by the value that comes back: reading first and raising later let 500 of 500 parallel
 * guesses through. Right credentials with company (company.ts) are judged by the same values, without raising. What is refused is taken back, so that it neither lengthens a wait nor uses up the
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
import type { LimitCounter } from '#results/limit-keys.ts';
import { dayEndsMs, dayOf, periodForgottenMs, periodOf } from '#results/limit-keys.ts';
import { isLater } from '../soon.ts';
import type { CommandLine } from './command-line.ts';
import type { Raised, RaiseReplies } from './counter-questions.ts';
import { CounterTables, Raise, clear, mark, readDay, takeBack, useProof } from './counter-questions.ts';
import type { CounterValue } from './counter-value.ts';
import { closedUntil, formatCounter } from './counter-value.ts';
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
  /** To be called by who refuses the attempt without word from Redis: should it have counted it, it is taken back. */
  readonly refused?: () => void;
}

export interface Looked {
  /** undefined: nothing stands against it. */
  readonly verdict: Verdict | 'away' | undefined;
  /** As in Counted. */
  readonly epoch: number | undefined;
}

type Allowed = Pick<Counted, 'verdict' | 'markers'>;
const AWAY: Allowed = { verdict: 'away', markers: [] };

/** Milliseconds: no round trip that began before is under way then, on no instance. */
const LATER_MS = 1_000;

export class SharedCounters {
  readonly #line: CommandLine;
  readonly #limits: LimitSettings;
  readonly #tables = new CounterTables();
  /** Markers on their way. */
  readonly #setting = new Map<string, Promise<boolean>>();

  constructor(line: CommandLine, limits: LimitSettings) {
    this.#line = line;
    this.#limits = limits;
  }

  /** Counts a wrong attempt and says what it gets. */
  raise(attempt: WrongAttempt): PromiseLike<Counted> {
    const { counters, nowMs } = attempt;
    const raise = new Raise(counters, attempt.network, this.#tables.at(nowMs));
    return this.#line.ask(raise).then((replied) => this.#judge(attempt, raise, replied));
  }

  /**
   * What an attempt would get at this instant if it were a wrong one, without counting it: for right credentials
   * among guesses that are under way, in the order in which Redis takes them.
   */
  look(attempt: WrongAttempt): PromiseLike<Looked> {
    const { counters, network, nowMs } = attempt;
    return this.#line.ask(new Raise(counters, network, this.#tables.at(nowMs), 0)).then((replied) => ({
      epoch: replied.epoch,
      verdict: replied.raised === undefined ? 'away' : this.#refuse(replied.raised, replied.network, attempt),
    }));
  }

  #judge(
    attempt: WrongAttempt,
    raise: Raise,
    { epoch, network, raised }: RaiseReplies,
  ): Counted | PromiseLike<Counted> {
    if (raised === undefined) {
      const refused = (): void => {
        raise.onLate = () => this.#takeBack(attempt);
      };
      return { verdict: 'away', epoch, markers: [], network, refused };
    }
    const refusal = this.#refuse(raised, network, attempt);
    if (refusal !== undefined) return this.#refused(raised, attempt, { verdict: refusal, epoch, network });
    const counted = ({ verdict, markers }: Allowed): Counted => ({ verdict, markers, epoch, network });
    const allowed = this.#allow(raised, attempt);
    return isLater(allowed) ? allowed.then(counted) : counted(allowed);
  }

  async #refused(
    known: readonly Raised[],
    attempt: WrongAttempt,
    counted: Omit<Counted, 'markers'>,
  ): Promise<Counted> {
    this.#takeBack(attempt);
    // What refuses wrong ones has to refuse right ones: the markers may be missing when an instance has
    // died, or given up waiting for Redis, over those who brought the counters here.
    const markers = known.map((one) => this.#markerWithout(one, attempt));
    const isMarked = await this.#setMarkers(known, markers, attempt.nowMs);
    return isMarked ? { ...counted, markers } : { ...counted, ...AWAY };
  }

  /** Uses a proof up: whether it was not used before. */
  async spendProof(proof: number): Promise<boolean | 'away'> {
    const isNew = await this.#line.ask(useProof(proof));
    return isNew ?? 'away';
  }

  #refuse(known: readonly Raised[], network: number, { hasProof, nowMs }: WrongAttempt): Verdict | undefined {
    const { wrongPerWindow, wrongPerDay, freeBeforeProof, freePerNetwork } = this.#limits;
    const markers = known.map(({ marker }) => marker);
    const standing = judge(markers, wrongPerWindow, undefined);
    if (standing !== undefined) return standing;
    const isDayFull = known.some((one) => this.#usedToday(one) >= wrongPerDay);
    if (!hasProof) {
      // Before the caps: many at once without a proof of work must not close a counter.
      if (network > freePerNetwork) return { kind: 'proofRequired', untilMs: nowMs + WINDOW_MS };
      if (known.some(({ recent }) => recent > freeBeforeProof) || (isDayFull && this.#proofsAreAsked))
        return { kind: 'proofRequired', untilMs: periodForgottenMs(periodOf(nowMs)) };
      const needed = judge(markers, Number.POSITIVE_INFINITY, freeBeforeProof);
      if (needed !== undefined) return needed;
    }
    return isDayFull || known.some(({ recent }) => recent > wrongPerWindow)
      ? { kind: 'limited', untilMs: nowMs + WINDOW_MS }
      : undefined;
  }

  get #proofsAreAsked(): boolean {
    return this.#limits.freeBeforeProof < this.#limits.wrongPerWindow;
  }

  /**
   * Of the day, without this attempt. Of many at once most are refused and taken back: those of a counter that is
   * over its limit for 15 minutes are not held against the day. Others still may be in it: the tables are raised
   * and taken back one after the other, and attempts of other instances come in between.
   */
  #usedToday({ today, recent }: Raised): number {
    return today - (recent > this.#limits.wrongPerWindow ? recent : 1);
  }

  /** The markers of an attempt that is within the limits. */
  #allow(known: readonly Raised[], { nowMs }: WrongAttempt): Allowed | Promise<Allowed> {
    const markers = known.map((one) => this.#markerAfter(one, nowMs));
    const areSet = this.#setMarkers(known, markers, nowMs);
    const allowed: Allowed = { verdict: { kind: 'allowed' }, markers };
    // The usual case has none to set, and waits for nothing.
    return areSet === true ? allowed : areSet.then((are) => (are ? allowed : AWAY));
  }

  /** The marker of a counter in which an attempt stays. That a day is over is said a second later (`#endDayLater`). */
  #markerAfter({ recent, today, marker }: Raised, nowMs: number): CounterValue {
    const { wrongPerWindow, wrongPerDay, freeBeforeProof } = this.#limits;
    if (recent >= wrongPerWindow || today >= wrongPerDay) return closedUntil(nowMs + WINDOW_MS);
    if (recent < freeBeforeProof) return marker;
    return { count: recent, endsAtMs: periodForgottenMs(periodOf(nowMs)) };
  }

  /** The marker of a counter from which an attempt is taken back, perhaps among many of the same moment. */
  #markerWithout(raised: Raised, { hasProof, nowMs }: WrongAttempt): CounterValue {
    const { marker, recent } = raised;
    const { wrongPerWindow, wrongPerDay, freeBeforeProof } = this.#limits;
    if (marker.count > wrongPerWindow) return marker;
    const today = this.#usedToday(raised);
    if (hasProof) return this.#markerAfter({ ...raised, recent: recent - 1, today }, nowMs);
    const others = Math.min(recent - 1, wrongPerWindow - 1);
    return this.#proofsAreAsked && today >= wrongPerDay
      ? this.#markerAfter({ ...raised, recent: Math.max(others, freeBeforeProof), today: 0 }, nowMs)
      : this.#markerAfter({ ...raised, recent: others, today }, nowMs);
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
    const set = await this.#line.ask(mark(raised.counter, value, { nowMs, isNew: !isClosed }));
    if (isClosed) {
      this.#clearLater(raised, nowMs);
      this.#endDayLater(raised.counter, nowMs);
    }
    return set !== undefined;
  }

  /** Takes a refused attempt back; nobody waits for it. */
  #takeBack({ counters, network, nowMs }: WrongAttempt): void {
    void this.#line.ask(takeBack(counters, network, this.#tables.at(nowMs)));
  }

  #clearLater(raised: Raised, nowMs: number): void {
    const tables = this.#tables.at(nowMs);
    later(() => this.#line.ask(clear(raised, tables)));
  }

  /**
   * Closes a counter until the day ends when the day is used up: a second later, when all that is taken back has
   * been, or a flood of guesses at once would close it for a day instead of 15 minutes.
   */
  #endDayLater(counter: LimitCounter, nowMs: number): void {
    const tables = this.#tables.at(nowMs);
    const value = closedUntil(dayEndsMs(dayOf(nowMs)));
    later(async () => {
      const { today, marker } = await this.#line.ask(readDay(counter, tables));
      const isUsedUp = today !== undefined && today >= this.#limits.wrongPerDay;
      if (isUsedUp && marker !== undefined && outweighs(value, marker))
        await this.#line.ask(mark(counter, value, { nowMs, isNew: false }));
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
