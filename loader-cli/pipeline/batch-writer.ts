/**
 * One new batch in Postgres, all or nothing: opened, filled by COPY, sealed and committed in one
 * transaction that holds the series' lock from its first statement on.
 *
 * Failure policy: until `seal` has answered nothing of the batch is there. A killed process, a lost
 * connection or an error leaves an open transaction, which the server undoes. Only when the connection
 * breaks off during the commit itself can nobody know: the error says to look.
 */
import { randomBytes } from 'node:crypto';
import { StoredChecksum } from '#results/checksum.ts';
import type { SeriesDefinition } from '#results/definition.ts';
import type { Pepper } from '#results/digest.ts';
import { FangbangError } from '#results/errors.ts';
import { CODEC_VERSION } from '#results/slip-codec.ts';
import type { Entry } from '../batches.ts';
import type { Database } from '../database.ts';
import { CopyIn } from './copy-in.ts';
import { DigestTails } from './digest-tails.ts';
import { entryRecipe } from './entries.ts';
import { EntryThread } from './entry-thread.ts';
import type { AcceptedRow } from './read-official-files.ts';

export interface NewBatch {
  readonly definition: SeriesDefinition;
  readonly definitionVersion: number;
  readonly pepper: Pepper;
  /** The batch that it corrects. */
  readonly corrects?: number;
}

/** For 1,000,000 digests: 1.4 s in memory, 2.4 s with the default of 64 MB. */
const INDEX_MEMORY = '256MB';

export class BatchWriter {
  /** From the global sequence: a number that was given back is not used again. */
  readonly number: number;
  /** Committed: nothing is left to undo. */
  isSealed = false;
  readonly #database: Database;
  readonly #copy: CopyIn;
  readonly #thread: EntryThread;
  #tails = new DigestTails();
  #stored = new StoredChecksum();
  #candidates = 0;
  #rowsHaveEnded = false;

  private constructor(database: Database, batch: NewBatch, number: number) {
    this.#database = database;
    this.number = number;
    this.#copy = new CopyIn(
      database.client,
      `copy fangbang.slip_${number} (digest, credential_set, candidate_number, payload) from stdin (format binary)`,
    );
    this.#thread = new EntryThread(entryRecipe(batch.definition, batch.pepper), ({ copy, tails, sums }) => {
      this.#copy.add(copy);
      this.#tails.addAll(tails);
      this.#stored.merge(sums);
    });
  }

  /** @throws FangbangError `series-is-being-loaded`, and as every statement. */
  static async open(database: Database, batch: NewBatch): Promise<BatchWriter> {
    await database.query('begin');
    try {
      const { number } = await database.one<{ number: number }>(
        'select fangbang.open_batch($1, $2, $3, $4, $5, $6) as number',
        [
          batch.definition.id,
          batch.definitionVersion,
          Buffer.from(batch.pepper.fingerprint, 'hex'),
          randomBytes(8),
          CODEC_VERSION,
          batch.corrects ?? null,
        ],
      );
      return new BatchWriter(database, batch, number);
    } catch (error) {
      await rollback(database);
      throw error;
    }
  }

  /** One entry per credential set. */
  add(row: AcceptedRow): void {
    this.#thread.add(row.bytes);
    this.#candidates += 1;
  }

  /** Waits until the server takes more. */
  async drained(): Promise<void> {
    await this.#thread.drained();
    await this.#database.guard(() => this.#copy.drained());
  }

  /** No row comes any more: from now on the connection takes other statements of the transaction. */
  async endRows(): Promise<void> {
    if (this.#rowsHaveEnded) return;
    await this.#thread.end();
    await this.#database.guard(() => this.#copy.end());
    this.#rowsHaveEnded = true;
  }

  /** Forgets what was counted of the rows: everything that the batch holds is counted by `count` again. */
  recount(): void {
    this.#tails.close();
    this.#tails = new DigestTails();
    this.#stored = new StoredChecksum();
    this.#candidates = 0;
  }

  /** Counts an entry that is in the batch's table already. */
  count(entry: Entry): void {
    this.#tails.add(entry.digest);
    this.#stored.add(entry.digest, entry.credentialSet, entry.candidateNumber, entry.payload);
    if (entry.credentialSet === 0) this.#candidates += 1;
  }

  /** Candidates so far. */
  get candidates(): number {
    return this.#candidates;
  }

  /** Seals and commits; answers the audit head. */
  async seal(checksum: Buffer, summary: Readonly<Record<string, unknown>>): Promise<string> {
    await this.endRows();
    const filter = this.#tails.buildFilter();
    for (const [index, chunk] of filter.chunks().entries())
      await this.#database.query('select fangbang.add_filter_chunk($1, $2, $3)', [this.number, index, chunk]);
    // The default sorts a million digests on the disk; this is for the two indexes of this transaction alone.
    await this.#database.query(`set local maintenance_work_mem = '${INDEX_MEMORY}'`);
    const { head } = await this.#database.one<{ head: string }>(
      'select fangbang.seal_batch($1, $2, $3, $4, $5, $6, $7, $8) as head',
      [
        this.number,
        checksum,
        this.#stored.digest(),
        this.#candidates,
        this.#tails.entries,
        filter.sha256(),
        filter.bits,
        JSON.stringify(summary),
      ],
    );
    await this.#commit();
    this.isSealed = true;
    this.#tails.close();
    return head;
  }

  /** Undoes everything. Never throws: when the connection is gone the server does it by itself. */
  async abandon(): Promise<void> {
    this.#thread.stop();
    this.#tails.close();
    await this.#copy.abandon();
    await rollback(this.#database);
  }

  async #commit(): Promise<void> {
    try {
      await this.#database.query('commit');
    } catch (cause) {
      if (!(cause instanceof FangbangError) || cause.code !== 'database-away') throw cause;
      throw new FangbangError(
        'database-away',
        `the connection broke off while batch ${this.number} was being committed: it may be there or not`,
        { hint: `fangbang status shows whether batch ${this.number} is there; if not, load again`, cause },
      );
    }
  }
}

async function rollback(database: Database): Promise<void> {
  await database.client.query('rollback').catch(() => {});
}
