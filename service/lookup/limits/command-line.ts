/**
 * Commands of the limits on their way to Redis: those of the same turn of the event loop share one
 * round trip, and each round trip brings the epoch along (design.md section 2.3).
 *
 * Failure policy: never rejects, never waits longer than 120 ms. What has not come by then, or was
 * refused, is `away`.
 */
import { Cluster } from 'ioredis';
import { EPOCH_KEY } from '#results/redis-keys.ts';
import { runOnCluster } from '../cluster-pipelines.ts';
import { parseEpoch } from '../epoch-rule.ts';
import type { RedisClient } from '../redis-client.ts';

/** Name, key, arguments. */
export type LimitCommand = readonly [name: string, key: Buffer, ...rest: (string | number)[]];
export type Reply = string | number | null | 'away';

export interface Replies {
  /** undefined: missing, or not readable. */
  readonly epoch: number | undefined;
  /** In the order of the commands. `away` is no value that a command of ours answers. */
  readonly values: readonly Reply[];
}

/** Fills `into` in the order of the commands. */
export type RunMany = (
  commands: readonly LimitCommand[],
  into: (Reply | Error | undefined)[],
) => Promise<void>;

export function runManyOn(client: RedisClient): RunMany {
  if (client instanceof Cluster) {
    return async (commands, into) => {
      const call = (i: number): [string, ...(string | Buffer | number)[]] => [...(commands[i] ?? NOTHING)];
      await runOnCluster<Reply>(
        client,
        commands.map(([, key]) => key),
        into,
        {
          add: (pipeline, i) => pipeline.call(...call(i)),
          alone: (i) => client.call(...call(i)),
          read: asReply,
        },
      );
    };
  }
  return async (commands, into) => {
    const pipeline = client.pipeline();
    for (const [name, ...rest] of commands) pipeline.call(name, ...rest);
    const replies = (await pipeline.exec()) ?? [];
    for (const [i, [error, reply]] of replies.entries()) into[i] = error ?? asReply(reply);
  };
}

const NOTHING: LimitCommand = ['get', Buffer.from(EPOCH_KEY)];

function asReply(reply: unknown): Reply {
  return typeof reply === 'string' || typeof reply === 'number' ? reply : null;
}

/** Commands in one round trip: a longer one would make other clients of Redis wait. */
const MOST_COMMANDS = 512;
/**
 * Longest wait for an answer in milliseconds, the client's queue included. More than a result has
 * (redis-reader.ts): whoever guesses wrong can wait, and each instance that gives up may allow one
 * attempt more.
 */
const GIVE_UP_MS = 120;

interface Waiting {
  readonly commands: readonly LimitCommand[];
  readonly resolve: (replies: Replies) => void;
}

export class CommandLine {
  readonly #runMany: RunMany;
  readonly #giveUpMs: number;
  #waiting: Waiting[] = [];
  #commands = 0;

  constructor(runMany: RunMany, giveUpMs = GIVE_UP_MS) {
    this.#runMany = runMany;
    this.#giveUpMs = giveUpMs;
  }

  /** Runs commands in one round trip with those of others, and reads the epoch. */
  run(commands: readonly LimitCommand[]): Promise<Replies> {
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      this.#waiting.push({ commands, resolve });
      this.#commands += commands.length;
      if (this.#commands >= MOST_COMMANDS) this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#commands = 0;
    const commands = [NOTHING, ...batch.flatMap((one) => one.commands)];
    const replies: (Reply | Error | undefined)[] = Array.from({ length: commands.length });
    let isSettled = false;
    const settle = (): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(giveUp);
      const [first] = replies;
      const epoch = typeof first === 'string' ? parseEpoch(Buffer.from(first)) : undefined;
      let next = 1;
      for (const { commands: own, resolve } of batch) {
        const values = replies.slice(next, next + own.length).map(awayUnlessThere);
        next += own.length;
        resolve({ epoch, values });
      }
    };
    // One turn more, for an answer that is there already (redis-reader.ts).
    const giveUp = setTimeout(() => setImmediate(settle), this.#giveUpMs);
    this.#runMany(commands, replies).then(settle, settle);
  }
}

function awayUnlessThere(reply: Reply | Error | undefined): Reply {
  return reply === undefined || reply instanceof Error ? 'away' : reply;
}
