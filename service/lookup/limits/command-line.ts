/**
 * What the limits ask of Redis, on its way there: all that comes in the same turn of the event loop
 * shares one round trip, the fields of one table one BITFIELD, and each round trip brings the epoch
 * along (design.md section 2.3). A command for each counter instead would cost a wrong attempt twice
 * the CPU of a hit (measured: 139 µs against 60 on Bun).
 *
 * Failure policy: never rejects, never waits longer than 120 ms. What has not come by then, or was
 * refused, is undefined.
 */
import { Cluster } from 'ioredis';
import type { LimitTable } from '#results/limit-keys.ts';
import { EPOCH_KEY } from '#results/redis-keys.ts';
import { runOnCluster } from '../cluster-pipelines.ts';
import { parseEpoch } from '../epoch-rule.ts';
import type { RedisClient } from '../redis-client.ts';
import { Soon } from '../soon.ts';
import type { RedisKey, WireCommand } from '../wire-command.ts';
import { addToPipeline, mgetCommand, plainCommand, plainKey } from '../wire-command.ts';
import { FieldCommand } from './field-command.ts';

/** What is asked of Redis in one round trip: written once, and read once in the same order. */
export interface Question<T> {
  write(trip: TripWriter): void;
  /** Throws nothing. */
  read(replies: TripReplies): T;
  /** The replies have come after all, when it was given up already. */
  late?(answer: T): void;
}

export interface TripWriter {
  /** Raises a field by this much, never below 0 nor above 65,535, or reads it (0). */
  addField(table: LimitTable, field: number, by: number): void;
  /** @param isNew only when it is not there. */
  addSet(key: string, value: string, seconds: number, isNew: boolean): void;
  addGet(key: RedisKey): void;
}

/** In the order in which they were added, each kind by itself and each table's fields; undefined: not known. */
export interface TripReplies {
  /** undefined: missing, or not readable. */
  readonly epoch: number | undefined;
  /** The value after the command. */
  nextField(table: LimitTable): number | undefined;
  /** Whether it was set. */
  nextSet(): boolean | undefined;
  nextGet(): Buffer | null | undefined;
}

/** A command on its way; of one key, but for MGET. */
interface Raw {
  readonly key: string | Buffer;
  /** A new one each time: it may have to be sent again. */
  readonly toCommand: () => WireCommand;
}

/** Fills `into` in the order of the commands. */
type RunMany = (commands: readonly Raw[], into: unknown[]) => Promise<void>;

/** Longest wait for an answer in milliseconds, the client's queue included. More than a result has
 * (redis-reader.ts): whoever guesses wrong can wait, and each instance that gives up may allow one
 * attempt more.
 */
const GIVE_UP_MS = 120;
/** Questions in one round trip: a longer one would make other clients of Redis wait. */
const MOST_QUESTIONS = 100;
/** A table gets its expiry by whoever uses it, again after so long, should Redis have lost it. */
const EXPIRY_AGAIN_MS = 30_000;

interface Waiting {
  readonly question: Question<unknown>;
  readonly answer: Soon<unknown>;
}

export class CommandLine {
  readonly #runMany: RunMany;
  readonly #isCluster: boolean;
  readonly #giveUpMs: number;
  /** When each table was given its expiry, by performance.now. */
  readonly #expiriesMs = new Map<string, number>();
  #waiting: Waiting[] = [];

  /** @param giveUpMs milliseconds after which a round trip counts as not answered. */
  constructor(client: RedisClient, giveUpMs = GIVE_UP_MS) {
    this.#isCluster = client instanceof Cluster;
    this.#runMany = runManyOn(client);
    this.#giveUpMs = giveUpMs;
  }

