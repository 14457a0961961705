/**
 * Texts of JSON in UTF-8, as JSON.stringify has them. What needs no escape and no pair of surrogates, which is nearly
 * every number and name, is written by the character: as a text that is joined and encoded it took 1 µs of a lookup.
 */
const QUOTE = 34;
const BACKSLASH = 92;
const SPECIAL = -1;

/** @returns the place behind it. */
export function writeQuotedText(out: Buffer, from: number, text: string): number {
  let at = from;
  out[at++] = QUOTE;
  for (let i = 0; i < text.length; i += 1) {
    at = writeUnit(out, at, text.charCodeAt(i));
    if (at === SPECIAL) return from + out.write(JSON.stringify(text), from);
  }
  out[at++] = QUOTE;
  return at;
}

/** The same of a text that lies in UTF-16, low byte first, in `bytes`. */
export function writeQuotedUnits(
  out: Buffer,
  from: number,
  bytes: Buffer,
  textAt: number,
  textEnd: number,
): number {
  let at = from;
  out[at++] = QUOTE;
  for (let i = textAt; i < textEnd; i += 2) {
    at = writeUnit(out, at, (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8));
    if (at === SPECIAL)
      return from + out.write(JSON.stringify(bytes.toString('utf16le', textAt, textEnd)), from);
  }
  out[at++] = QUOTE;
  return at;
}

/** A unit of UTF-16 that is a character. @returns the place behind it; SPECIAL: it needs more than that. */
function writeUnit(out: Buffer, from: number, unit: number): number {
  if (unit < 0x80) {
    if (unit < 0x20 || unit === QUOTE || unit === BACKSLASH) return SPECIAL;
    out[from] = unit;
    return from + 1;
  }
  if (unit < 0x800) {
    out[from] = 0xc0 | (unit >> 6);
    out[from + 1] = 0x80 | (unit & 0x3f);
    return from + 2;
  }
  if (unit >= 0xd800 && unit < 0xe000) return SPECIAL;
  out[from] = 0xe0 | (unit >> 12);
  out[from + 1] = 0x80 | ((unit >> 6) & 0x3f);
  out[from + 2] = 0x80 | (unit & 0x3f);
  return from + 3;
}
