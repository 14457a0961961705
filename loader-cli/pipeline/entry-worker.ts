/**
 * The thread of entry-thread.ts: a block of rows in, its entries out, in the same order.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { makeEntries } from './entries.ts';
import type { EntryRecipe } from './entries.ts';

const recipe = workerData as EntryRecipe;
parentPort?.on('message', (block: Uint8Array<ArrayBuffer>) => {
  const made = makeEntries(recipe, Buffer.from(block.buffer, block.byteOffset, block.length));
  const given = [made.copy, made.tails, made.prints].map(({ buffer }) => buffer as ArrayBuffer);
  parentPort?.postMessage(made, given);
});
