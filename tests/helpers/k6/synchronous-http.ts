/**
 * @module HTTP that blocks, as k6's does: another thread sends, this one sleeps until the answer is there.
 *
 * Failure policy: no connection, a connection cut or a timeout is status 0 with a message, never an exception.
 */
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';

export interface PlainRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
}

export interface PlainResponse {
  /** 0 when there was none. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error: string;
  /** From sending to the last byte. */
  readonly durationMs: number;
}

const { port1: ours, port2: theirs } = new MessageChannel();
const answered = new Int32Array(new SharedArrayBuffer(4));
const worker = new Worker(new URL('./http-worker.ts', import.meta.url), {
  workerData: { port: theirs, answered },
  transferList: [theirs],
});
worker.unref();
ours.unref();

/** Sends one request and returns its answer. */
export function requestSync(request: PlainRequest): PlainResponse {
  Atomics.store(answered, 0, 0);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's.
  ours.postMessage(request);
  // The other thread keeps the timeout; the second one here is against a dead thread.
  if (Atomics.wait(answered, 0, 0, request.timeoutMs + 10_000) === 'timed-out')
    throw new Error('the thread that sends requests does not answer');
  const reply: { message: PlainResponse } | undefined = receiveMessageOnPort(ours);
  if (reply === undefined) throw new Error('the thread that sends requests gave no answer');
  return reply.message;
}
