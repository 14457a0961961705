/**
 * The fields of one table in one BITFIELD, written as the bytes that go to Redis: a wrong attempt asks for seven
 * fields, and texts put together for each took longer than all that is decided by them.
 */
import { digitsOf, putDigits } from '#results/decimal.ts';
import type { LimitTable } from '#results/limit-keys.ts';
import { WireCommand, wireArgument, wireOf } from '../wire-command.ts';

/** Of 16 bits without a sign; `#` before a number means the field and not the bit of that number. */
const GET = Buffer.from(`${wireArgument('GET')}${wireArgument('u16')}`);
const RAISE = Buffer.from(`${wireArgument('INCRBY')}${wireArgument('u16')}`);
const BY_ONE = Buffer.from(wireArgument('1'));
const SATURATED = `${wireArgument('OVERFLOW')}${wireArgument('SAT')}`;
const SATURATED_ARGUMENTS = 2;

const HASH = 35;
const DOLLAR = 36;
const ZERO = 48;
const CR = 13;
const LF = 10;
/** More than a field of any table and any amount take. */
const MOST_FIELD_BYTES = 96;

export class FieldCommand {
  readonly table: LimitTable;
  #bytes = Buffer.allocUnsafe(1_024);
  #length = 0;
  #args = 0;
  #raises = false;
  /** Once they have come, and how many of them have been read. */
  #replies: unknown;
  #read = 0;

  constructor(table: LimitTable) {
    this.table = table;
  }

  get raises(): boolean {
    return this.#raises;
  }

  /** Raises a field by this much, never below 0 nor above 65,535, or reads it (0). */
  add(field: number, by: number): void {
    if (this.#length + MOST_FIELD_BYTES > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(this.#bytes.length * 4);
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    this.#put(by === 0 ? GET : RAISE);
    this.#putField(field);
    this.#args += 3;
    if (by === 0) return;
    if (by === 1) this.#put(BY_ONE);
    else this.#length += this.#bytes.write(wireArgument(String(by)), this.#length, 'latin1');
    this.#args += 1;
    this.#raises = true;
  }

  /** A new one each time: it may have to be sent again. */
  toCommand(): WireCommand {
    const name = this.#raises ? 'bitfield' : 'bitfield_ro';
    const { key } = this.table;
    const args = this.#args + 2 + (this.#raises ? SATURATED_ARGUMENTS : 0);
    const head = wireOf(args, wireArgument(name) + wireArgument(key) + (this.#raises ? SATURATED : ''));
    const wire = Buffer.allocUnsafe(head.length + this.#length);
    wire.write(head, 'latin1');
    this.#bytes.copy(wire, head.length, 0, this.#length);
    return new WireCommand(name, [key], wire);
  }

  replied(replies: unknown): void {
    this.#replies = replies;
    this.#read = 0;
  }

  /** What the next of the added fields holds now; undefined when that is not known. */
  next(): number | undefined {
    const value: unknown = Array.isArray(this.#replies) ? this.#replies[this.#read++] : undefined;
    return typeof value === 'number' ? value : undefined;
  }

  // By the byte: a call would take longer.
  #put(text: Buffer): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i += 1) bytes[at++] = text[i] ?? 0;
    this.#length = at;
  }

  #putField(field: number): void {
    const bytes = this.#bytes;
    const digits = digitsOf(field);
    let at = this.#length;
    bytes[at++] = DOLLAR;
    // The `#` counts, too; no table has a field of more than eight digits.
    bytes[at++] = ZERO + digits + 1;
    bytes[at++] = CR;
    bytes[at++] = LF;
    bytes[at++] = HASH;
    at = putDigits(bytes, at, field, digits);
    bytes[at++] = CR;
    bytes[at++] = LF;
    this.#length = at;
  }
}
