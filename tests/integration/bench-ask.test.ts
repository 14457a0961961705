/**
 * Who is told "later" by a server is asked again, the others are not.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { askAgain } from '../../loadtest/bench/ask.ts';

it.each([
  [3, ['/0 200', '/1 200', '/2 200', '/3 200']],
  [2, ['/0 200', '/1 200', '/2 503', '/3 503']],
])(
  'with %i attempts each request is asked until it is taken or they are used up',
  async (attempts, taken) => {
    const asked = new Map<string, number>();
    // The request of each path is answered at its own number of attempts: /2 and /3 at the third.
    const neededAt = new Map([
      ['/0', 1],
      ['/1', 2],
      ['/2', 3],
      ['/3', 3],
    ]);
    const server = createServer(({ url = '' }, response) => {
      const times = (asked.get(url) ?? 0) + 1;
      asked.set(url, times);
      response.writeHead(times >= (neededAt.get(url) ?? 0) ? 200 : 503).end(url);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const requests = [...neededAt.keys()].map(
      (path) => ({ method: 'GET', path, headers: {}, body: '' }) as const,
    );
    const seen: string[] = [];
    await askAgain(
      (server.address() as AddressInfo).port,
      requests,
      attempts,
      ({ status, body }, place, isLast) => {
        expect(body).toBe(requests[place]?.path);
        if (status === 503 && !isLast) return 'again';
        seen.push(`${body} ${status}`);
        return undefined;
      },
    );
    server.close();
    expect(seen.toSorted()).toEqual(taken);
    expect([...asked.values()]).toEqual([...neededAt.values()].map((times) => Math.min(times, attempts)));
  },
);
