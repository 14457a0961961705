/**
 * What a verb works with: its voice, its stores, the signal to stop. Stores are connected when first
 * asked for and closed by the frame.
 */
import { readPeppers } from '#results/digest.ts';
import type { Pepper } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import { parseRedisUrl } from '#results/redis-address.ts';
import type { RedisAddress } from '#results/redis-address.ts';
import { Database } from './database.ts';
import { Voice } from './output.ts';
import { startProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { RedisWriter } from './redis.ts';
import { resolveSettings } from './settings.ts';
import type { Settings } from './settings.ts';

/** What the entry passes in: nothing below it touches the process. */
export interface Surroundings {
  /** DATABASE_URL, REDIS_URL and FANGBANG_PEPPER_FILE. */
  readonly environment: Settings;
  /** What `npm start` wrote, if anything. */
  readonly local: Settings;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted by SIGINT and SIGTERM, with an Interrupted as its reason. */
  readonly signal: AbortSignal;
}

export class CommandContext {
  readonly json: boolean;
  /** Aborted on SIGINT and SIGTERM: check it in loops with throwIfAborted(); the database does so by itself. */
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly #settings: Settings;
  readonly #voice: Voice;
  #database: Promise<Database> | undefined;
  #redis: RedisWriter | undefined;

  constructor(
    surroundings: Surroundings,
    options: { json: boolean; databaseUrl: string | undefined; redisUrl: string | undefined },
  ) {
    this.json = options.json;
    this.signal = surroundings.signal;
    this.stdin = surroundings.stdin;
    this.stderr = surroundings.stderr;
    this.#voice = new Voice(surroundings, options.json);
    this.#settings = resolveSettings(options, surroundings.environment, surroundings.local);
  }

  /** Cells of a line of the terminal; 80 where there is none. */
  get columns(): number {
    return this.stderr.columns ?? 80;
  }

  /** A line of the result, for people: standard output, or standard error with `--json`. */
  say(line: string): void {
    this.#voice.say(line);
  }

  /** A line on the way: always standard error. */
  note(line: string): void {
    this.#voice.note(line);
  }

  /** A bar with rate and time left on a terminal's standard error, silent elsewhere. */
  progress(label: string, total: number | undefined): Progress {
    return startProgress(this.#voice, label, total);
  }

  /** @throws FangbangError `config-invalid` when nothing says where the database is. */
  databaseUrl(): string {
    if (this.#settings.databaseUrl !== undefined) return this.#settings.databaseUrl;
    throw new FangbangError('config-invalid', 'nothing says where the database is', {
      hint: 'give --database-url or set DATABASE_URL to postgres://login:password@host:5432/database',
    });
  }

  /**
   * The database, connected once; its schema is the one this program needs.
   * @throws FangbangError `database-away`, `not-permitted`, `migration-needed`, `migration-mismatch`.
   */
  async database(): Promise<Database> {
    this.#database ??= Database.connect(this.databaseUrl(), this.signal);
    return await this.#database;
  }

  /** @throws FangbangError `config-invalid` when nothing says where Redis is, or not in a known form. */
  redisAddress(): RedisAddress {
    if (this.#settings.redisUrl !== undefined) return parseRedisUrl(this.#settings.redisUrl);
    throw new FangbangError('config-invalid', 'nothing says where Redis is', {
      hint: 'give --redis-url or set REDIS_URL to redis://host:6379/0, or to none to work without Redis',
    });
  }

  /**
   * Redis, connected when first asked for and again after its connection ended; undefined for `none`.
   * @throws FangbangError `redis-away`, `config-invalid`.
   */
  async redis(): Promise<RedisWriter | undefined> {
    const address = this.redisAddress();
    if (address.kind === 'none') return undefined;
    if (this.#redis?.isUsable !== true) {
      this.#redis?.close();
      this.#redis = await RedisWriter.connect(address);
    }
    return this.#redis;
  }

  /** @throws FangbangError `config-invalid`, `pepper-invalid`. */
  peppers(): [Pepper, ...Pepper[]] {
    if (this.#settings.pepperFile !== undefined) return readPeppers(this.#settings.pepperFile);
    throw new FangbangError('config-invalid', 'nothing says where the pepper file is', {
      hint: 'set FANGBANG_PEPPER_FILE to the file that the service uses too',
    });
  }

  /** Ends the bar and the connections; what a transaction had not committed is undone. */
  async close(): Promise<void> {
    this.#voice.endBar();
    this.#redis?.close();
    const database = await this.#database?.catch(() => undefined);
    await database?.close();
  }
}
