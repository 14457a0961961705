/**
 * The cookie of a device that has had a slip: who guesses wrong on purpose can make a counter refuse
 * everybody, but not this device for this candidate. It holds a tag for each digest that it succeeded
 * with, under a key from the pepper, so that the server keeps nothing, and the cookie tells nobody
 * whose result was looked up: without the key a tag can neither be made nor told from chance.
 *
 * A tag is SipHash-2-4 of the digest and the month: 64 bits, which only this service can check. Sealing
 * the digests themselves (AES-256-GCM) gives no more and cost 1.5 µs of each lookup, three times as much.
 */
import type { Digest, Pepper } from '#results/digest.ts';
import { makeSipTag } from '#results/sip-hash.ts';
import { deriveKey } from './keys.ts';

/** `__Host-`: only over TLS (or to localhost), for this host alone, whatever a neighbour sets. */
export const DEVICE_COOKIE = '__Host-fangbang';
const PERIOD_SECONDS = 30 * 24 * 60 * 60;
const ATTRIBUTES = `; Path=/; Max-Age=${PERIOD_SECONDS}; Secure; HttpOnly; SameSite=Strict`;

/** A family's phone, a teacher's class: the oldest gives way. */
const MOST_TAGS = 8;
const TAG_BYTES = 8;
/** In base64url. */
const TAG_CHARACTERS = 11;
const TAG_AT = DEVICE_COOKIE.length + 1;
const VALUE = new RegExp(`^(?:[A-Za-z0-9_-]{${TAG_CHARACTERS}}){1,${MOST_TAGS}}$`);

export interface Device {
  /** Whether it has had the slip of this digest before, in this period of 30 days or the one before. */
  hasSucceeded(digest: Digest): boolean;
  /** Value of Set-Cookie after a success with this digest; undefined when it is in it already. */
  cookieAfter(digest: Digest): string | undefined;
}

export interface DeviceCookies {
  /** The device of a request. @param cookies its header Cookie. */
  read(cookies: string | undefined): Device;
}

export interface DeviceCookiesDeps {
  /** The first makes tags; those of all are taken. */
  readonly peppers: readonly [Pepper, ...Pepper[]];
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

export function createDeviceCookies({ peppers, nowMs = Date.now }: DeviceCookiesDeps): DeviceCookies {
  const tagUnder = (pepper: Pepper) => makeSipTag(deriveKey(pepper, 'fangbang-device-2', 16));
  const writeTag = tagUnder(peppers[0]);
  const writers = peppers.map(tagUnder);
  const made = Buffer.alloc(TAG_BYTES);
  const period = (): number => Math.floor(nowMs() / 1000 / PERIOD_SECONDS);

  const tagOf = (digest: Digest): string => {
    writeTag(inputOf(digest, period()), made, 0);
    return made.toString('base64url');
  };
  const cookieOf = (digest: Digest, others: string): string => {
    const value = (tagOf(digest) + others).slice(0, MOST_TAGS * TAG_CHARACTERS);
    return `${DEVICE_COOKIE}=${value}${ATTRIBUTES}`;
  };
  const first = Buffer.from(`${DEVICE_COOKIE}=${' '.repeat(TAG_CHARACTERS)}${ATTRIBUTES}`, 'latin1');
  const stranger: Device = {
    hasSucceeded: () => false,
    // Nearly every lookup's: joined from its parts, it would be a text to be put together when it is sent.
    cookieAfter: (digest) => {
      const tag = tagOf(digest);
      for (let i = 0; i < TAG_CHARACTERS; i += 1) first[TAG_AT + i] = tag.charCodeAt(i);
      return first.toString('latin1');
    },
  };

  /** Whether one of the tags is the digest's, by a comparison that takes the same time for all. */
  const holds = (tags: readonly Buffer[], digest: Digest): boolean => {
    let isThere = false;
    const now = period();
    for (const then of [now, now - 1]) {
      for (const write of writers) {
        write(inputOf(digest, then), made, 0);
        const [low, high] = [made.readInt32LE(0), made.readInt32LE(4)];
        for (const tag of tags)
          isThere = ((tag.readInt32LE(0) ^ low) | (tag.readInt32LE(4) ^ high)) === 0 || isThere;
      }
    }
    return isThere;
  };

  return {
    read(cookies) {
      const value = cookies === undefined ? undefined : find(cookies);
      if (value === undefined) return stranger;
      const tags: Buffer[] = [];
      for (let at = 0; at < value.length; at += TAG_CHARACTERS)
        tags.push(Buffer.from(value.slice(at, at + TAG_CHARACTERS), 'base64url'));
      return {
        hasSucceeded: (digest) => holds(tags, digest),
        cookieAfter: (digest) => (holds(tags, digest) ? undefined : cookieOf(digest, value)),
      };
    },
  };
}

const DIGEST_AT = 48;
const DIGEST_BYTES = 16;
const input = new Uint16Array(DIGEST_BYTES + 1);

/** 16 bytes of the digest, in which no two candidates are alike, and the period; until the next. */
function inputOf(digest: Digest, period: number): Uint16Array {
  for (let i = 0; i < DIGEST_BYTES; i += 1) input[i] = digest[DIGEST_AT + i] ?? 0;
  input[DIGEST_BYTES] = period;
  return input;
}

function find(cookies: string): string | undefined {
  for (const part of cookies.split(';')) {
    const [name, value = ''] = part.trim().split('=', 2);
    if (name === DEVICE_COOKIE) return VALUE.test(value) ? value : undefined;
  }
  return undefined;
}
