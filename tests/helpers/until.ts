/**
 * @module Waiting for what comes by itself, such as the next poll. Generous: only what never comes fails.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when `holds` does; rejects after `atMostMs`, naming what was waited for. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  atMostMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + atMostMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${atMostMs} ms: ${what}`);
    await sleep(25);
  }
}
