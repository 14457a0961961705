/**
 * Keys for what this room signs and seals, derived from the pepper, so that all instances have the
 * same ones and nothing more has to be kept secret.
 */
import { hkdfSync } from 'node:crypto';
import type { Pepper } from '#results/digest.ts';

/** Bytes of a key of one purpose, by HKDF-SHA-256. */
export function deriveKey(pepper: Pepper, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', pepper.key, '', purpose, bytes));
}
