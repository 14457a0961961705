/**
 * The use case: from a series and the fields of a request to an outcome, in the order of checks of
 * design.md section 2.10. The same for the API, the page and any other channel.
 *
 * Failure policy: never rejects for a store that is away, slow or wrong; after 550 ms at most there
 * is an outcome. What the cache has lost or holds damaged is answered from Postgres; when neither
 * can answer, or nobody says that what this instance knows is current, it is `unavailable`.
 */
import type { SlipBody } from '#results/answer.ts';
import type { CredentialFault } from '#results/credentials.ts';
import { matchCredentials } from '#results/credentials.ts';
import type { Digest } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import { SlipKey, keyBytes } from '#results/redis-keys.ts';
import { openSealed, sealPayload } from '#results/seal.ts';
import type { LoadedBatch } from './batch-shelf.ts';
import type { EpochVerdict } from './epoch-rule.ts';
import { hasMissedAct, judgeEpoch } from './epoch-rule.ts';
import type { EpochWatch } from './epoch-watch.ts';
import type { CountedWrong, Limiter, Tried } from './limits/limiter.ts';
import type { Looked } from './limits/shared-counters.ts';
import type { Verdict } from './limits/verdict.ts';
import type { Visitor } from './limits/visitor.ts';
import type { Logger, LookupObserver } from './observer.ts';
import type { SlipStore } from './postgres-fallback.ts';
import type { Publications } from './publications.ts';
import type { CacheRead, CacheValue, ResultCache } from './redis-reader.ts';
import type { OpenBatch, SeriesView } from './series-timeline.ts';
import { isLater } from './soon.ts';

export type LookupOutcome =
  /** The body of the answer (design.md section 5); the digest, what a device may keep. */
  | { readonly kind: 'found'; readonly body: SlipBody; readonly digest: Digest }
  /** No such combination of credentials, whichever of them is wrong. */
  | { readonly kind: 'absent' }
  /** Before the release or after a withdrawal, whatever the credentials; times null when unknown. */
  | {
      readonly kind: 'notReleased';
      readonly releaseAtMs: number | null;
      /** In ISO 8601 in the series' time zone. */
      readonly releaseAt: string | null;
      /** Until the release by the database's clock, rounded up. */
      readonly secondsLeft: number | null;
    }
  | { readonly kind: 'seriesUnknown' }
  /** `field` is undefined when its name is none that may be repeated. */
  | {
      readonly kind: 'invalid';
      readonly field: string | undefined;
      readonly fault: CredentialFault | 'not-text' | 'no-such-set';
    }
  /** Too many wrong attempts, whether this one is right or not. */
  | { readonly kind: 'limited'; readonly secondsLeft: number }
  /** To be tried again with a proof of work, or without one when the time is over. */
  | { readonly kind: 'proofRequired'; readonly secondsLeft: number }
  | { readonly kind: 'unavailable' };

export type Lookup = (
  seriesId: string,
  fields: Readonly<Record<string, unknown>>,
  visitor: Visitor,
) => LookupOutcome | PromiseLike<LookupOutcome>;

export interface LookupDeps {
  readonly publications: Publications;
  readonly watch: EpochWatch;
  /** undefined: the service was told to run without Redis. */
  readonly cache: ResultCache | undefined;
  readonly store: SlipStore;
  readonly limiter: Limiter;
  /** Writes a slip back that the cache had lost; returns at once. */
  readonly heal: ((key: Buffer, sealed: Buffer) => void) | undefined;
  readonly log: Logger;
  readonly observer: LookupObserver;
}

/** Nobody waits longer, whatever the stores do. */
const ANSWER_WITHIN_MS = 550;
/** Tries to answer: the second after having caught up with an act that happened meanwhile. */
const ATTEMPTS = 2;

const UNAVAILABLE: LookupOutcome = { kind: 'unavailable' };
const ABSENT: LookupOutcome = { kind: 'absent' };
const UNKNOWN: LookupOutcome = { kind: 'seriesUnknown' };

