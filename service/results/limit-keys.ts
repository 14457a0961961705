/**
 * Where in Redis guessing is counted: raised by the service, cleared by `fangbang unlock`.
 *
 * Counters are fields of 16 bits in a few tables (strings that BITFIELD works on), one table for each
 * quarter of an hour and one for each day, and a field's number is a keyed hash of the credential. So Redis
 * tells nobody whose counter it is; a flood of guesses finds the tables as large as they are (8.4 MB
 * each, 57 MB in all); and the attempts of many lookups go in one command.
 *
 * A counter that has something to say to right credentials, too, gets a key of its own, the marker,
 * which a lookup reads along with the result.
 */
import { createHmac } from 'node:crypto';
import { digitsOf, putDigits } from './decimal.ts';
import type { CredentialSet, SeriesDefinition } from './definition.ts';
import type { Pepper } from './digest.ts';
import type { WrittenKey } from './redis-keys.ts';
import { makeSipHash } from './sip-hash.ts';

const MARKER_PREFIX = 'c:';

/** The counter of one value of one credential of a series; as a key, its marker. */
export class LimitCounter implements WrittenKey {
  /** In every table. */
  readonly field: number;
  readonly length: number;
  readonly #digits: number;

  constructor(field: number) {
    this.field = field;
    this.#digits = digitsOf(field);
    this.length = MARKER_PREFIX.length + this.#digits;
  }

  writeInto(out: Buffer, from: number): number {
    for (let i = 0; i < MARKER_PREFIX.length; i += 1) out[from + i] = MARKER_PREFIX.charCodeAt(i);
    return putDigits(out, from + MARKER_PREFIX.length, this.field, this.#digits);
  }

  /** Key that says until when nobody, or nobody without a proof of work, gets an answer. */
  get marker(): string {
    return `${MARKER_PREFIX}${this.field}`;
  }
}

/** A string in Redis that holds fields. */
export interface LimitTable {
  readonly key: string;
  /** From its first attempt on; longer than anybody reads it. */
  readonly lifeSeconds: number;
}

/**
 * 4,194,304 counters for all series together. Two candidates may share one: when a million people
 * mistype within the same half an hour, each for two counters, one candidate in 3,600 is held up for the
 * others' mistakes; when it is 40,000 (a tenth of a province), one in 2 × 10¹⁰.
 */
const COUNTER_BITS = 22;
/** 1,048,576 for networks, in tables of their own. */
const NETWORK_BITS = 20;

/** A sum over the current period and the one before it covers 15 to 30 minutes. */
const PERIOD_MS = 15 * 60_000;
const NETWORK_PERIOD_MS = 5 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** Days end at midnight in China. */
const DAY_OFFSET_MS = 8 * 60 * 60_000;

/** The number of the quarter of an hour that an instant is in. @param nowMs since 1970. */
export function periodOf(nowMs: number): number {
  return Math.floor(nowMs / PERIOD_MS);
}

/** When the sum leaves a period out, in milliseconds since 1970. */
export function periodForgottenMs(period: number): number {
  return (period + 2) * PERIOD_MS;
}

export function periodTable(period: number): LimitTable {
  return { key: `w:${period}`, lifeSeconds: (3 * PERIOD_MS) / 1000 };
}

/** The number of the five minutes that an instant is in; a period and a day end with one of them. */
export function networkPeriodOf(nowMs: number): number {
  return Math.floor(nowMs / NETWORK_PERIOD_MS);
}

export function networkTable(networkPeriod: number): LimitTable {
  return { key: `n:${networkPeriod}`, lifeSeconds: (2 * NETWORK_PERIOD_MS) / 1000 };
}

export function dayOf(nowMs: number): number {
  return Math.floor((nowMs + DAY_OFFSET_MS) / DAY_MS);
}

/** In milliseconds since 1970. */
export function dayEndsMs(day: number): number {
  return (day + 1) * DAY_MS - DAY_OFFSET_MS;
}

export function dayTable(day: number): LimitTable {
  return { key: `d:${day}`, lifeSeconds: DAY_MS / 1000 + 3600 };
}

/** The counters of a credential set's values. */
export type SetCounters = (values: readonly string[]) => LimitCounter[];

const SCHEME = 'fangbang-limit-2';

/**
 * The counters of a set: of its counted credentials, or of the first when none is, since there has to
 * be a limit. Cheap enough for every lookup.
 */
export function makeSetCounters(
  pepper: Pepper,
  definition: SeriesDefinition,
  set: CredentialSet,
): SetCounters {
  const counted = set.credentials.flatMap((name, place) =>
    definition.credentials[name]?.counted === true ? [{ name, place }] : [],
  );
  const named = counted.length > 0 ? counted : [{ name: set.credentials[0] ?? '', place: 0 }];
  const hashes = named.map(({ name, place }) => {
    // Neither a series' nor a credential's name can hold the separator.
    const derived = createHmac('sha512', pepper.key).update(`${SCHEME}\n${definition.id}\n${name}`).digest();
    return { place, hash: makeSipHash(derived.subarray(0, 16)) };
  });
  return (values) =>
    hashes.map(({ place, hash }) => new LimitCounter(hash(values[place] ?? '') >>> (32 - COUNTER_BITS)));
}

/** The field of a network. @param network 32 bits of a keyed hash. */
export function networkField(network: number): number {
  return network >>> (32 - NETWORK_BITS);
}

/** Key of a proof of work that was used. @param proof 24 bits. */
export function proofKey(proof: number): string {
  return `p:${proof}`;
}
