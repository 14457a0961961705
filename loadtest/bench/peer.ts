/**
 * @module A contestant's server: started on a free port on the server's core, looked after like every child.
 *
 * Failure policy: one that does not get ready is a SetupError with the end of its log.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from '../../infra/local/port.ts';
import { startChild, waitUntilReady } from '../../infra/local/processes.ts';
import { SetupError } from '../../infra/local/setup-error.ts';
import { pinned } from './cores.ts';

export interface PeerOptions {
  /** How a person calls it. */
  readonly name: string;
  readonly cores: readonly number[];
  readonly logFile: string;
  readonly command: string;
  readonly args: readonly string[] | ((port: number) => readonly string[]);
  readonly env: NodeJS.ProcessEnv | ((port: number) => NodeJS.ProcessEnv);
  /** Errors count as no; without it, that somebody listens on the port is enough. */
  readonly isReady?: (port: number) => Promise<boolean>;
}

export interface RunningPeer {
  readonly port: number;
  readonly cores: readonly number[];
  readonly pid: number;
  readonly running: () => boolean;
  readonly stop: () => Promise<void>;
}

const READY_WITHIN_MS = 60_000;

/** Starts it and waits until it is ready. */
export async function startPeer(options: PeerOptions): Promise<RunningPeer> {
  const { name, cores, logFile, args, env } = options;
  const port = await freePort();
  const child = await startChild({
    name,
    ...pinned(cores, options.command, typeof args === 'function' ? args(port) : args),
    env: typeof env === 'function' ? env(port) : env,
    logFile,
    stopSignals: [{ signal: 'SIGTERM', waitMs: 3_000 }],
  });
  try {
    await waitUntilReady(
      child,
      async () =>
        (await listens(port)) && (options.isReady === undefined || (await saysYes(options.isReady, port))),
      {
        timeoutMs: READY_WITHIN_MS,
        failure: (why) => {
          const words = readFileSync(logFile, 'utf8').trim().split('\n').slice(-6).join('\n  ');
          return new SetupError(`${name} does not start (${why}):\n  ${words}`);
        },
      },
    );
  } catch (fault) {
    await child.stop();
    throw fault;
  }
  return { port, cores, pid: child.pid, running: child.running, stop: child.stop };
}

async function saysYes(isReady: (port: number) => Promise<boolean>, port: number): Promise<boolean> {
  try {
    return await isReady(port);
  } catch {
    return false;
  }
}

function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.once('connect', () => {
    resolve(true);
    socket.destroy();
  });
  socket.once('error', () => resolve(false));
  return promise;
}
