/**
 * Rows → entries in a thread of their own, beside the one that reads the file: to digest a row takes about as long as
 * to read it. A load of a few rows is done without the thread, whose start takes longer.
 *
 * Failure policy: what goes wrong in the thread, or in taking what it made, is thrown by the next `drained` or `end`.
 */
import { Worker } from 'node:worker_threads';
import type { EntryBlock, EntryRecipe } from './entries.ts';
import { makeEntries } from './entries.ts';

/** Some 3,000 gaokao rows: enough that handing it over does not count. */
const BLOCK_BYTES = 256 * 1024;
/** Blocks that were handed over and did not come back: beyond it the reader waits. */
const MOST_BLOCKS = 4;

export class EntryThread {
  readonly #recipe: EntryRecipe;
  readonly #take: (made: EntryBlock) => void;
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;
  #worker: Worker | undefined;
  #waiting = 0;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** @param take gets the entries of a block, in the order of the rows. */
  constructor(recipe: EntryRecipe, take: (made: EntryBlock) => void) {
    this.#recipe = recipe;
    this.#take = take;
  }

  /** @param row as `rowBytes` gives it; copied. */
  add(row: Buffer): void {
    if (this.#used + 4 + row.length > this.#block.length) this.#send(Math.max(BLOCK_BYTES, 4 + row.length));
    this.#block.writeUInt32BE(row.length, this.#used);
    this.#block.set(row, this.#used + 4);
    this.#used += 4 + row.length;
  }

  /** Waits until few enough rows are on their way. @throws what went wrong in the thread. */
  async drained(): Promise<void> {
    await this.#until(MOST_BLOCKS);
  }

  /** Waits for the entries of all rows. @throws as `drained`. */
  async end(): Promise<void> {
    if (this.#worker === undefined) {
      if (this.#used > 0) this.#take(makeEntries(this.#recipe, this.#block.subarray(0, this.#used)));
      this.#used = 0;
      return;
    }
    this.#send(0);
    await this.#until(0);
    this.stop();
  }

  /** Ends the thread, whatever it does. */
  stop(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #until(blocks: number): Promise<void> {
    while (this.#waiting > blocks && this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
  }

  #send(nextBytes: number): void {
    if (this.#used > 0) {
      this.#worker ??= this.#start();
      const block = this.#block.subarray(0, this.#used);
      this.#worker.postMessage(block, [block.buffer]);
      this.#waiting += 1;
    }
    this.#block = Buffer.allocUnsafeSlow(nextBytes);
    this.#used = 0;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./entry-worker.ts', import.meta.url), { workerData: this.#recipe });
    const fail = (error: unknown): void => {
      this.#error ??= error instanceof Error ? error : new Error(String(error));
      this.#wake?.();
    };
    worker.on('message', (made: EntryBlock) => {
      // Stopped, or failed: nobody wants it any more.
      if (this.#worker !== worker || this.#error !== undefined) return;
      this.#waiting -= 1;
      try {
        this.#take(made);
      } catch (error) {
        // A full disk, say: thrown from here it would end the process without a word of ours.
        fail(error);
      }
      this.#wake?.();
    });
    worker.on('error', fail);
    worker.on('messageerror', fail);
    return worker;
  }
}
