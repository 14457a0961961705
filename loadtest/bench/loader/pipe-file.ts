/**
 * What redis-cli --pipe reads: SET commands in Redis's protocol.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

/** Keys as long as a slip's (21 bytes), values as long as a sealed gaokao slip (42 bytes). */
const SET = Buffer.from(`*3\r\n$3\r\nSET\r\n$21\r\n${'k'.repeat(21)}\r\n$42\r\n${'v'.repeat(42)}\r\n`);
const KEY_AT = SET.indexOf('kkk');
const VALUE_AT = SET.indexOf('vvv');
const SETS_PER_BLOCK = 10_000;

/** Writes the SET commands of so many keys. */
export function writePipeFile(path: string, rows: number): void {
  const file = openSync(path, 'wx', 0o600);
  const block = Buffer.alloc(SET.length * SETS_PER_BLOCK, SET);
  try {
    for (let done = 0; done < rows; done += SETS_PER_BLOCK) {
      const count = Math.min(SETS_PER_BLOCK, rows - done);
      for (let i = 0; i < count; i += 1) {
        randomFillSync(block, i * SET.length + KEY_AT, 21);
        randomFillSync(block, i * SET.length + VALUE_AT, 42);
      }
      const bytes = block.subarray(0, count * SET.length);
      for (let written = 0; written < bytes.length;)
        written += writeSync(file, bytes, written, bytes.length - written);
    }
  } finally {
    closeSync(file);
  }
}
