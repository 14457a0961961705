/**
 * @module The thread behind synchronous-http.ts.
 */
import { Agent, request as send } from 'node:http';
import { performance } from 'node:perf_hooks';
import { workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { PlainRequest, PlainResponse } from './synchronous-http.ts';

const { port, answered }: { port: MessagePort; answered: Int32Array } = workerData;
const agent = new Agent({ keepAlive: true });

port.on('message', (request: PlainRequest) => void serve(request));

async function serve(request: PlainRequest): Promise<void> {
  const response = await answer(request);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is a window's.
  port.postMessage(response);
  Atomics.store(answered, 0, 1);
  Atomics.notify(answered, 0);
}

function answer(plain: PlainRequest): Promise<PlainResponse> {
  const { promise, resolve } = Promise.withResolvers<PlainResponse>();
  const startedMs = performance.now();
  const durationMs = (): number => performance.now() - startedMs;
  const failed = (fault: Error): void =>
    resolve({ status: 0, headers: {}, body: '', error: fault.message, durationMs: durationMs() });
  const outgoing = send(
    plain.url,
    {
      agent,
      method: plain.method,
      headers: {
        ...plain.headers,
        ...(plain.body === undefined ? {} : { 'Content-Length': Buffer.byteLength(plain.body) }),
      },
      signal: AbortSignal.timeout(plain.timeoutMs),
    },
    (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('error', failed);
      incoming.once('end', () => {
        const headers = Object.fromEntries(
          Object.entries(incoming.headers).map(([name, value]) => [
            name,
            Array.isArray(value) ? value.join(', ') : (value ?? ''),
          ]),
        );
        const body = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers, body, error: '', durationMs: durationMs() });
      });
    },
  );
  outgoing.once('error', failed);
  outgoing.end(plain.body);
  return promise;
}
