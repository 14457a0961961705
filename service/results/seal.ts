/**
 * What Redis holds is sealed under the candidate's own digest: without the pepper and the
 * credentials it can be deleted or denied, not read, altered, swapped or replayed.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Digest } from './digest.ts';

const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
/** The part of a digest that is the key. */
const KEY_AT = 16;
const KEY_BYTES = 32;
/** Used again for each slip: views of a digest would each be a thing of its own to make and to collect. */
const usedKey = Buffer.alloc(KEY_BYTES);
const usedTag = Buffer.alloc(TAG_BYTES);

/** The nonce of a batch: codec version (4 bytes) and the 8 random bytes drawn when it was loaded. */
export type SealNonce = Buffer & { readonly __brand: 'SealNonce' };

/**
 * A digest is the same in every batch of a series, so the key is too: what makes the nonce new is
 * the batch's salt, and the codec's version when a batch is warmed again by a later program.
 * @throws RangeError when the salt has not 8 bytes: a shorter one would make nonces alike.
 */
export function makeSealNonce(codecVersion: number, nonceSalt: Buffer): SealNonce {
  if (nonceSalt.length !== 8) throw new RangeError('a nonce salt has 8 bytes');
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(codecVersion, 0);
  nonceSalt.copy(nonce, 4);
  return nonce as SealNonce;
}

/** AES-256-GCM under digest[16,48): ciphertext and the 16-byte tag. */
export function sealPayload(digest: Digest, nonce: SealNonce, payload: Buffer): Buffer {
  const cipher = createCipheriv(CIPHER, digest.subarray(KEY_AT, KEY_AT + KEY_BYTES), nonce);
  return Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
}

/** The payload, or undefined when the value was not sealed for this digest and batch. */
export function openSealed(digest: Digest, nonce: SealNonce, sealed: Buffer): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const end = sealed.length - TAG_BYTES;
  for (let i = 0; i < KEY_BYTES; i += 1) usedKey[i] = digest[KEY_AT + i] ?? 0;
  for (let i = 0; i < TAG_BYTES; i += 1) usedTag[i] = sealed[end + i] ?? 0;
  // The tag has its 16 bytes by usedTag; saying so by an option takes a tenth of the opening.
  const decipher = createDecipheriv(CIPHER, usedKey, nonce);
  decipher.setAuthTag(usedTag);
  try {
    const payload = decipher.update(sealed.subarray(0, end));
    decipher.final();
    return payload;
  } catch {
    return undefined;
  }
}
