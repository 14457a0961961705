/**
 * The use case: from a series and the fields of a request to an outcome, in the order of checks of
 * design.md section 2.10. The same for the API, the page and any other channel.
 *
 * Failure policy: never rejects for a store that is away, slow or wrong; after 550 ms at most there
 * is an outcome. What the cache has lost or holds damaged is answered from Postgres; when neither
 * can answer, or nobody says that what this instance knows is current, it is `unavailable`.
 */
import type { CredentialFault } from '#results/credentials.ts';
import { matchCredentials } from '#results/credentials.ts';
import type { Digest } from '#results/digest.ts';
import { computeDigest } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import { slipKey } from '#results/redis-keys.ts';
import { openSealed, sealPayload } from '#results/seal.ts';
import type { LoadedBatch } from './batch-shelf.ts';
import type { EpochVerdict } from './epoch-rule.ts';
import { FRESH_POLL_MS, judgeEpoch } from './epoch-rule.ts';
import type { Logger, LookupObserver } from './observer.ts';
import type { SlipStore } from './postgres-fallback.ts';
import type { Publications } from './publications.ts';
import type { CacheRead, ResultCache } from './redis-reader.ts';
import type { OpenBatch, SeriesView } from './series-timeline.ts';

export type LookupOutcome =
  /** `json` is the body of the answer (design.md section 5). */
  | { readonly kind: 'found'; readonly json: string }
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
  | { readonly kind: 'unavailable' };

export type Lookup = (seriesId: string, fields: Readonly<Record<string, unknown>>) => Promise<LookupOutcome>;

export interface LookupDeps {
  readonly publications: Publications;
  /** undefined: the service was told to run without Redis. */
  readonly cache: ResultCache | undefined;
  readonly store: SlipStore;
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
  /** By performance.now. */
  readonly startedMs: number;
  readonly attemptsLeft: number;
}

/** A question whose answer needs the stores, or at least the filter. */
interface Question {
  readonly open: OpenBatch;
  readonly batch: LoadedBatch;
  readonly digest: Digest;
  /** The candidate number that was given, when it was asked for. */
  readonly candidateNumber: string | undefined;
}

/** Makes the use case. */
export function createLookup(deps: LookupDeps): Lookup {
  const { publications, cache, store, log, observer } = deps;

  /** Everything up to the filter, which needs no store. */
  const prepare = (seriesId: string, fields: Readonly<Record<string, unknown>>): Question | LookupOutcome => {
    const view = publications.view(seriesId);
    if (view === 'unknown') return UNKNOWN;
    if (view === 'unusable') return UNAVAILABLE;
    const matched = matchCredentials(view.definition, fields);
    if (!matched.ok) return { kind: 'invalid', field: matched.field, fault: matched.fault };
    if (view.batch === undefined) return notReleased(view, publications.nowMs());
    const batch = view.batch.slot.loaded;
    if (batch === undefined) return UNAVAILABLE;
    const place = matched.set.credentials.indexOf(view.definition.numberCredential);
    return {
      open: view.batch,
      batch,
      digest: computeDigest(batch.pepper, view.id, matched.set.name, matched.values),
      candidateNumber: matched.values[place],
    };
  };

  const verdictOf = (read: CacheRead): EpochVerdict =>
    judgeEpoch(publications.epoch, read.epoch, publications.pollAgeMs);

  const attempt = (asked: Asked): Promise<LookupOutcome> | LookupOutcome => {
    const question = prepare(asked.seriesId, asked.fields);
    if ('kind' in question) return question;
    if (!question.batch.filter.mayContain(question.digest)) {
      observer.filter('absent');
      return publications.pollAgeMs < FRESH_POLL_MS ? ABSENT : settleAbsent(asked);
    }
    observer.filter('maybe');
    return cache === undefined
      ? inTime(asked, askStore(asked, question, undefined))
      : askCache(cache, asked, question);
  };

  /** After an act of which this instance did not know, once it does. */
  const again = async (asked: Asked, known: Promise<boolean>): Promise<LookupOutcome> => {
    if (asked.attemptsLeft <= 1 || !(await known)) return UNAVAILABLE;
    return attempt({ ...asked, attemptsLeft: asked.attemptsLeft - 1 });
  };

  /** Not in the filter, which may no longer be the one in service. */
  const settleAbsent = async (asked: Asked): Promise<LookupOutcome> => {
    const read = await (cache?.read(undefined) ?? NO_WORD);
    const verdict = verdictOf(read);
    if (verdict === 'behind') return inTime(asked, again(asked, publications.catchUp(read.epoch ?? 0)));
    return verdict === 'serve' ? ABSENT : UNAVAILABLE;
  };

  const askCache = async (from: ResultCache, asked: Asked, question: Question): Promise<LookupOutcome> => {
    const key = slipKey(question.open.number, question.digest);
    const read = await from.read(key);
    const verdict = verdictOf(read);
    if (verdict === 'behind') return inTime(asked, again(asked, publications.catchUp(read.epoch ?? 0)));
    if (read.value === 'away') observer.redis('away');
    else if (read.value === null) observer.redis('miss');
    else if (verdict === 'serve') {
      const payload = openSealed(question.digest, question.batch.nonce, read.value);
      const json = payload === undefined ? undefined : answerFrom(question, payload);
      observer.redis(json === undefined ? 'damaged' : 'hit');
      if (json !== undefined) return { kind: 'found', json };
    }
    return inTime(asked, askStore(asked, question, key));
  };

  /** Postgres says itself whether the batch is open, so its answer needs no epoch. */
  const askStore = async (
    asked: Asked,
    question: Question,
    key: Buffer | undefined,
  ): Promise<LookupOutcome> => {
    const { open, batch, digest } = question;
    const answer = await store.find(open.number, digest);
    switch (answer.kind) {
      case 'found': {
        const json = answerFrom(question, answer.payload);
        if (json === undefined) {
          log.error('a stored slip is damaged: verify the batch', { batch: open.number, store: 'postgres' });
          return UNAVAILABLE;
        }
        if (key !== undefined) deps.heal?.(key, sealPayload(digest, batch.nonce, answer.payload));
        return { kind: 'found', json };
      }
      case 'absent':
        return ABSENT;
      case 'closed':
        return again(asked, publications.refresh());
      case 'away':
      case 'refused':
        return UNAVAILABLE;
    }
  };

  return async (seriesId, fields) => {
    const startedMs = performance.now();
    const outcome = await attempt({ seriesId, fields, startedMs, attemptsLeft: ATTEMPTS });
    observer.lookup(outcome.kind, (performance.now() - startedMs) / 1000);
    return outcome;
  };
}

const NO_WORD: CacheRead = { epoch: undefined, value: 'away' };

function notReleased(view: SeriesView, nowMs: number): LookupOutcome {
  const { releaseAtMs, releaseAt } = view;
  const secondsLeft = releaseAtMs === null ? null : Math.max(0, Math.ceil((releaseAtMs - nowMs) / 1000));
  return { kind: 'notReleased', releaseAtMs, releaseAt, secondsLeft };
}

/** The answer from a plain slip, or undefined when the slip is damaged or another candidate's. */
function answerFrom({ open, batch, candidateNumber }: Question, payload: Buffer): string | undefined {
  try {
    const slip = batch.codec.decode(payload);
    if (candidateNumber !== undefined && slip.candidateNumber !== candidateNumber) return undefined;
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
