/**
 * Texts from the bytes of requests. Lines, names and values come again with each request, and each text that is made
 * is a piece of memory to be found and collected: 1.2 µs of each lookup on Bun.
 */

/** By a number that is made of their bytes. */
const recent: string[] = Array.from({ length: 256 }, () => '');
const LONGEST_KEPT = 64;

/** The text of these bytes in Latin-1. */
export function textAt(bytes: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length < 1 || length > LONGEST_KEPT) return bytes.toString('latin1', from, to);
  const middle = bytes[from + (length >> 1)] ?? 0;
  const place = (length * 31 + (bytes[from] ?? 0) * 17 + middle * 7 + (bytes[to - 1] ?? 0)) & 0xff;
  const kept = recent[place] ?? '';
  if (isAt(bytes, from, kept, length)) return kept;
  const text = bytes.toString('latin1', from, to);
  recent[place] = text;
  return text;
}

function isAt(bytes: Buffer, from: number, text: string, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i += 1) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}
