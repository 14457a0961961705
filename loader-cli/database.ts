/**
 * Postgres as the CLI uses it: one connection with the login of who is acting.
 *
 * Failure policy: connecting takes at most 10 s. Whatever goes wrong surfaces as a FangbangError: a
 * refusal of the database by its own code, a lack of rights as `not-permitted`, a server that is
 * away or breaks off as `database-away`. Nothing is tried twice: an act may have been committed
 * before the connection broke, and only a person can look. On the signal the running statement is
 * cancelled, later ones are not sent, and the transaction is rolled back.
 */
import pg from 'pg';
import { FangbangError } from '#results/errors.ts';
import { newestSchemaNumber, schemaNumber } from '#results/migrate.ts';
import { mapDatabaseError } from './database-errors.ts';

const CONNECT_TIMEOUT_MS = 10_000;

type Parameters = readonly unknown[];

export class Database {
  /** For COPY streams only, and inside `guard`. */
  readonly client: pg.Client;
  readonly #signal: AbortSignal;
  readonly #cancel: () => void;
  /** Ends with the statement before: pg gives up queueing by itself in version 9. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(client: pg.Client, url: string, signal: AbortSignal) {
    this.client = client;
    this.#signal = signal;
    this.#cancel = () => void cancelStatement(url, client);
    signal.addEventListener('abort', this.#cancel, { once: true });
  }

  /**
   * @throws FangbangError `database-away`, `config-invalid`, `not-permitted`; `migration-needed` and
   * `migration-mismatch` when the schema is not this program's.
   */
  static async connect(url: string, signal: AbortSignal): Promise<Database> {
    signal.throwIfAborted();
    const client = makeClient(url);
    // Without a listener an error between two statements would end the process; the next statement reports it.
    client.on('error', () => {});
    const database = new Database(client, url, signal);
    try {
      await database.guard(async () => {
        await client.connect();
        expectSchema(await schemaNumber(client));
      });
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** The rows of one statement. @throws FangbangError */
  async query<Row extends pg.QueryResultRow>(sql: string, parameters: Parameters = []): Promise<Row[]> {
    const mine = this.#turn.then(() => this.guard((client) => client.query<Row>(sql, [...parameters])));
    this.#turn = mine.catch(() => {});
    return (await mine).rows;
  }

  /** The one row that the statement must give. @throws FangbangError */
  async one<Row extends pg.QueryResultRow>(sql: string, parameters: Parameters = []): Promise<Row> {
    const [row] = await this.query<Row>(sql, parameters);
    if (row === undefined) throw new Error(`a statement gave no row: ${sql}`);
    return row;
  }

  /** All or nothing: commits after `work`, rolls back when it throws or the signal comes. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.query('begin');
    try {
      const result = await work();
      await this.query('commit');
      return result;
    } catch (error) {
      // When the connection is gone the server rolls back by itself.
      await this.client.query('rollback').catch(() => {});
      throw error;
    }
  }

  /** Runs work on the bare client, such as a COPY, with the same errors as a statement. */
  async guard<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    try {
      return await work(this.client);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw mapDatabaseError(error);
    }
  }

  /** Ends the connection; an open transaction is undone by the server. Never throws. */
  async close(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#cancel);
    await this.client.end().catch(() => {});
  }
}

function makeClient(connectionString: string): pg.Client {
  try {
    // pg takes any other text for the path of a socket.
    if (!/^postgres(?:ql)?:\/\//.test(connectionString)) throw new TypeError('not a URL of Postgres');
    return new pg.Client({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'fangbang',
    });
  } catch {
    // The cause would quote the URL, and with it the password.
    throw new FangbangError('config-invalid', 'the database URL cannot be read', {
      hint: 'give --database-url or set DATABASE_URL to postgres://login:password@host:5432/database',
    });
  }
}

function expectSchema(found: number): void {
  const needed = newestSchemaNumber();
  if (found < needed) {
    throw new FangbangError(
      'migration-needed',
      found === 0
        ? 'the database has no schema of fangbang yet'
        : `the database is at schema ${found}, this program needs ${needed}`,
      { hint: 'its owner runs: fangbang db migrate' },
    );
  }
  if (found > needed) {
    throw new FangbangError(
      'migration-mismatch',
      `the database is at schema ${found}, newer than this program, which knows ${needed}`,
      { hint: 'use the program that migrated it' },
    );
  }
}

/** A closed socket alone would let a long statement run on: the server notices only when it answers. */
async function cancelStatement(url: string, client: pg.Client): Promise<void> {
  const { processID } = client as unknown as { processID: number | null };
  if (processID === null) return;
  const second = makeClient(url);
  second.on('error', () => {});
  try {
    await second.connect();
    await second.query('select pg_cancel_backend($1)', [processID]);
  } catch {
    // The statement then ends with the connection.
  } finally {
    await second.end().catch(() => {});
  }
}
