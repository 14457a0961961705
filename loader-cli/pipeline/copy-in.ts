/**
 * COPY … FROM STDIN (FORMAT binary) with back-pressure: rows are put into large pieces at once, and
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

  /** Adds a row in the binary format: 64 bytes, a small integer, a text and bytes. */
  addRow(digest: Buffer, credentialSet: number, candidateNumber: Buffer, payload: Buffer): void {
    const size = 2 + 4 + digest.length + 4 + 2 + 4 + candidateNumber.length + 4 + payload.length;
    if (this.#used + size + TRAILER.length > PIECE_BYTES) this.#send();
    const piece = this.#piece;
    let at = piece.writeInt16BE(4, this.#used);
    at = putField(piece, at, digest);
    at = piece.writeInt32BE(2, at);
    at = piece.writeInt16BE(credentialSet, at);
    at = putField(piece, at, candidateNumber);
    this.#used = putField(piece, at, payload);
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

function putField(piece: Buffer, at: number, bytes: Buffer): number {
  const from = piece.writeInt32BE(bytes.length, at);
  return from + bytes.copy(piece, from);
}
