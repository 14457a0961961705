/**
 * Counters of wrong attempts in Redis, shared by all instances. A wrong attempt raises first and is
 * answered by the value that comes back: reading first and raising later let 500 of 500 parallel
 * guesses through.
 *
 * The first round trip tries to begin each counter (SET NX GET with its expiry, so that no counter is
 * ever without one). When none was there, which is what honest mistakes and random floods find, that
 * was all. Else those that were there are raised by INCR; the day's counters only for an attempt that
 * the 15 minutes allow, so that a burst of refused ones does not use up the day.
 *
 * Failure policy: never rejects; four round trips of 120 ms at most. `away` when any counter of the
 * attempt could not be read or raised; some may have been raised then, which errs on the safe side.
 * Needs Redis 7.0 or later (SET with NX and GET).
 */
import type { CounterKeys } from '#results/limit-keys.ts';
import { DAY_SECONDS, WINDOW_SECONDS, networkKey, proofKey } from '#results/limit-keys.ts';
import type { CommandLine, LimitCommand } from './command-line.ts';
import type { CounterValue } from './counter-value.ts';
import { closedValue, firstValue, hasLostItsWindow, parseCounter } from './counter-value.ts';
import type { LimitSettings } from './settings.ts';

/** What a wrong attempt gets. */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'limited'; readonly untilMs: number }
  | { readonly kind: 'proofRequired'; readonly untilMs: number };

export interface WrongAttempt {
  readonly counters: readonly CounterKeys[];
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
  /** The windows of the counters, in their order, as they stand then; undefined when away. */
  readonly windows: readonly CounterValue[] | undefined;
  /** The network's window, as far as it is known. */
  readonly network: CounterValue;
}

/** Seconds for which a used proof is remembered: longer than one is valid (service/http/proof-of-work.ts). */
export const PROOF_REMEMBERED_SECONDS = 600;

const NOTHING: CounterValue = { count: 0, endsAtMs: 0 };

interface Raised {
  readonly keys: CounterKeys;
  /** As it stood before, and when it has been raised further, after it. */
  window: CounterValue;
  readonly day: CounterValue;
}

export class SharedCounters {
  readonly #line: CommandLine;
  readonly #limits: LimitSettings;

  constructor(line: CommandLine, limits: LimitSettings) {
    this.#line = line;
    this.#limits = limits;
  }

