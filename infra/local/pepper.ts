/**
 * @module The pepper of a local set: made once, kept in `.fangbang/pepper`.
 *
 * Failure policy: an existing file is never changed, because without its pepper no loaded batch can be read.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keep } from './checkout.ts';

/** Path of the file: 32 random bytes in base64 on a line (design.md section 4), readable by its owner alone. */
export function ensurePepperFile(): string {
  const path = join(keep(), 'pepper');
  if (!existsSync(path)) {
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  }
  return path;
}

/** Tells two pepper files apart without revealing either. */
export function pepperFileMark(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
}
