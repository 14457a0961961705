/**
 * Listening on Node, through Hono's adapter.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { HostOptions, RuntimeServer } from './host.ts';

/**
 * Milliseconds. Headers and body together have 5 s, however they trickle in. Without the short
 * interval of checks slow headers were cut off only after 30 s, whatever headersTimeout said.
 */
const TIMEOUTS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 500,
} as const;

/** Browsers send about 15, proxies add some. */
const MOST_HEADERS = 100;

/** While closing: a connection that is idle for so long is no request on its way. */
const CLOSE_IDLE_EVERY_MS = 250;

export async function startOnNode(options: HostOptions): Promise<RuntimeServer> {
  const server = createAdaptorServer({
    fetch: (request, { incoming }) =>
      options.fetch(request, { address: () => (incoming as IncomingMessage).socket.remoteAddress }),
    createServer,
    serverOptions: { ...TIMEOUTS, maxHeaderSize: 16 * 1024 },
  }) as Server;
  server.maxHeadersCount = MOST_HEADERS;
  server.maxConnections = options.maxConnections;
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: options.host, port: options.port, reusePort: options.reusePort === true }, () =>
    resolve(),
  );
  await listening;
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    stopListening: () =>
      new Promise((done) => {
        // Not the HTTP server's own close: it cuts off connections that have just been made and have
        // not sent their request yet (nodejs/node#60617). Those get a little time.
        const closeIdle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
        NetServer.prototype.close.call(server, () => {
          clearInterval(closeIdle);
          done();
        });
      }),
    cutOff: () => server.closeAllConnections(),
  };
}
