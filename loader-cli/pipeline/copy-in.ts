/**
 * COPY … FROM STDIN (FORMAT binary) with back-pressure: rows are sent in large pieces, and
 * the caller waits now and then until what was handed over has left.
 *
 * Failure policy: an error of the server or of the connection ends the wait that is on, or the next
 * one. pg-copy-streams reports it by an event alone, and its `drain` then never comes.
 */
import type { Writable } from 'node:stream';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** One message of the protocol a piece: above 64 KB its head no longer counts. */
const PIECE_BYTES = 256 * 1024;

const SIGNATURE = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);

export class CopyIn {
  readonly #stream: Writable & { readonly rowCount: number };
  #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #used: number;
  #isFull = false;
  #isEnded = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param sql the COPY statement. */
  constructor(client: pg.Client, sql: string) {
    this.#stream = client.query(copyFrom(sql, { highWaterMark: 4 * PIECE_BYTES }));
    this.#stream.on('error', (error: Error) => {
      this.#error ??= error;
      this.#wake?.();
    });
    this.#stream.on('drain', () => {
      this.#isFull = false;
      this.#wake?.();
    });
    this.#used = SIGNATURE.copy(this.#piece, 0);
  }

  /** Adds rows in the binary format, without its head and tail. */
  add(rows: Uint8Array): void {
    for (let from = 0; from < rows.length;) {
      const count = Math.min(rows.length - from, this.#piece.length - TRAILER.length - this.#used);
      this.#piece.set(rows.subarray(from, from + count), this.#used);
      this.#used += count;
      from += count;
      if (from < rows.length) this.#send();
    }
  }

  /** Waits until the server takes more. @throws what the server or the connection said. */
  async drained(): Promise<void> {
    while (this.#isFull && this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /** Ends the COPY; answers the rows that the server counted. @throws as `drained`. */
  async end(): Promise<number> {
    await this.drained();
    this.#used += TRAILER.copy(this.#piece, this.#used);
    this.#send();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#stream.end(resolve);
    });
    if (this.#error !== undefined) throw this.#error;
    this.#isEnded = true;
    return this.#stream.rowCount;
  }

  /** Makes the server drop it all; the transaction is then good only for a rollback. Never throws. */
  async abandon(): Promise<void> {
    if (this.#error !== undefined || this.#isEnded) return;
    await new Promise<void>((resolve) => {
      this.#stream.once('close', resolve);
      this.#stream.destroy();
    });
  }

  #send(): void {
    if (this.#error === undefined) this.#isFull = !this.#stream.write(this.#piece.subarray(0, this.#used));
    this.#piece = Buffer.allocUnsafe(PIECE_BYTES);
    this.#used = 0;
  }
}
