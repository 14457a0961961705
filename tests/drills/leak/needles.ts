/**
 * Many byte strings searched for at once, in one pass over what they may be in. Pure.
 */

export interface Needle {
  readonly bytes: Buffer;
  /** Whose it is. */
  readonly owner: number;
  /** What it is, such as a name. */
  readonly kind: string;
  /** How it is written, such as hex. */
  readonly form: string;
  /** A number that is none of these when it is part of a longer one, such as a time in nanoseconds. */
  readonly isWhole: boolean;
}

const KEY_BYTES = 4;
const BITS = 2 ** 24;

export class Needles {
  readonly #byKey = new Map<number, Needle[]>();
  /** Most places of what is searched begin no needle, and are past with one look. */
  readonly #begins = new Uint8Array(BITS);
  count = 0;

  /** @param needle of at least four bytes. */
  add(needle: Needle): void {
    const key = needle.bytes.readUInt32BE(0);
    const some = this.#byKey.get(key);
    if (some === undefined) this.#byKey.set(key, [needle]);
    else some.push(needle);
    this.#begins[placeOf(key)] = 1;
    this.count += 1;
  }

  /** Every needle that is in there, once for each place. */
  *find(bytes: Buffer): Generator<Needle> {
    let key = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      key = ((key << 8) | (bytes[at] ?? 0)) >>> 0;
      if (at < KEY_BYTES - 1 || this.#begins[placeOf(key)] === 0) continue;
      const from = at - (KEY_BYTES - 1);
      for (const needle of this.#byKey.get(key) ?? []) {
        const end = from + needle.bytes.length;
        const isPart = needle.isWhole && (isDigit(bytes[from - 1]) || isDigit(bytes[end]));
        if (!isPart && needle.bytes.equals(bytes.subarray(from, end))) yield needle;
      }
    }
  }
}

function isDigit(byte = 0): boolean {
  return byte >= 48 && byte <= 57;
}

function placeOf(key: number): number {
  return Math.imul(key, 0x9e3779b1) >>> 8;
}
