/**
 * Who signs for WeChat: SHA-1 over the sorted parts, as the official account's documents say
 * ("接入指南" for the URL, "消息加解密说明" for an encrypted body). SHA-1 is theirs, not our choice; what
 * it protects here is a public answer.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Signature in hex of the token and the other parts, in whatever order they are given. */
export function sign(token: string, ...parts: readonly string[]): string {
  return createHash('sha1')
    .update([token, ...parts].sort().join(''))
    .digest('hex');
}

/** Whether a signature is right, in a time that does not tell how much of it is. */
export function isSigned(signature: string | undefined, token: string, ...parts: readonly string[]): boolean {
  const expected = Buffer.from(sign(token, ...parts));
  const given = Buffer.from(signature ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
