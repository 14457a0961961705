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
import type { SipTag } from '#results/sip-hash.ts';
import { makeSipTag } from '#results/sip-hash.ts';
import type { WrittenValue } from '../http1/answer.ts';
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
const VALUE = new RegExp(`^(?:[A-Za-z0-9_-]{${TAG_CHARACTERS}}){1,${MOST_TAGS}}$`);

export interface Device {
  /** Whether it has had the slip of this digest before, in this period of 30 days or the one before. */
  hasSucceeded(digest: Digest): boolean;
  /** Value of Set-Cookie after a success with this digest; undefined when it is in it already. */
  cookieAfter(digest: Digest): string | WrittenValue | undefined;
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
  const tagUnder = (pepper: Pepper): SipTag => makeSipTag(deriveKey(pepper, 'fangbang-device-3', 16));
  const writeTag = tagUnder(peppers[0]);
  const writers = peppers.map(tagUnder);
  const made = new Int32Array(2);
  const period = (): number => Math.floor(nowMs() / 1000 / PERIOD_SECONDS);

  const firstCookie = (digest: Digest): FirstCookie => {
    writeTag(messageOf(digest, period()), MESSAGE_BYTES, made);
    return new FirstCookie(made[0] ?? 0, made[1] ?? 0);
  };
  const stranger: Device = { hasSucceeded: () => false, cookieAfter: firstCookie };

  /** Whether one of the tags is the digest's, by a comparison that takes the same time for all. */
  const holds = (tags: readonly Buffer[], digest: Digest): boolean => {
    let isThere = false;
    const now = period();
    for (const then of [now, now - 1]) {
      for (const write of writers) {
        write(messageOf(digest, then), MESSAGE_BYTES, made);
        const [low = 0, high = 0] = made;
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
        cookieAfter: (digest) => {
          if (holds(tags, digest)) return undefined;
          const all = firstCookie(digest).tag + value;
          return cookieOf(all.slice(0, MOST_TAGS * TAG_CHARACTERS));
        },
      };
    },
  };
}

function cookieOf(tags: string): string {
  return `${DEVICE_COOKIE}=${tags}${ATTRIBUTES}`;
}

const TAG_AT = DEVICE_COOKIE.length + 1;
const FIRST = Buffer.from(cookieOf('x'.repeat(TAG_CHARACTERS)), 'latin1');
const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_', 'latin1');
const tagBytes = Buffer.alloc(TAG_BYTES);

/** The cookie of a device that had none, as nearly every lookup's; in base64url as node:buffer has it. */
class FirstCookie implements WrittenValue {
  readonly length = FIRST.length;
  readonly #low: number;
  readonly #high: number;

  constructor(low: number, high: number) {
    this.#low = low;
    this.#high = high;
  }

  writeInto(out: Buffer, from: number): number {
    out.set(FIRST, from);
    tagBytes.writeInt32LE(this.#low, 0);
    tagBytes.writeInt32LE(this.#high, 4);
    let bits = 0;
    let count = 0;
    let at = from + TAG_AT;
    for (let i = 0; i < TAG_BYTES; i += 1) {
      bits = (bits << 8) | (tagBytes[i] ?? 0);
      for (count += 8; count >= 6; count -= 6) out[at++] = ALPHABET[(bits >> (count - 6)) & 63] ?? 0;
    }
    out[at] = ALPHABET[(bits << (6 - count)) & 63] ?? 0;
    return from + FIRST.length;
  }

  get tag(): string {
    return this.toString().slice(TAG_AT, TAG_AT + TAG_CHARACTERS);
  }

  toString(): string {
    const out = Buffer.alloc(this.length);
    this.writeInto(out, 0);
    return out.toString('latin1');
  }
}

const DIGEST_AT = 48;
const DIGEST_BYTES = 16;
const MESSAGE_BYTES = DIGEST_BYTES + 2;
const message = new Uint16Array(MESSAGE_BYTES / 2);

/** 16 bytes of the digest, in which no two candidates are alike, and the period; until the next. */
function messageOf(digest: Digest, period: number): Uint16Array {
  for (let i = 0; i < DIGEST_BYTES / 2; i += 1)
    message[i] = (digest[DIGEST_AT + 2 * i] ?? 0) | ((digest[DIGEST_AT + 2 * i + 1] ?? 0) << 8);
  message[DIGEST_BYTES / 2] = period;
  return message;
}

function find(cookies: string): string | undefined {
  for (const part of cookies.split(';')) {
    const [name, value = ''] = part.trim().split('=', 2);
    if (name === DEVICE_COOKIE) return VALUE.test(value) ? value : undefined;
  }
  return undefined;
}
