/**
 * @module How soon the service is itself again once the load has gone: honest visitors, a hundred a second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { rawRequest } from '../../../loadtest/bench/requests.ts';
import { KeptConnection } from '../common/kept-connection.ts';
import type { OverloadStage } from './stage.ts';

const WATCH_MS = 7_000;
const EVERY_MS = 10;
/** A visitor who waits no longer than this notices nothing. */
const NORMAL_MS = 100;

export interface Recovery {
  /** Milliseconds until the last visitor who was turned away or had to wait; 0: none. */
  readonly normalAfterMs: number;
  readonly visitors: number;
  readonly turnedAway: number;
  readonly slow: number;
  readonly wrong: number;
}

/** Watches it from now on. One answer in a hundred may be late: the machine has other things to do, too. */
export async function watchRecovery(
  { port, requests, answers }: Pick<OverloadStage, 'port' | 'requests' | 'answers'>,
  stop: AbortSignal,
): Promise<Recovery> {
  const startedMs = performance.now();
  const slowAtMs: number[] = [];
  let lastRefusedMs = 0;
  const seen = { visitors: 0, turnedAway: 0, slow: 0, wrong: 0 };
  let connection = await KeptConnection.open(port);
  for (let place = 0; performance.now() - startedMs < WATCH_MS; place += 1) {
    stop.throwIfAborted();
    const request = requests[place % requests.length];
    if (request === undefined) break;
    if (!connection.isOpen) connection = await KeptConnection.open(port);
    const answer = await connection.ask(rawRequest(request)).catch(() => undefined);
    const atMs = performance.now() - startedMs;
    seen.visitors += 1;
    if (answer?.status !== 200) {
      seen.turnedAway += 1;
      lastRefusedMs = atMs;
    } else if (answer.body !== answers[place % requests.length]) seen.wrong += 1;
    else if (answer.tookNs > NORMAL_MS * 1e6) {
      seen.slow += 1;
      slowAtMs.push(atMs);
    }
    await sleep(EVERY_MS);
  }
  connection.close();
  const forgiven = Math.floor(seen.visitors / 100);
  const lastSlowMs = slowAtMs.at(-1 - forgiven) ?? 0;
  return { ...seen, normalAfterMs: Math.round(Math.max(lastRefusedMs, lastSlowMs)) };
}
