/**
 * What the limits ask of Redis, on its way there: all that comes in the same turn of the event loop
 * shares one round trip, the fields of one table one BITFIELD, and each round trip brings the epoch
 * along (design.md section 2.3). A command for each counter instead would cost a wrong attempt twice
 * the CPU of a hit (measured: 139 µs against 60 on Bun).
 *
 * Failure policy: never rejects, never waits longer than 120 ms. What has not come by then, or was
 * refused, is `away`.
 */
import { Cluster } from 'ioredis';
import type { LimitTable } from '#results/limit-keys.ts';
import { EPOCH_KEY } from '#results/redis-keys.ts';
import { runOnCluster } from '../cluster-pipelines.ts';
import { parseEpoch } from '../epoch-rule.ts';
import type { RedisClient } from '../redis-client.ts';
import { Soon } from '../soon.ts';
import { WireCommand, addToPipeline, wireArgument, wireOf } from '../wire-command.ts';

export type LimitCommand =
  /** Raises a field by this much, never below 0 nor above 65,535, or reads it (0). */
  | { readonly kind: 'raise'; readonly table: LimitTable; readonly field: number; readonly by: number }
  | { readonly kind: 'get'; readonly key: string }
  | {
      readonly kind: 'set';
      readonly key: string;
      readonly value: string;
      readonly seconds: number;
      /** Only when it is not there; null when it is. */
      readonly isNew: boolean;
    };

/** A field's value after the command, a key's value, or `away`, which is no value of ours. */
export type Reply = string | number | null;

export interface Replies {
  /** undefined: missing, or not readable. */
  readonly epoch: number | undefined;
  /** In the order of the commands. */
  readonly values: readonly Reply[];
}

/** A command on its way; of one key, but for MGET. */
interface Raw {
  readonly name: string;
  readonly key: string;
  readonly wire: string;
}

/** Fills `into` in the order of the commands. */
type RunMany = (commands: readonly Raw[], into: unknown[]) => Promise<void>;

/** Longest wait for an answer in milliseconds, the client's queue included. More than a result has
 * (redis-reader.ts): whoever guesses wrong can wait, and each instance that gives up may allow one
 * attempt more.
 */
const GIVE_UP_MS = 120;
/** Milliseconds that a command waits for company: a round trip by itself costs more than its command. */
const POST_WITHIN_MS = 10;
/** Commands of ours in one round trip: a longer one would make other clients of Redis wait. */
const MOST_COMMANDS = 1_024;
/** A table gets its expiry by whoever uses it, again after so long, should Redis have lost it. */
const EXPIRY_AGAIN_MS = 30_000;

interface Waiting {
  readonly commands: readonly LimitCommand[];
  readonly replies: Soon<Replies>;
}

export class CommandLine {
  readonly #runMany: RunMany;
  readonly #isCluster: boolean;
  readonly #giveUpMs: number;
  /** When each table was given its expiry, by performance.now. */
  readonly #expiriesMs = new Map<string, number>();
  #waiting: Waiting[] = [];
  #commands = 0;
  /** Commands that wait for company. */
  #posted: LimitCommand[] = [];
  #postTimer: NodeJS.Timeout | undefined;

  constructor(client: RedisClient, giveUpMs = GIVE_UP_MS) {
    this.#isCluster = client instanceof Cluster;
    this.#runMany = runManyOn(client);
    this.#giveUpMs = giveUpMs;
  }

