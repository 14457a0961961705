/**
 * Names in Redis of what limits guessing: written and read by the service, deleted by
 * `fangbang unlock`. Every name is a keyed hash cut to a bounded space: Redis tells nobody whose
 * counter it is, and a flood of guesses can't fill it.
 */
import { createHmac } from 'node:crypto';
import type { CredentialSet, SeriesDefinition } from './definition.ts';
import type { Pepper } from './digest.ts';
import { makeSipHash } from './sip-hash.ts';

/** The two counters of one value of one credential, and what stands for it in a local table. */
export interface CounterKeys {
  /** Wrong attempts in a window of 15 minutes. */
  readonly window: Buffer;
  /** The same in a day. */
  readonly day: Buffer;
  /** 32 bits, of which a table takes as many as it has room for. */
  readonly slot: number;
}

export type CounterNamer = (value: string) => CounterKeys;

export const WINDOW_SECONDS = 15 * 60;
export const DAY_SECONDS = 24 * 60 * 60;

/**
 * Counters of one credential of a series, in bits: 1 to 2 for each candidate, from 65,536 to
 * 4,194,304. Two candidates may share one: when one in ten mistypes within the same 15 minutes, one in
 * 13 million is paused for the others' mistakes, of 10 million candidates one in 200,000. A key takes
 * 117 B of Redis: the two counted credentials of 0.39 million candidates at most 245 MB, those of any
 * series 2 GB.
 */
export function counterSpaceBits(candidates: number): number {
  return Math.min(22, Math.max(16, 32 - Math.clz32(candidates)));
}

const SCHEME = 'fangbang-limit-1';

/**
 * The names of one credential's counters; cheap enough for every lookup.
 * @param candidates of the batch in service: how many counters there are depends on it.
 */
export function makeCounterNamer(
  pepper: Pepper,
  series: string,
  credential: string,
  candidates: number,
): CounterNamer {
  // Neither a series nor a credential's name can hold the separator.
  const derived = createHmac('sha512', pepper.key).update(`${SCHEME}\n${series}\n${credential}`).digest();
  const hash = makeSipHash(derived.subarray(0, 16));
  const shift = 32 - counterSpaceBits(candidates);
  const name = (kind: number, bucket: number): Buffer => {
    const key = Buffer.allocUnsafe(10);
    key[0] = kind;
    // Keeps the credentials and series apart.
    derived.copy(key, 1, 16, 22);
    key.writeUIntBE(bucket, 7, 3);
    return key;
  };
  return (value) => {
    const hashed = hash(value);
    const bucket = hashed >>> shift;
    const slot = (hashed ^ derived.readUInt32BE(24)) >>> 0;
    // Keys of slips begin with r.
    return { window: name(0x77, bucket), day: name(0x64, bucket), slot };
  };
}

/** The counters of a credential set's values, for one batch. */
export type SetCounters = (values: readonly string[]) => CounterKeys[];

/**
 * The counters of a set: of its counted credentials, or of the first when none is, since there has to
 * be a limit.
 */
export function makeSetCounters(
  pepper: Pepper,
  definition: SeriesDefinition,
  set: CredentialSet,
  candidates: number,
): SetCounters {
  const counted = set.credentials.flatMap((name, place) =>
    definition.credentials[name]?.counted === true ? [{ name, place }] : [],
  );
  const named = counted.length > 0 ? counted : [{ name: set.credentials[0] ?? '', place: 0 }];
  const namers = named.map(({ name, place }) => ({
    place,
    keysOf: makeCounterNamer(pepper, definition.id, name, candidates),
  }));
  return (values) => namers.map(({ place, keysOf }) => keysOf(values[place] ?? ''));
}

/** `n` and 3 bytes: wrong attempts from a network, a million names at most. @param network 32 bits. */
export function networkKey(network: number): Buffer {
  return shortKey(0x6e, network >>> 12);
}

/** `p` and 3 bytes: a proof of work that was used. @param proof 24 bits. */
export function proofKey(proof: number): Buffer {
  return shortKey(0x70, proof);
}

function shortKey(kind: number, bits: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key[0] = kind;
  key.writeUIntBE(bits, 1, 3);
  return key;
}