interface Asked {
  readonly seriesId: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly visitor: Visitor;
  /** A proof of work came along and is used up. */
  readonly hasProof: boolean;
  /** By performance.now. */
  readonly startedMs: number;
  readonly attemptsLeft: number;
  /** Once it was counted as a wrong one: never twice. */
  readonly counted: CountedWrong | undefined;
  readonly stay: Stay;
}

/** Of a lookup among those that are under way. */
interface Stay {
  /** undefined: it has not entered. */
  entered: Tried | undefined;
  /** When it entered, others were under way at its counters. */
  hasCompany: boolean;
}

/** A question whose answer needs the stores, or at least the filter. */
interface Question {
  readonly open: OpenBatch;
  /** Of the publications that named this batch: those of a poll meanwhile may name another one. */
  readonly epoch: number;
  readonly batch: LoadedBatch;
  readonly digest: Digest;
  /** The candidate number that was given, when it was asked for. */
  readonly candidateNumber: string | undefined;
  readonly tried: Tried;
  /** A device that has had this slip before: what others do to its counters is none of its business. */
  readonly isKnownDevice: boolean;
}

/** Makes the use case. */
export function createLookup(deps: LookupDeps): Lookup {
  const { publications, watch, cache, store, limiter, log, observer } = deps;
  /** What is closed may be open for others by now. */
  const isOutdated = (): boolean => hasMissedAct(publications.epoch, publications, watch);

  /** Everything up to the limits, which needs no store. */
  const prepare = ({ seriesId, fields, visitor, hasProof }: Asked): Question | LookupOutcome => {
    const view = publications.view(seriesId);
    if (view === 'unknown') return isOutdated() ? UNAVAILABLE : UNKNOWN;
    if (view === 'unusable') return UNAVAILABLE;
    const matched = matchCredentials(view.definition, fields);
    if (!matched.ok) return { kind: 'invalid', field: matched.field, fault: matched.fault };
    const nowMs = publications.nowMs();
    if (view.batch === undefined) return isOutdated() ? UNAVAILABLE : notReleased(view, nowMs);
    const batch = view.batch.slot.loaded;
    const keyed = batch?.sets.get(matched.set.name);
    if (batch === undefined || keyed === undefined) return UNAVAILABLE;
    const place = matched.set.credentials.indexOf(view.definition.numberCredential);
    const digest = keyed.digestOf(matched.values);
    return {
      open: view.batch,
      epoch: publications.epoch,
      batch,
      digest,
      candidateNumber: matched.values[place],
      tried: { visitor, digest, counters: keyed.countersOf(matched.values), nowMs, hasProof },
      isKnownDevice: visitor.hasSucceeded(digest),
    };
  };

  const epochVerdict = ({ epoch }: Question, inRedis: number | undefined): EpochVerdict =>
    judgeEpoch(epoch, inRedis, publications, watch);

  const attempt = (asked: Asked): PromiseLike<LookupOutcome> | LookupOutcome => {
    const question = prepare(asked);
    if ('kind' in question) return question;
    // Before the filter, so that right and wrong credentials are refused on the same way.
    const standing = question.isKnownDevice ? undefined : limiter.standing(question.tried);
    if (standing !== undefined) return refusal(standing, question.tried.nowMs);
    if (!question.isKnownDevice) enter(asked.stay, question.tried);
    if (!question.batch.filter.mayContain(question.digest)) {
      observer.filter('absent');
      return countWrong(asked, question);
    }
    observer.filter('maybe');
    if (cache === undefined)
      return inTime(asked, askStore(asked, question, { key: undefined, notHeld: NOT_READ }));
    return asked.stay.hasCompany && !question.isKnownDevice
      ? limiter.look(question.tried).then((looked) => answerLooked(cache, asked, question, looked))
      : askCache(cache, asked, question);
  };

  const enter = (stay: Stay, tried: Tried): void => {
    if (stay.entered !== undefined) return;
    stay.entered = tried;
    stay.hasCompany = limiter.enter(tried);
  };

  const answerLooked = (
    from: ResultCache,
    asked: Asked,
    question: Question,
    { verdict, epoch }: Looked,
  ): PromiseLike<LookupOutcome> | LookupOutcome =>
    verdict === undefined || verdict === 'away'
      ? askCache(from, asked, question)
      : refuseAt(epoch, asked, question, verdict);

  /** What the counters say to credentials that may be right. */
  const standsAgainst = (question: Question, values: readonly CacheValue[]): Verdict | undefined =>
    question.isKnownDevice ? undefined : limiter.before(question.tried, values);

  /** After an act of which this instance did not know, once it does. */
  const again = async (asked: Asked, known: Promise<boolean>): Promise<LookupOutcome> => {
    if (asked.attemptsLeft <= 1 || !(await known)) return UNAVAILABLE;
    return attempt({ ...asked, attemptsLeft: asked.attemptsLeft - 1 });
  };

  /** Counted before it is answered; and the filter may no longer be the one in service. */
  const countWrong = (asked: Asked, question: Question): PromiseLike<LookupOutcome> | LookupOutcome => {
    const counted = asked.counted ?? limiter.countWrong(question.tried);
    return isLater(counted)
      ? counted.then((word) => answerWrong(asked, question, word))
      : answerWrong(asked, question, counted);
  };

  const answerWrong = (
    asked: Asked,
    question: Question,
    counted: CountedWrong,
  ): Promise<LookupOutcome> | LookupOutcome => {
    return refuseAt(counted.epoch, { ...asked, counted }, question, counted.verdict);
  };

  /** What the counters say holds only if what this instance knows is current. */
  const refuseAt = (
    epoch: number | undefined,
    asked: Asked,
    question: Question,
    verdict: Verdict,
  ): Promise<LookupOutcome> | LookupOutcome => {
    const current = epochVerdict(question, epoch);
    if (current === 'behind') return inTime(asked, again(asked, publications.catchUp(epoch ?? 0)));
    return current === 'stale' ? UNAVAILABLE : refusal(verdict, question.tried.nowMs);
  };

  const askCache = (from: ResultCache, asked: Asked, question: Question): PromiseLike<LookupOutcome> => {
    const key = new SlipKey(question.open.number, question.digest);
    return from.read(key, question.tried.counters).then((read) => answerRead(asked, question, key, read));
  };

  const answerRead = (
    asked: Asked,
    question: Question,
    key: SlipKey,
    read: CacheRead,
  ): Promise<LookupOutcome> | LookupOutcome => {
    const { tried } = question;
    const verdict = epochVerdict(question, read.epoch);
    if (verdict === 'behind') return inTime(asked, again(asked, publications.catchUp(read.epoch ?? 0)));
    // Without all of them Postgres comes first, if it has to be asked.
    const isHeld = !read.along.includes('away') || (verdict === 'serve' && isThere(read.value));
    const against = isHeld ? standsAgainst(question, read.along) : undefined;
    if (against !== undefined) return refusal(against, tried.nowMs);
    if (read.value === 'away') observer.redis('away');
    else if (read.value === null) observer.redis('miss');
    else if (verdict === 'serve') {
      const payload = openSealed(question.digest, question.batch.nonce, read.value);
      const body = payload === undefined ? undefined : answerFrom(question, payload);
      observer.redis(body === undefined ? 'damaged' : 'hit');
      if (body !== undefined) return { kind: 'found', body, digest: question.digest };
    }
    return inTime(asked, askStore(asked, question, { key, notHeld: isHeld ? undefined : read.along }));
  };

  /** Postgres says itself whether the batch is open, so its answer needs no epoch; `notHeld` are markers to judge. */
  const askStore = async (
    asked: Asked,
    question: Question,
    { key, notHeld }: { key: SlipKey | undefined; notHeld: readonly CacheValue[] | undefined },
  ): Promise<LookupOutcome> => {
    const { open, batch, digest, tried } = question;
    const answer = await store.find(open.number, digest);
    switch (answer.kind) {
      case 'found': {
        const body = answerFrom(question, answer.payload);
        if (body === undefined) {
          log.error('a stored slip is damaged: verify the batch', { batch: open.number, store: 'postgres' });
          return UNAVAILABLE;
        }
        // Only now: the database has just said that the batch is open, and that comes first.
        const against = notHeld === undefined ? undefined : standsAgainst(question, notHeld);
        if (against !== undefined) return refusal(against, tried.nowMs);
        if (key !== undefined) deps.heal?.(keyBytes(key), sealPayload(digest, batch.nonce, answer.payload));
        return { kind: 'found', body, digest };
      }
      case 'absent':
        // Current, whatever the epoch: the database has just said that the batch is open.
        return refusal((asked.counted ?? (await limiter.countWrong(tried))).verdict, tried.nowMs);
      case 'closed':
        return again(asked, publications.refresh());
      case 'away':
      case 'refused':
        return UNAVAILABLE;
    }
  };

  return (seriesId, fields, visitor) => {
    const startedMs = performance.now();
    const stay: Stay = { entered: undefined, hasCompany: false };
    const begin = (hasProof: boolean): LookupOutcome | PromiseLike<LookupOutcome> =>
      attempt({
        seriesId,
        fields,
        visitor,
        hasProof,
        startedMs,
        attemptsLeft: ATTEMPTS,
        counted: undefined,
        stay,
      });
    const observed = (outcome: LookupOutcome): LookupOutcome => {
      if (stay.entered !== undefined) limiter.leave(stay.entered);
      observer.lookup(outcome.kind, (performance.now() - startedMs) / 1000);
      return outcome;
    };
    const outcome = visitor.bringsProof ? limiter.hasProof(visitor, seriesId).then(begin) : begin(false);
    return isLater(outcome) ? outcome.then(observed) : observed(outcome);
  };
}

