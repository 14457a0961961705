/**
 * The Redis Cluster slot of a key (Redis Cluster specification, "Hash tags"). A binary key holds braces by
 * chance: for `{}` followed by another `}` the package cluster-key-slot 1.1, which ioredis uses, is wrong.
 */

/** Slots of every Redis Cluster. */
export const SLOTS = 16_384;

const POLYNOMIAL = 0x1021;

/** CRC-16/XMODEM, table by byte. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  return crc;
});

/** 0 to 16383: of what stands between the first `{` and the next `}`, when that is not empty, else of the whole key. */
export function keySlot(key: Buffer): number {
  const open = key.indexOf(0x7b);
  const close = open === -1 ? -1 : key.indexOf(0x7d, open + 1);
  const hashed = close > open + 1 ? key.subarray(open + 1, close) : key;
  let crc = 0;
  for (const byte of hashed) crc = ((crc << 8) ^ (TABLE[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff;
  return crc & 0x3fff;
}
