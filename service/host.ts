/**
 * The only place that knows the runtime: Bun where it runs us, else Node. Either gives sockets; what is said
 * over them is service/http1's.
 *
 * Failure policy: a port that cannot be had rejects with one sentence for a person. Closing lets
 * what is under way finish: for 600 ms answers carry `Connection: close`, so that clients with
 * kept connections go elsewhere (closing at once reset connections in 2 of 3 runs), then the port
 * closes; what is not over 5 s later is cut off.
 */
import { FangbangError } from '#results/errors.ts';
import type { ConnectionLimits } from './http1/connection.ts';
import type { Program } from './http1/endpoint.ts';
import { Http1Server } from './http1/server.ts';

export interface HostOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The variable that chooses the port, for the sentence when it is taken. */
  readonly variable: string;
  /** At once. */
  readonly maxConnections: number;
  /** Whether other processes may listen on the same port, too (Linux); not when left out. */
  readonly reusePort?: boolean;
  readonly program: Program;
  /** Others than the server's own. */
  readonly limits?: Partial<ConnectionLimits>;
}

export interface Host {
  readonly port: number;
  /** See the failure policy; without draining when nobody keeps connections that matter. */
  close(options: { drain: boolean }): Promise<void>;
}

/** What a runtime is asked for. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
}

/** Gives the server its sockets. */
export interface Listener {
  readonly port: number;
  /** Takes no new connection. */
  stop(): void;
}

const DRAIN_MS = 600;
const FINISH_MS = 5_000;

export const runtimeName = process.versions['bun'] === undefined ? 'node' : 'bun';

/** Starts listening. @throws FangbangError `config-invalid` when the port cannot be had. */
export async function listen({ reusePort = false, ...options }: HostOptions): Promise<Host> {
  const { program, maxConnections, limits } = options;
  const server = new Http1Server({ program, mostConnections: maxConnections, limits });
  const listener = await startListening(server, { ...options, reusePort });
  return {
    port: listener.port,
    close: async ({ drain }) => {
      server.drain();
      if (drain) await sleep(DRAIN_MS);
      listener.stop();
      const timer = setTimeout(() => server.cutOff(), FINISH_MS);
      await server.close();
      clearTimeout(timer);
    },
  };
}

async function startListening(
  server: Http1Server,
  options: ListenOptions & { readonly variable: string },
): Promise<Listener> {
  try {
    const start =
      runtimeName === 'bun'
        ? (await import('./host-bun.ts')).listenOnBun
        : (await import('./host-node.ts')).listenOnNode;
    return await start(server, options);
  } catch (cause) {
    await server.close();
    throw refused(cause, options);
  }
}

function refused(
  cause: unknown,
  { host, port, variable }: ListenOptions & { readonly variable: string },
): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    return new FangbangError(
      'config-invalid',
      `port ${port} on ${host} is taken: stop the program that listens there, or set ${variable} to a free port`,
      { cause },
    );
  }
  if (code === 'EACCES') {
    return new FangbangError(
      'config-invalid',
      `port ${port} on ${host} is not allowed for this user: set ${variable} to a port from 1024 on`,
      { cause },
    );
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new FangbangError('config-invalid', `${host} is no address of this machine: set HOST to one`, {
      cause,
    });
  }
  return cause;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
