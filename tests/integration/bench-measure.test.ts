/**
 * What a load has left in the stores is taken back before a server is checked.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { warmUp } from '../../loadtest/bench/measure.ts';

it('forgets wrong attempts before it asks, since some were counted after the last load had ended', async () => {
  const happened: string[] = [];
  const server = createServer((_request, response) => {
    happened.push('asked');
    response.end('{}');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const peer = { port, cores: [0], pid: process.pid, running: () => true, stop: () => Promise.resolve() };
  const load = {
    row: 'fangbang-bun-wrong' as const,
    requestsFile: () => '',
    sample: () => [{ method: 'GET', path: '/', headers: {}, body: '' } as const],
    right: () => true,
    forget: () => {
      happened.push('forgotten');
      return Promise.resolve();
    },
  };
  // Without a warming load only the check is left.
  await warmUp([peer], load, {
    wrk: { command: 'none', libraryFolders: [] },
    connections: 1,
    seconds: 1,
    warmUpSeconds: 0,
    stop: new AbortController().signal,
  });
  server.close();
  expect(happened).toEqual(['forgotten', 'asked']);
});