  /** Counts a wrong attempt and says what it gets. */
  async raise(attempt: WrongAttempt): Promise<Counted> {
    const { counters, nowMs } = attempt;
    const ofNetwork = networkKey(attempt.network);
    const { epoch, values } = await this.#line.run([
      ...counters.flatMap(({ window, day }) => [
        begin(window, nowMs, WINDOW_SECONDS),
        begin(day, nowMs, DAY_SECONDS),
      ]),
      begin(ofNetwork, nowMs, WINDOW_SECONDS),
    ]);
    const before = values.map(parseCounter);
    const network = before.at(-1) ?? NOTHING;
    const raised = counters.map((keys, i): Raised | undefined => {
      const [window, day] = [before[2 * i], before[2 * i + 1]];
      return window === undefined || day === undefined ? undefined : { keys, window, day };
    });
    const known = raised.filter((one) => one !== undefined);
    if (known.length < raised.length) return { verdict: 'away', epoch, windows: undefined, network };

    const verdict =
      this.#judgeBefore(known, network, attempt.hasProof) ?? (await this.#raiseFurther(known, attempt));
    // Nobody waits for it: a network's counter only ever asks for a proof.
    if (network.count > 0 && verdict !== 'away' && verdict.kind === 'allowed')
      void this.#raiseOne(ofNetwork, WINDOW_SECONDS);
    const windows = known.map(({ window }) => (window.count > 0 ? window : { ...window, count: 1 }));
    return { verdict, epoch, windows, network: { ...network, count: network.count + 1 } };
  }

  /** Uses a proof up: whether it was not used before. */
  async spendProof(proof: number): Promise<boolean | 'away'> {
    const { values } = await this.#line.run([
      ['set', proofKey(proof), 1, 'EX', PROOF_REMEMBERED_SECONDS, 'NX'],
    ]);
    const [reply] = values;
    return reply === 'away' || reply === undefined ? 'away' : reply !== null;
  }

  /** What stands before the attempt may already be too much, and then nothing is raised. */
  #judgeBefore(known: readonly Raised[], network: CounterValue, hasProof: boolean): Verdict | undefined {
    const { wrongPerWindow, freeBeforeProof, freePerNetwork } = this.#limits;
    const verdict = judge(
      known.map((one) => one.window),
      wrongPerWindow,
      hasProof ? undefined : freeBeforeProof,
    );
    if (verdict !== undefined) return verdict;
    return hasProof || network.count < freePerNetwork
      ? undefined
      : { kind: 'proofRequired', untilMs: network.endsAtMs };
  }

  /** Raises what was there before. The values are those with this attempt. */
  async #raiseFurther(known: Raised[], { hasProof, nowMs }: WrongAttempt): Promise<Verdict | 'away'> {
    const { wrongPerWindow, wrongPerDay, freeBeforeProof } = this.#limits;
    const windows = known.filter(({ window }) => window.count > 0);
    const inWindows = await this.#raiseAll(windows.map(({ keys }) => keys.window));
    if (inWindows === 'away') return 'away';
    for (const [i, one] of windows.entries()) one.window = inWindows[i] ?? one.window;
    const verdict = judge(inWindows, wrongPerWindow + 1, hasProof ? undefined : freeBeforeProof + 1);
    if (verdict !== undefined) return verdict;

    const days = known.filter(({ day }) => day.count > 0);
    const inDays = await this.#raiseAll(days.map(({ keys }) => keys.day));
    if (inDays === 'away') return 'away';
    const spent = days.flatMap(({ keys, day }, i) => {
      const { count } = inDays[i] ?? NOTHING;
      return count < wrongPerDay ? [] : [{ keys, endsAtMs: day.endsAtMs, isOver: count > wrongPerDay }];
    });
    // The hot path reads only the window's key: it carries the day's cap, too.
    if (spent.length > 0) {
      await this.#line.run(spent.map(({ keys, endsAtMs }) => close(keys.window, endsAtMs, nowMs)));
    }
    const over = spent.filter(({ isOver }) => isOver);
    if (over.length === 0) return { kind: 'allowed' };
    return { kind: 'limited', untilMs: Math.max(...over.map(({ endsAtMs }) => endsAtMs)) };
  }

  async #raiseAll(keys: readonly Buffer[]): Promise<CounterValue[] | 'away'> {
    if (keys.length === 0) return [];
    const { values } = await this.#line.run(keys.map((key): LimitCommand => ['incr', key]));
    const counts: CounterValue[] = [];
    for (const [i, reply] of values.entries()) {
      const value = parseCounter(reply);
      const key = keys[i];
      if (value === undefined || key === undefined) return 'away';
      if (hasLostItsWindow(value)) void this.#line.run([expireLost(key)]);
      counts.push(value);
    }
    return counts;
  }

  async #raiseOne(key: Buffer, seconds: number): Promise<void> {
    await this.#line.run([
      ['incr', key],
      ['expire', key, seconds, 'NX'],
    ]);
  }
}

/**
 * What counters that stand at these values mean for an attempt, or undefined when nothing stands
 * against it.
 * @param cap values from it on are limited; @param proofFrom values from it on need a proof.
 */
export function judge(
  values: readonly CounterValue[],
  cap: number,
  proofFrom: number | undefined,
): Verdict | undefined {
  let limitedUntilMs = -1;
  let proofUntilMs = -1;
  for (const { count, endsAtMs } of values) {
    if (count >= cap) limitedUntilMs = Math.max(limitedUntilMs, endsAtMs);
    else if (proofFrom !== undefined && count >= proofFrom) proofUntilMs = Math.max(proofUntilMs, endsAtMs);
  }
  if (limitedUntilMs >= 0) return { kind: 'limited', untilMs: limitedUntilMs };
  return proofUntilMs >= 0 ? { kind: 'proofRequired', untilMs: proofUntilMs } : undefined;
}

function begin(key: Buffer, nowMs: number, seconds: number): LimitCommand {
  return ['set', key, firstValue(nowMs, seconds), 'EX', seconds, 'NX', 'GET'];
}

function close(key: Buffer, endsAtMs: number, nowMs: number): LimitCommand {
  const seconds = Math.min(DAY_SECONDS, Math.max(1, Math.ceil((endsAtMs - nowMs) / 1000)));
  return ['set', key, closedValue(endsAtMs), 'EX', seconds];
}

/** For a key that expired between SET and INCR: as long as the longest window that it may be of. */
function expireLost(key: Buffer): LimitCommand {
  return ['expire', key, key[0] === 0x64 ? DAY_SECONDS : WINDOW_SECONDS, 'NX'];
}
