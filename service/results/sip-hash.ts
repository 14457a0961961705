/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for short texts on the lookups' path. Who
 * does not have the key can neither tell a value from its hash nor find values of the same hash.
 * Own code because nothing at hand is as cheap: 0.6 µs on Bun and 0.3 on Node for 18 characters;
 * an HMAC takes 2.7 and 4.5.
 */

/** The lower 32 bits of the hash, as an unsigned number. */
export type ShortHash = (text: string) => number;

/** The units of a text, for a hash that is being made. */
let textUnits = new Uint16Array(256);

/**
 * The hash under a key. The text's bytes are its UTF-16 code units, low byte first.
 * @throws RangeError when the key has not 16 bytes.
 */
export function makeSipHash(key: Buffer): ShortHash {
  const hash = makeHash(key);
  return (text) => {
    const { length } = text;
    if (length > textUnits.length) textUnits = new Uint16Array(length);
    for (let i = 0; i < length; i += 1) textUnits[i] = text.charCodeAt(i);
    hash(textUnits, length);
    return low32 >>> 0;
  };
}

/**
 * The whole hash of such units, written as 8 bytes, low byte first: a tag that nobody can make without the key.
 * @throws RangeError when the key has not 16 bytes.
 */
export function makeSipTag(key: Buffer): (units: Uint16Array, into: Buffer, at: number) => void {
  const hash = makeHash(key);
  return (units, into, at) => {
    hash(units, units.length);
    into.writeInt32LE(low32, at);
    into.writeInt32LE(high32, at + 4);
  };
}

/** Halves of the hash that was made last. */
let low32 = 0;
let high32 = 0;

function makeHash(key: Buffer): (units: Uint16Array, count: number) => void {
  if (key.length !== 16) throw new RangeError('a key of SipHash has 16 bytes');
  // 64-bit words as pairs of 32-bit halves; "somepseudorandomlygeneratedbytes" is the algorithm's own.
  const start0Low = key.readInt32LE(0) ^ 0x70736575;
  const start0High = key.readInt32LE(4) ^ 0x736f6d65;
  const start1Low = key.readInt32LE(8) ^ 0x6e646f6d;
  const start1High = key.readInt32LE(12) ^ 0x646f7261;
  const start2Low = key.readInt32LE(0) ^ 0x6e657261;
  const start2High = key.readInt32LE(4) ^ 0x6c796765;
  const start3Low = key.readInt32LE(8) ^ 0x79746573;
  const start3High = key.readInt32LE(12) ^ 0x74656462;

  return (units, count) => {
    let v0l = start0Low;
    let v0h = start0High;
    let v1l = start1Low;
    let v1h = start1High;
    let v2l = start2Low;
    let v2h = start2High;
    let v3l = start3Low;
    let v3h = start3High;
    const blocks = (count >> 2) + 1;
    for (let block = 0; block <= blocks; block += 1) {
      let low = 0;
      let high = 0;
      if (block < blocks) {
        const at = block * 4;
        if (at < count) low = units[at] ?? 0;
        if (at + 1 < count) low |= (units[at + 1] ?? 0) << 16;
        if (at + 2 < count) high = units[at + 2] ?? 0;
        if (at + 3 < count) high |= (units[at + 3] ?? 0) << 16;
        // The last block ends with the number of bytes.
        if (block === blocks - 1) high |= ((count * 2) & 0xff) << 24;
        v3l ^= low;
        v3h ^= high;
      } else {
        v2l ^= 0xff;
      }
      for (let rounds = block < blocks ? 2 : 4; rounds > 0; rounds -= 1) {
        let sum = (v0l >>> 0) + (v1l >>> 0);
        v0l = sum | 0;
        v0h = (v0h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
        let turned = (v1l << 13) | (v1h >>> 19);
        v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
        v1l = turned ^ v0l;
        turned = v0l;
        v0l = v0h;
        v0h = turned;

        sum = (v2l >>> 0) + (v3l >>> 0);
        v2l = sum | 0;
        v2h = (v2h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
        turned = (v3l << 16) | (v3h >>> 16);
        v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
        v3l = turned ^ v2l;

        sum = (v0l >>> 0) + (v3l >>> 0);
        v0l = sum | 0;
        v0h = (v0h + v3h + (sum > 0xffffffff ? 1 : 0)) | 0;
        turned = (v3l << 21) | (v3h >>> 11);
        v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
        v3l = turned ^ v0l;

        sum = (v2l >>> 0) + (v1l >>> 0);
        v2l = sum | 0;
        v2h = (v2h + v1h + (sum > 0xffffffff ? 1 : 0)) | 0;
        turned = (v1l << 17) | (v1h >>> 15);
        v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
        v1l = turned ^ v2l;
        turned = v2l;
        v2l = v2h;
        v2h = turned;
      }
      v0l ^= low;
      v0h ^= high;
    }
    low32 = v0l ^ v1l ^ v2l ^ v3l;
    high32 = v0h ^ v1h ^ v2h ^ v3h;
  };
}
