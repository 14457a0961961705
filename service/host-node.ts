/**
 * Listening on Node, through Hono's adapter.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { HostOptions, RuntimeServer } from './host.ts';

/**
 * Milliseconds. Without the short interval of checks slow headers were cut off only after 30 s,
 * whatever headersTimeout said.
 */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 500,
} as const;

export async function startOnNode(options: HostOptions): Promise<RuntimeServer> {
  const server = createAdaptorServer({
    fetch: options.fetch,
    createServer,
    serverOptions: { ...TIMEOUTS, maxHeaderSize: 16 * 1024 },
  }) as Server;
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: options.host, port: options.port }, () => resolve());
  await listening;
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    stopListening: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeIdleConnections();
      }),
    cutOff: () => server.closeAllConnections(),
  };
}