  /** Asks in one round trip with others. */
  ask<T>(question: Question<T>): PromiseLike<T> {
    const answer = new Soon<T>();
    if (this.#waiting.length === 0) setImmediate(() => this.#flush());
    this.#waiting.push({ question, answer });
    if (this.#waiting.length >= MOST_QUESTIONS) this.#flush();
    return answer;
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    const trip = new Trip(this.#isCluster);
    for (const { question } of batch) question.write(trip);
    const commands = [...trip.commands(), ...this.#expiries(trip.raisedTables())];

    const come: unknown[] = [];
    let isSettled = false;
    const settle = (): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(giveUp);
      trip.replied(come);
      for (const { question, answer } of batch) answer.resolve(question.read(trip));
    };
    const replied = (): void => {
      if (!isSettled) return settle();
      trip.replied(come);
      for (const { question } of batch) {
        const answer = question.read(trip);
        question.late?.(answer);
      }
    };
    // One turn more, for an answer that is there already (redis-reader.ts).
    const giveUp = setTimeout(() => setImmediate(settle), this.#giveUpMs);
    this.#runMany(commands, come).then(replied, settle);
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

/** One round trip: tables first, then keys that are set, then keys that are read, the epoch's the first of them. */
class Trip implements TripWriter, TripReplies {
  readonly #isCluster: boolean;
  readonly #fields: FieldCommand[] = [];
  readonly #sets: Raw[] = [];
  readonly #keys: RedisKey[] = [EPOCH_KEY];
  #setReplies: readonly unknown[] = [];
  #setsRead = 0;
  #keyReplies: readonly unknown[] = [];
  #keysRead = 0;
  epoch: number | undefined;

  constructor(isCluster: boolean) {
    this.#isCluster = isCluster;
  }

  addField(table: LimitTable, field: number, by: number): void {
    this.#fieldsOf(table).add(field, by);
  }

  addSet(key: string, value: string, seconds: number, isNew: boolean): void {
    this.#sets.push(rawOf('set', key, value, 'EX', String(seconds), ...(isNew ? ['NX'] : [])));
  }

  addGet(key: RedisKey): void {
    this.#keys.push(key);
  }

  #fieldsOf(table: LimitTable): FieldCommand {
    // A handful.
    for (const fields of this.#fields) if (fields.table.key === table.key) return fields;
    const fields = new FieldCommand(table);
    this.#fields.push(fields);
    return fields;
  }

  raisedTables(): LimitTable[] {
    return this.#fields.filter(({ raises }) => raises).map(({ table }) => table);
  }

  commands(): Raw[] {
    const tables = this.#fields.map((fields): Raw => ({
      key: fields.table.key,
      toCommand: () => fields.toCommand(),
    }));
    const gets = this.#isCluster
      ? this.#keys.map((key) => rawOf('get', plainKey(key)))
      : [{ key: EPOCH_KEY, toCommand: () => mgetCommand(this.#keys) }];
    return [...tables, ...this.#sets, ...gets];
  }

  /** The replies to `commands` have come. */
  replied(replies: readonly unknown[]): void {
    let at = 0;
    for (const fields of this.#fields) fields.replied(replies[at++]);
    this.#setReplies = replies.slice(at, (at += this.#sets.length));
    const gets = this.#isCluster ? replies.slice(at, at + this.#keys.length) : replies[at];
    this.#keyReplies = Array.isArray(gets) ? gets : [];
    this.#setsRead = 0;
    this.#keysRead = 0;
    this.epoch = parseEpoch(this.nextGet());
  }

  nextField(table: LimitTable): number | undefined {
    return this.#fieldsOf(table).next();
  }

  nextSet(): boolean | undefined {
    const reply = this.#setReplies[this.#setsRead++];
    return reply === null || Buffer.isBuffer(reply) ? reply !== null : undefined;
  }

  nextGet(): Buffer | null | undefined {
    const reply = this.#keyReplies[this.#keysRead++];
    return reply === null || Buffer.isBuffer(reply) ? reply : undefined;
  }
}

function rawOf(name: string, key: string | Buffer, ...rest: string[]): Raw {
  return { key, toCommand: () => plainCommand(name, key, rest) };
}

function runManyOn(client: RedisClient): RunMany {
  if (client instanceof Cluster) {
    return async (commands, into) => {
      const keys = commands.map(({ key }) => key);
      const command = (i: number): WireCommand => (commands[i] ?? NOTHING).toCommand();
      await runOnCluster<unknown>(client, keys, into, {
        add: (pipeline, i) => addToPipeline(pipeline, command(i)),
        alone: (i) => client.sendCommand(command(i)) as Promise<unknown>,
        read: (reply) => reply,
      });
    };
  }
  return async (commands, into) => {
    const pipeline = client.pipeline();
    for (const command of commands) addToPipeline(pipeline, command.toCommand());
    const replies = (await pipeline.exec()) ?? [];
    for (const [i, [error, reply]] of replies.entries()) into[i] = error ?? reply;
  };
}

const NOTHING: Raw = rawOf('get', EPOCH_KEY);