function isThere(value: CacheValue): boolean {
  return value !== null && value !== 'away';
}

/** Of the counters, when Redis did not answer or there is none. */
const NOT_READ: readonly CacheValue[] = ['away'];

/** What a verdict of the limits makes of a wrong attempt, or of any that it stands against. */
function refusal(verdict: Verdict, nowMs: number): LookupOutcome {
  if (verdict.kind === 'allowed') return ABSENT;
  const secondsLeft = Math.ceil((verdict.untilMs - nowMs) / 1000);
  return { kind: verdict.kind, secondsLeft: Math.max(1, secondsLeft) };
}

function notReleased(view: SeriesView, nowMs: number): LookupOutcome {
  const { releaseAtMs, releaseAt } = view;
  const secondsLeft = releaseAtMs === null ? null : Math.max(0, Math.ceil((releaseAtMs - nowMs) / 1000));
  return { kind: 'notReleased', releaseAtMs, releaseAt, secondsLeft };
}

/** The answer from a plain slip, or undefined when the slip is damaged or another candidate's. */
function answerFrom({ open, batch, candidateNumber }: Question, payload: Buffer): SlipBody | undefined {
  try {
    const slip = batch.codec.read(payload);
    if (candidateNumber !== undefined && !slip.isOf(candidateNumber)) return undefined;
    return open.answer(slip);
  } catch (error) {
    if (error instanceof FangbangError) return undefined;
    throw error;
  }
}

/** The outcome, or `unavailable` when it takes too long. The usual way, one read of Redis, needs no timer. */
function inTime(asked: Asked, outcome: Promise<LookupOutcome>): Promise<LookupOutcome> {
  return new Promise((resolve, reject) => {
    const leftMs = Math.max(0, asked.startedMs + ANSWER_WITHIN_MS - performance.now());
    const timer = setTimeout(() => resolve(UNAVAILABLE), leftMs);
    outcome.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
