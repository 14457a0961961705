/**
 * Listening on Bun. Its types are stated here as far as they are used: the package of all of them
 * would change the types of the whole program.
 */
import type { HostOptions, RuntimeServer } from './host.ts';
import { MOST_BODY_BYTES } from './host.ts';

interface BunServer {
  readonly port: number;
  /** Seconds for the rest of a request, and then for the next one on its connection. */
  timeout(request: Request, seconds: number): void;
  requestIP(request: Request): { readonly address: string } | null;
  /** Resolves when the last connection is gone; `true` cuts them off. */
  stop(closeActiveConnections?: boolean): Promise<void>;
}

interface BunRuntime {
  serve(options: {
    hostname: string;
    port: number;
    reusePort: boolean;
    /** Seconds without a byte. */
    idleTimeout: number;
    maxRequestBodySize: number;
    fetch(request: Request, server: BunServer): Promise<Response>;
  }): BunServer;
}

/** Seconds. A kept connection of a proxy lives so long without a request. */
const KEEP_ALIVE = 65;
/**
 * Seconds for the body of a request, however it trickles in: Bun counts in steps of 4, so it is cut
 * off after 4. For the headers Bun has its own 10, in the same steps: 12, and no setting.
 */
const BODY_WITHIN = 3;

export function startOnBun(options: HostOptions): Promise<RuntimeServer> {
  const { Bun } = globalThis as unknown as { readonly Bun: BunRuntime };
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    reusePort: options.reusePort === true,
    idleTimeout: KEEP_ALIVE,
    maxRequestBodySize: MOST_BODY_BYTES,
    async fetch(request, own) {
      const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
      if (hasBody) own.timeout(request, BODY_WITHIN);
      const response = await options.fetch(request, {
        address: () => own.requestIP(request)?.address,
      });
      if (!hasBody) return response;
      // Of a request that was turned away: Bun cuts off a kept connection with a body on it that nobody read.
      if (!request.bodyUsed) await request.arrayBuffer().catch(() => {});
      own.timeout(request, KEEP_ALIVE);
      return response;
    },
  });
  return Promise.resolve({
    port: server.port,
    stopListening: () => server.stop(),
    cutOff: () => {
      void server.stop(true);
    },
  });
}
