/**
 * Commands as one piece of bytes, made with what is known of their arguments. The library looks at
 * every argument anew, writes a command with a buffer among them piece by piece and joins the pieces: an
 * MGET of 24 lookups took 4.2 µs a lookup on Bun and takes 2.7; a wrong attempt, which has some fifty
 * arguments, less than half. Everything else of a command (its place in the queue, its time limit, the
 * reply) is the library's.
 */
import type { ChainableCommander } from 'ioredis';
import { Command } from 'ioredis';
import type { WrittenKey } from '#results/redis-keys.ts';
import { keyBytes } from '#results/redis-keys.ts';

export class WireCommand extends Command {
  readonly #wire: Buffer;

  /**
   * Replies that are texts come as buffers.
   * @param keys for the library to choose a Cluster's node by.
   */
  constructor(name: string, keys: (string | Buffer)[], wire: Buffer) {
    super(name, keys, { replyEncoding: null });
    this.#wire = wire;
  }

  override toWritable(): Buffer {
    return this.#wire;
  }
}

/** Adds a command to a pipeline; the library's types leave out that this can be done. */
export function addToPipeline(pipeline: ChainableCommander, command: WireCommand): void {
  (pipeline as unknown as { sendCommand(command: Command): void }).sendCommand(command);
}

/** An argument of ASCII characters as it goes over the wire. */
export function wireArgument(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** The wire form of a command from those of its arguments, its name the first. */
export function wireOf(count: number, args: string): string {
  return `*${count}\r\n${args}`;
}

/** A command of one key, for where nothing is saved by knowing more. @param rest of ASCII characters. */
export function plainCommand(name: string, key: string | Buffer, rest: readonly string[]): WireCommand {
  const bytes = Buffer.isBuffer(key) ? key : Buffer.from(key, 'latin1');
  const head = wireOf(rest.length + 2, `${wireArgument(name)}$${bytes.length}\r\n`);
  const wire = [Buffer.from(head, 'latin1'), bytes, Buffer.from(`\r\n${rest.map(wireArgument).join('')}`)];
  return new WireCommand(name, [key], Buffer.concat(wire));
}

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const ZERO = 48;
/** Keys are short: their length has two digits at most. */
const MOST_KEY_BYTES = 99;
const AROUND_KEY_BYTES = 1 + 2 + 2 + 2;

/** Texts of ASCII only. */
export type RedisKey = string | Buffer | WrittenKey;

/** A key as the library takes it. */
export function plainKey(key: RedisKey): string | Buffer {
  return typeof key === 'string' || Buffer.isBuffer(key) ? key : keyBytes(key);
}

/**
 * MGET that answers with buffers.
 * @param keys of 1 to 99 bytes.
 * @throws RangeError for a longer or an empty one.
 */
export function mgetCommand(keys: readonly RedisKey[]): WireCommand {
  const head = wireOf(keys.length + 1, wireArgument('mget'));
  let most = head.length;
  for (const { length } of keys) {
    if (length < 1 || length > MOST_KEY_BYTES) throw new RangeError('a key has 1 to 99 bytes');
    most += length + AROUND_KEY_BYTES;
  }
  const wire = Buffer.allocUnsafe(most);
  let at = wire.write(head, 0, 'latin1');
  for (const key of keys) {
    const { length } = key;
    wire[at++] = DOLLAR;
    if (length >= 10) wire[at++] = ZERO + Math.floor(length / 10);
    wire[at++] = ZERO + (length % 10);
    wire[at++] = CR;
    wire[at++] = LF;
    // Shorter than what a call costs.
    if (typeof key === 'string') for (let i = 0; i < length; i += 1) wire[at++] = key.charCodeAt(i);
    else if (Buffer.isBuffer(key)) at += key.copy(wire, at);
    else at = key.writeInto(wire, at);
    wire[at++] = CR;
    wire[at++] = LF;
  }
  return new WireCommand('mget', [], wire.subarray(0, at));
}