  /** Runs commands in one round trip with those of others, and reads the epoch; fields before keys. */
  run(commands: readonly LimitCommand[]): PromiseLike<Replies> {
    const replies = new Soon<Replies>();
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push({ commands, replies });
    this.#commands += commands.length;
    if (this.#commands >= MOST_COMMANDS) this.#flush();
    return replies;
  }

  /** Runs commands along with the next round trip, or in one of their own soon; nobody hears of them. */
  post(commands: readonly LimitCommand[]): void {
    this.#posted.push(...commands);
    this.#postTimer ??= setTimeout(() => this.#flush(), POST_WITHIN_MS);
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0 && this.#posted.length === 0) return;
    this.#waiting = [];
    this.#commands = 0;
    const trip = new Trip(this.#isCluster);
    for (const { commands } of batch) trip.add(commands);
    // Behind those whose replies are read.
    trip.add(this.#posted);
    this.#posted = [];
    clearTimeout(this.#postTimer);
    this.#postTimer = undefined;
    const raw = [...trip.commands(), ...this.#expiries(trip.tables())];

    const come: unknown[] = [];
    let isSettled = false;
    const settle = (): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(giveUp);
      trip.reads(come);
      const epochText = trip.nextKey();
      const epoch = typeof epochText === 'string' ? parseEpoch(Buffer.from(epochText)) : undefined;
      for (const { commands, replies } of batch)
        replies.resolve({ epoch, values: commands.map((command) => trip.next(command)) });
    };
    // One turn more, for an answer that is there already (redis-reader.ts).
    const giveUp = setTimeout(() => setImmediate(settle), this.#giveUpMs);
    this.#runMany(raw, come).then(settle, settle);
  }

  #expiries(tables: Iterable<LimitTable>): Raw[] {
    const nowMs = performance.now();
    const raw: Raw[] = [];
    for (const { key, lifeSeconds } of tables) {
      if (nowMs - (this.#expiriesMs.get(key) ?? Number.NEGATIVE_INFINITY) < EXPIRY_AGAIN_MS) continue;
      // Tables of times past.
      if (this.#expiriesMs.size > 16) this.#expiriesMs.clear();
      this.#expiriesMs.set(key, nowMs);
      raw.push(rawOf('expire', key, String(lifeSeconds), 'NX'));
    }
    return raw;
  }
}

/** The fields of one table, in the arguments of one BITFIELD. */
interface Fields {
  readonly table: LimitTable;
  wire: string;
  args: number;
  isRaised: boolean;
  /** Once they have come, and how many of them have been read. */
  replies: unknown;
  read: number;
}

const GET = wireArgument('GET') + wireArgument('u16');
const INCRBY = wireArgument('INCRBY') + wireArgument('u16');
const ONE = wireArgument('1');
const SATURATED = wireArgument('OVERFLOW') + wireArgument('SAT');

/**
 * One round trip: tables first, then keys that are set, then keys that are read. Replies are read in the order
 * in which the commands were added, so that nothing has to be kept of where each one is.
 */
class Trip {
  readonly #isCluster: boolean;
  readonly #fields = new Map<string, Fields>();
  readonly #alone: Raw[] = [];
  readonly #keys: string[] = [EPOCH_KEY];
  #field = -1;
  #fieldWire = '';
  #aloneReplies: readonly unknown[] = [];
  #aloneRead = 0;
  /** undefined: they could not be read. */
  #keyReplies: readonly unknown[] | undefined;
  #keysRead = 0;

  constructor(isCluster: boolean) {
    this.#isCluster = isCluster;
  }

  add(commands: readonly LimitCommand[]): void {
    for (const command of commands) {
      if (command.kind === 'raise') this.#addField(command);
      else if (command.kind === 'get') this.#keys.push(command.key);
      else {
        const { key, value, seconds, isNew } = command;
        this.#alone.push(rawOf('set', key, value, 'EX', String(seconds), ...(isNew ? ['NX'] : [])));
      }
    }
  }

  #addField({ table, field, by }: LimitCommand & { readonly kind: 'raise' }): void {
    const fields = this.#fieldsOf(table);
    // A counter's field is asked for in several tables, one after the other.
    if (field !== this.#field) this.#fieldWire = wireArgument(`#${field}`);
    this.#field = field;
    if (by === 0) {
      fields.wire += GET + this.#fieldWire;
      fields.args += 3;
    } else {
      fields.wire += INCRBY + this.#fieldWire + (by === 1 ? ONE : wireArgument(String(by)));
      fields.args += 4;
      fields.isRaised = true;
    }
  }

  #fieldsOf(table: LimitTable): Fields {
    let fields = this.#fields.get(table.key);
    if (fields === undefined) {
      fields = { table, wire: '', args: 0, isRaised: false, replies: undefined, read: 0 };
      this.#fields.set(table.key, fields);
    }
    return fields;
  }

  *tables(): Iterable<LimitTable> {
    for (const { table, isRaised } of this.#fields.values()) if (isRaised) yield table;
  }

  commands(): Raw[] {
    const tables = [...this.#fields.values()].map(({ table: { key }, wire, args, isRaised }): Raw => {
      const name = isRaised ? 'bitfield' : 'bitfield_ro';
      const head = wireArgument(name) + wireArgument(key);
      return isRaised
        ? { name, key, wire: wireOf(args + 4, head + SATURATED + wire) }
        : { name, key, wire: wireOf(args + 2, head + wire) };
    });
    const keys = this.#isCluster
      ? this.#keys.map((key) => rawOf('get', key))
      : [rawOf('mget', EPOCH_KEY, ...this.#keys.slice(1))];
    return [...tables, ...this.#alone, ...keys];
  }

  /** The replies to `commands` have come. */
  reads(replies: readonly unknown[]): void {
    let at = 0;
    for (const fields of this.#fields.values()) fields.replies = replies[at++];
    this.#aloneReplies = replies.slice(at, at + this.#alone.length);
    at += this.#alone.length;
    const keys = this.#isCluster ? replies.slice(at, at + this.#keys.length) : replies[at];
    this.#keyReplies = Array.isArray(keys) ? keys : undefined;
  }

  /** The reply to the next command, which is this one. */
  next(command: LimitCommand): Reply {
    if (command.kind === 'get') return this.nextKey();
    if (command.kind === 'set') return asReply(this.#aloneReplies[this.#aloneRead++]);
    const fields = this.#fieldsOf(command.table);
    const { replies } = fields;
    return Array.isArray(replies) ? asReply(replies[fields.read++]) : 'away';
  }

  /** Of the keys that are read: the first is the epoch's. */
  nextKey(): Reply {
    return asReply(this.#keyReplies?.[this.#keysRead++]);
  }
}

function asReply(value: unknown): Reply {
  return typeof value === 'string' || typeof value === 'number' || value === null ? value : 'away';
}

function rawOf(name: string, key: string, ...rest: string[]): Raw {
  const args = [name, key, ...rest];
  return { name, key, wire: wireOf(args.length, args.map(wireArgument).join('')) };
}

function commandOf({ name, key, wire }: Raw): WireCommand {
  return new WireCommand(name, [key], wire, 'text');
}

function runManyOn(client: RedisClient): RunMany {
  if (client instanceof Cluster) {
    return async (commands, into) => {
      const command = (i: number): WireCommand => commandOf(commands[i] ?? NOTHING);
      await runOnCluster<unknown>(
        client,
        commands.map(({ key }) => key),
        into,
        {
          add: (pipeline, i) => addToPipeline(pipeline, command(i)),
          alone: (i) => client.sendCommand(command(i)) as Promise<unknown>,
          read: (reply) => reply,
        },
      );
    };
  }
  return async (commands, into) => {
    const pipeline = client.pipeline();
    for (const command of commands) addToPipeline(pipeline, commandOf(command));
    const replies = (await pipeline.exec()) ?? [];
    for (const [i, [error, reply]] of replies.entries()) into[i] = error ?? reply;
  };
}

const NOTHING: Raw = rawOf('get', EPOCH_KEY);
