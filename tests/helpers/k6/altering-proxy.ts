/**
 * @module A proxy in front of the service that alters one mark in one answer: what a load test must find.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AlteringProxy {
  readonly url: string;
  /** Answers altered so far. */
  readonly altered: () => number;
  /** Candidate numbers of all lookups so far. */
  readonly candidateNumbers: () => readonly string[];
  readonly close: () => Promise<void>;
}

/** Raises the first score of the n-th found result by one; all else goes through as it is. */
export async function startAlteringProxy(target: string, nthResult: number): Promise<AlteringProxy> {
  let results = 0;
  let altered = 0;
  const numbers: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void forward(Buffer.concat(chunks)));

    const forward = async (body: Buffer): Promise<void> => {
      const number = /"candidateNumber":"([^"]*)"/.exec(body.toString())?.[1];
      if (number !== undefined) numbers.push(number);
      const answer = await fetch(`${target}${request.url ?? ''}`, {
        method: request.method ?? 'GET',
        headers: {
          'content-type': request.headers['content-type'] ?? '',
          'x-forwarded-for': String(request.headers['x-forwarded-for'] ?? ''),
        },
        ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
      });
      let text = await answer.text();
      if (answer.status === 200 && request.method === 'POST') {
        results += 1;
        if (results === nthResult) {
          altered += 1;
          text = text.replace(/"score":(\d+)/, (_, score) => `"score":${Number(score) + 1}`);
        }
      }
      response.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type') ?? '',
        'cache-control': answer.headers.get('cache-control') ?? '',
      });
      response.end(text);
    };
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    altered: () => altered,
    candidateNumbers: () => numbers,
    close: async () => {
      server.closeAllConnections();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
