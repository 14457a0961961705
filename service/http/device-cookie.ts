/**
 * The cookie of a device that has had a slip: who guesses wrong on purpose can make a counter refuse
 * everybody, but not this device for this candidate. It holds the beginnings of the digests that it
 * succeeded with, sealed (AES-256-GCM under a key from the pepper), so that the server keeps nothing
 * and the cookie tells nobody whose result was looked up.
 */
import { createCipheriv, createDecipheriv, randomFillSync } from 'node:crypto';
import type { Digest, Pepper } from '#results/digest.ts';
import { deriveKey } from './keys.ts';

/** `__Host-`: only over TLS (or to localhost), for this host alone, whatever a neighbour sets. */
const NAME = '__Host-fangbang';
const VALID_SECONDS = 30 * 24 * 60 * 60;
const ATTRIBUTES = `; Path=/; Max-Age=${VALID_SECONDS}; Secure; HttpOnly; SameSite=Strict`;

/** A family's phone, a teacher's class: the oldest gives way. */
const MOST_DIGESTS = 8;
/** 64 bits: nobody finds another candidate's digest that begins so. */
const PREFIX_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 4;
const VALUE = /^[A-Za-z0-9_-]{54,150}$/;

export interface Device {
  /** Whether it has had the slip of this digest before. */
  hasSucceeded(digest: Digest): boolean;
  /** Value of Set-Cookie after a success with this digest; undefined when it is in it already. */
  cookieAfter(digest: Digest): string | undefined;
}

export interface DeviceCookies {
  /** The device of a request. @param cookies its header Cookie. */
  read(cookies: string | undefined): Device;
}

export interface DeviceCookiesDeps {
  /** The first seals; all of them open. */
  readonly peppers: readonly [Pepper, ...Pepper[]];
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
}

export function createDeviceCookies({ peppers, nowMs = Date.now }: DeviceCookiesDeps): DeviceCookies {
  const keyOf = (pepper: Pepper): Buffer => deriveKey(pepper, 'fangbang-device-1', 32);
  const key = keyOf(peppers[0]);
  const keys = peppers.map(keyOf);
  const nowSeconds = (): number => Math.floor(nowMs() / 1000);

  const cookieOf = (digest: Digest, others: readonly Buffer[]): string => {
    const prefixes = [digest.subarray(0, PREFIX_BYTES), ...others].slice(0, MOST_DIGESTS);
    const plain = Buffer.allocUnsafe(HEAD_BYTES + prefixes.length * PREFIX_BYTES);
    plain.writeUInt32BE(nowSeconds(), 0);
    for (const [i, prefix] of prefixes.entries()) prefix.copy(plain, HEAD_BYTES + i * PREFIX_BYTES);
    const nonce = newNonce();
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return `${NAME}=${sealed.toString('base64url')}${ATTRIBUTES}`;
  };
  const stranger: Device = {
    hasSucceeded: () => false,
    cookieAfter: (digest) => cookieOf(digest, []),
  };

  return {
    read(cookies) {
      const value = cookies === undefined ? undefined : find(cookies);
      const plain = value === undefined ? undefined : open(keys, Buffer.from(value, 'base64url'));
      if (plain === undefined) return stranger;
      const age = nowSeconds() - plain.readUInt32BE(0);
      if (age > VALID_SECONDS) return stranger;
      const prefixes: Buffer[] = [];
      for (let at = HEAD_BYTES; at + PREFIX_BYTES <= plain.length; at += PREFIX_BYTES)
        prefixes.push(plain.subarray(at, at + PREFIX_BYTES));
      const hasSucceeded = (digest: Digest): boolean =>
        prefixes.some((prefix) => prefix.equals(digest.subarray(0, PREFIX_BYTES)));
      return {
        hasSucceeded,
        cookieAfter: (digest) => (hasSucceeded(digest) ? undefined : cookieOf(digest, prefixes)),
      };
    },
  };
}

function find(cookies: string): string | undefined {
  for (const part of cookies.split(';')) {
    const [name, value = ''] = part.trim().split('=', 2);
    if (name === NAME) return VALUE.test(value) ? value : undefined;
  }
  return undefined;
}

function open(keys: readonly Buffer[], sealed: Buffer): Buffer | undefined {
  if (sealed.length < NONCE_BYTES + HEAD_BYTES + TAG_BYTES) return undefined;
  const end = sealed.length - TAG_BYTES;
  for (const key of keys) {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(end));
    try {
      const plain = decipher.update(sealed.subarray(NONCE_BYTES, end));
      decipher.final();
      return plain;
    } catch {
      // Another pepper's, or nobody's.
    }
  }
  return undefined;
}

/** Random ones, drawn for many at once: a call for each costs a microsecond of every lookup. */
const pool = Buffer.alloc(NONCE_BYTES * 512);
let at = pool.length;

function newNonce(): Buffer {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  at += NONCE_BYTES;
  // A copy: the pool is filled anew.
  return Buffer.from(pool.subarray(at - NONCE_BYTES, at));
}
