/**
 * @module Bytes of which no part looks like another, so that what is lost, doubled or moved shows.
 */

/** @param size in bytes. */
export function largePattern(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let at = 0; at + 4 <= size; at += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, at);
  }
  return bytes;
}
