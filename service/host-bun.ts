/**
 * Listening on Bun. Its types are stated here as far as they are used: the package of all of them
 * would change the types of the whole program.
 */
import type { HostOptions, RuntimeServer } from './host.ts';
import { MOST_BODY_BYTES } from './host.ts';

interface BunServer {
  readonly port: number;
  /** Resolves when the last connection is gone; `true` cuts them off. */
  stop(closeActiveConnections?: boolean): Promise<void>;
}

interface BunRuntime {
  serve(options: {
    hostname: string;
    port: number;
    /** Seconds without a byte. */
    idleTimeout: number;
    maxRequestBodySize: number;
    fetch: HostOptions['fetch'];
  }): BunServer;
}

export function startOnBun(options: HostOptions): Promise<RuntimeServer> {
  const { Bun } = globalThis as unknown as { readonly Bun: BunRuntime };
  const server = Bun.serve({
    hostname: options.host,
    port: options.port,
    idleTimeout: 65,
    maxRequestBodySize: MOST_BODY_BYTES,
    fetch: options.fetch,
  });
  return Promise.resolve({
    port: server.port,
    stopListening: () => server.stop(),
    cutOff: () => {
      void server.stop(true);
    },
  });
}
