/**
 * The only place that knows the runtime: Bun where it runs us, else Node.
 *
 * Failure policy: a port that cannot be had rejects with one sentence for a person. Closing lets
 * what is under way finish: for 600 ms answers carry `Connection: close`, so that clients with
 * kept connections go elsewhere (closing at once reset connections in 2 of 3 runs), then the port
 * closes; what is not over 5 s later is cut off.
 */
import { FangbangError } from '#results/errors.ts';
import type { Peer } from './http/caller.ts';

export interface HostOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The variable that chooses the port, for the sentence when it is taken. */
  readonly variable: string;
  /** Connections at once, where the runtime lets us say so (Node). */
  readonly maxConnections: number;
  /** Whether other processes may listen on the same port, too (Linux); not when left out. */
  readonly reusePort?: boolean;
  readonly fetch: (request: Request, peer: Peer) => Response | Promise<Response>;
}

export interface Host {
  readonly port: number;
  /** See the failure policy; without draining when nobody keeps connections that matter. */
  close(options: { drain: boolean }): Promise<void>;
}

/** What a runtime must be able to do for us. */
export interface RuntimeServer {
  readonly port: number;
  /** Takes no new connection; resolves when the last is gone. */
  stopListening(): Promise<void>;
  /** Cuts off what is left. */
  cutOff(): void;
}

/** Nobody of ours sends more; the page's forms and the official account's messages are far below. */
export const MOST_BODY_BYTES = 64 * 1024;

const DRAIN_MS = 600;
const FINISH_MS = 5_000;

export const runtimeName = process.versions['bun'] === undefined ? 'node' : 'bun';

/** Starts listening. @throws FangbangError `config-invalid` when the port cannot be had. */
export async function listen(options: HostOptions): Promise<Host> {
  let isDraining = false;
  const fetch = async (request: Request, peer: Peer): Promise<Response> => {
    const response = await options.fetch(request, peer);
    if (isDraining) response.headers.set('connection', 'close');
    return response;
  };
  const server = await startServer({ ...options, fetch });
  return {
    port: server.port,
    close: async ({ drain }) => {
      isDraining = true;
      if (drain) await sleep(DRAIN_MS);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          server.cutOff();
          resolve();
        }, FINISH_MS);
      });
      await Promise.race([server.stopListening(), late]);
      clearTimeout(timer);
    },
  };
}

async function startServer(options: HostOptions): Promise<RuntimeServer> {
  try {
    const start =
      runtimeName === 'bun'
        ? (await import('./host-bun.ts')).startOnBun
        : (await import('./host-node.ts')).startOnNode;
    return await start(options);
  } catch (cause) {
    throw refused(cause, options);
  }
}

function refused(cause: unknown, { host, port, variable }: HostOptions): unknown {
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
