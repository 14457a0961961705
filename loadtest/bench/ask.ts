/**
 * @module Requests asked one by one, their answers read whole: for the checks before a measurement.
 *
 * Failure policy: a request without an answer within 5 s rejects the whole.
 */
import { Agent, request as httpRequest } from 'node:http';
import type { BenchRequest } from './requests.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const AT_ONCE = 32;

/** Asks all, some at a time over kept connections; `use` gets each answer with the request's place. */
export async function askAll(
  port: number,
  requests: readonly BenchRequest[],
  use: (answer: Answer, place: number) => void,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const place = next;
      const request = requests[place];
      if (request === undefined) return;
      next += 1;
      use(await askOne(port, agent, request), place);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    agent.destroy();
  }
}

/**
 * Asks all, and those again of which `use` says so: a server that has just been started, or a busy machine's, says
 * 503 at times.
 * @param attempts in all; in the last one nobody is asked again, whatever `use` says.
 */
export async function askAgain(
  port: number,
  requests: readonly BenchRequest[],
  attempts: number,
  use: (answer: Answer, place: number, isLast: boolean) => 'again' | undefined,
): Promise<void> {
  let places = requests.map((_, place) => place);
  for (let attempt = 1; attempt <= attempts && places.length > 0; attempt += 1) {
    const asked = places;
    const again: number[] = [];
    const some = asked.flatMap((place) => requests[place] ?? []);
    await askAll(port, some, (answer, i) => {
      const place = asked[i] ?? 0;
      if (use(answer, place, attempt === attempts) === 'again') again.push(place);
    });
    places = again;
  }
}

async function askOne(port: number, agent: Agent, request: BenchRequest): Promise<Answer> {
  const { method, path, headers, body } = request;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const length = method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {};
  const sent = httpRequest({
    host: '127.0.0.1',
    port,
    agent,
    method,
    path,
    headers: { ...headers, ...length },
  });
  sent.setTimeout(5_000, () => sent.destroy(new Error('no answer within 5 s')));
  sent.once('error', reject);
  sent.once('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('error', reject);
    response.once('end', () => {
      const text = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
    });
  });
  sent.end(method === 'POST' ? body : undefined);
  return await promise;
}
