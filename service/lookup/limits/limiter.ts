/**
 * The limits against guessing as a lookup asks them, in this order: a proof of work that came along
 * (`hasProof`), what is known to stand against the lookup (`standing`), whether others are under way at its
 * counters (`enter`, and `leave` when it is over) and what then stands against it (`look`), what was read with the
 * result (`before`), a wrong attempt (`countWrong`). What each limit is for: README.md.
 *
 * Failure policy: never rejects. Redis away or too slow (120 ms a round trip) closes: each process then
 * allows few wrong attempts per counter and 15 minutes (`wrongWithoutRedis`), only with a proof of work.
 */
import type { Digest } from '#results/digest.ts';
import type { LimitCounter } from '#results/limit-keys.ts';
import type { LookupObserver } from '../observer.ts';
import type { CounterValue } from './counter-value.ts';
import { Company } from './company.ts';
import { parseCounter } from './counter-value.ts';
import { CounterWatch } from './counter-watch.ts';
import { LocalBudget } from './local-budget.ts';
import { NetworkWatch } from './network-watch.ts';
import type { LimitSettings } from './settings.ts';
import { WINDOW_MS } from './settings.ts';
import type { Looked, SharedCounters } from './shared-counters.ts';
import type { Verdict } from './verdict.ts';
import { judge } from './verdict.ts';
import type { Visitor } from './visitor.ts';

/** A lookup, as far as the limits are concerned. */
export interface Tried {
  readonly visitor: Visitor;
  readonly digest: Digest;
  readonly counters: readonly LimitCounter[];
  /** Milliseconds since 1970 by the database's clock. */
  readonly nowMs: number;
  /** What `hasProof` said. */
  readonly hasProof: boolean;
}

export interface CountedWrong {
  readonly verdict: Verdict;
  /** undefined: without word from Redis. */
  readonly epoch: number | undefined;
}

export interface Limiter {
  /** Whether the request brings a proof of work that is authentic and new; that uses it up. */
  hasProof(visitor: Visitor, seriesId: string): Promise<boolean>;
  /** A lookup begins. @returns whether others are under way at its counters: then `look`. */
  enter(tried: Tried): boolean;
  /** A lookup that has entered is over. */
  leave(tried: Tried): void;
  /** What stands against right credentials among others that are under way. */
  look(tried: Tried): PromiseLike<Looked>;
  /** What this process knows to stand against any answer to these credentials; asks no store. */
  standing(tried: Tried): Verdict | undefined;
  /**
   * The same, from what was read with the result.
   * @param values what the markers hold, in the counters' order; those of this process count, too, when
   *   one of them is away, or wrong attempts cannot be counted in Redis.
   */
  before(tried: Tried, values: readonly (Buffer | null | 'away')[]): Verdict | undefined;
  /** Counts a wrong attempt and says what it gets. */
  countWrong(tried: Tried): CountedWrong | PromiseLike<CountedWrong>;
}

/** @param shared undefined: the service was told to run without Redis. */
export function createLimiter(
  limits: LimitSettings,
  shared: SharedCounters | undefined,
  observer: LookupObserver,
): Limiter {
  const { wrongPerWindow, freeBeforeProof, wrongWithoutRedis } = limits;
  const counterWatch = new CounterWatch(Math.min(wrongPerWindow, freeBeforeProof));
  const networks = new NetworkWatch(limits.freePerNetwork);
  const company = new Company();
  const budget = new LocalBudget(wrongWithoutRedis);
  /** Counters with wrong attempts that brought no proof of work. */
  const unproven = new LocalBudget(1);
  /** The last wrong attempt was counted in Redis: it may be full, and can be read all the same. */
  let isCounting = true;
  const proofsUsedHere = new LocalBudget(1);

  const proofFrom = (hasProof: boolean): number | undefined => (hasProof ? undefined : freeBeforeProof);

  const countHere = ({ counters, visitor, digest, nowMs, hasProof }: Tried): Verdict => {
    const untilMs = nowMs + WINDOW_MS;
    networks.add(visitor.network, untilMs, nowMs);
    const guess = digest.readUInt32BE(0);
    // Without a proof nobody closes a counter, but all that come to it have to bring one now, right or wrong.
    if (!hasProof) unproven.spend(counters, 0);
    const seconds = hasProof ? budget.spend(counters, guess) : budget.secondsClosed(counters, guess);
    if (seconds > 0) return { kind: 'limited', untilMs: nowMs + seconds * 1000 };
    return hasProof ? { kind: 'allowed' } : { kind: 'proofRequired', untilMs };
  };

  /** What stands against any attempt by what only this process has counted. */
  const standsHere = (counters: Tried['counters'], nowMs: number, hasProof: boolean): Verdict | undefined => {
    const closed = budget.secondsClosed(counters);
    if (closed > 0) return { kind: 'limited', untilMs: nowMs + closed * 1000 };
    const asked = hasProof ? 0 : unproven.secondsClosed(counters);
    return asked > 0 ? { kind: 'proofRequired', untilMs: nowMs + asked * 1000 } : undefined;
  };

  /** A wrong attempt of which only this process knows. */
  const countAlone = (tried: Tried): Verdict => {
    const verdict = countHere(tried);
    observer.limit(verdict.kind === 'allowed' ? 'allowedLocally' : verdict.kind);
    return verdict;
  };

  const refused = (verdict: Verdict | undefined): Verdict | undefined => {
    if (verdict !== undefined) observer.limit(verdict.kind);
    return verdict;
  };

  return {
    async hasProof(visitor, seriesId) {
      const proof = await visitor.provenWork(seriesId);
      if (proof === undefined) return false;
      let isNew = await (shared?.spendProof(proof) ?? 'away');
      if (isNew === 'away') {
        // Each process for itself: once in each, while nobody knows of the others.
        const places = [{ field: proof }];
        isNew = proofsUsedHere.secondsClosed(places) === 0;
        if (isNew) proofsUsedHere.spend(places, 0);
      }
      observer.limit(isNew ? 'proofTaken' : 'proofRefused');
      return isNew;
    },

    standing({ counters, visitor, nowMs, hasProof }) {
      const known = counterWatch.standing(counters, nowMs);
      const verdict = known.length === 0 ? undefined : judge(known, wrongPerWindow, proofFrom(hasProof));
      if (verdict !== undefined || hasProof || networks.isEmpty(nowMs)) return refused(verdict);
      const untilMs = networks.proofUntilMs(visitor.network, nowMs);
      return untilMs === undefined ? undefined : refused({ kind: 'proofRequired', untilMs });
    },

    before({ counters, nowMs, hasProof }, values) {
      const known: CounterValue[] = [];
      for (const value of values) {
        const counter = value === 'away' ? undefined : parseCounter(value);
        if (counter !== undefined) known.push(counter);
      }
      const verdict = judge(known, wrongPerWindow, proofFrom(hasProof));
      const areKnown = known.length === counters.length;
      if (verdict !== undefined && areKnown) counterWatch.learn(counters, known, nowMs);
      if (verdict !== undefined || (areKnown && isCounting)) return refused(verdict);
      return refused(standsHere(counters, nowMs, hasProof));
    },

    enter: ({ counters }) => company.enter(counters),
    leave: ({ counters }) => company.leave(counters),

    look({ visitor, counters, nowMs, hasProof }) {
      if (shared === undefined) return Promise.resolve({ verdict: 'away', epoch: undefined });
      return shared.look({ counters, network: visitor.network, hasProof, nowMs }).then((looked) => {
        if (looked.verdict !== 'away') refused(looked.verdict);
        return looked;
      });
    },

    countWrong(tried) {
      const { visitor, counters, nowMs, hasProof } = tried;
      if (shared === undefined) return { verdict: countAlone(tried), epoch: undefined };
      return shared.raise({ counters, network: visitor.network, hasProof, nowMs }).then((counted) => {
        const { verdict, epoch } = counted;
        isCounting = verdict !== 'away';
        if (verdict === 'away') {
          const alone = countAlone(tried);
          if (alone.kind !== 'allowed') counted.refused?.();
          return { verdict: alone, epoch };
        }
        counterWatch.learn(counters, counted.markers, nowMs);
        networks.learn(visitor.network, counted.network, nowMs + WINDOW_MS);
        observer.limit(verdict.kind);
        return { verdict, epoch };
      });
    },
  };
}
