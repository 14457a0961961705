/**
 * @module A Redis of our own: a cache that keeps nothing on the disk.
 *
 * Failure policy: what keeps it from starting is a SetupError with the path of its log. A Redis that a killed
 * run left is stopped first. It listens on 127.0.0.1 only and has no password, like the stock one.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './port.ts';
import { startChild, stopLeftOver, waitUntilReady, type Child } from './processes.ts';
import type { RedisProgram } from './redis-program.ts';
import { SetupError } from './setup-error.ts';

export interface RedisOptions {
  readonly program: RedisProgram;
  /** Its working folder, one server at a time. */
  readonly folder: string;
  readonly logFile: string;
  /** Exactly this port; without it `preferredPort` if it is free, else any. */
  readonly port?: number;
  readonly preferredPort?: number;
}

export interface Redis {
  /** redis:// URL without a database number. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Child['exited'];
  readonly signal: Child['signal'];
  readonly stop: () => Promise<void>;
}

/** A database number for each test file; Redis's own default is 16. */
export const redisDatabases = 256;

/** Starts Redis; it has answered PING when this returns. */
export async function startRedis(options: RedisOptions): Promise<Redis> {
  mkdirSync(options.folder, { recursive: true });
  const pidFile = join(options.folder, 'pid');
  await stopLeftOverServer(pidFile);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort(options.preferredPort));
    try {
      return await startOn(port, options, pidFile);
    } catch (fault) {
      // Somebody else may have taken the free port before the server did.
      if (options.port !== undefined || attempt === 3) throw fault;
    }
  }
}

async function startOn(port: number, options: RedisOptions, pidFile: string): Promise<Redis> {
  const { program, folder, logFile } = options;
  const child = await startChild({
    name: 'Redis',
    command: program.command,
    args: redisArguments(port, folder),
    env: {
      PATH: '/usr/bin:/bin',
      LC_ALL: 'C',
      ...(program.libraryFolders.length === 0 ? {} : { LD_LIBRARY_PATH: program.libraryFolders.join(':') }),
    },
    cwd: folder,
    logFile,
    stopSignals: [{ signal: 'SIGTERM', waitMs: 5_000 }],
  });
  writeFileSync(pidFile, `${child.pid} ${port}\n`);
  void child.exited.then(() => rmSync(pidFile, { force: true }));
  try {
    await waitUntilReady(child, () => answersPing(port), {
      timeoutMs: 15_000,
      failure: (why) => new SetupError(`Redis does not start on port ${port} (${why}): see ${logFile}.`),
    });
  } catch (fault) {
    await child.stop();
    throw fault;
  }
  const { pid, exited, signal, stop } = child;
  return { url: `redis://127.0.0.1:${port}`, port, pid, exited, signal, stop };
}

function redisArguments(port: number, folder: string): string[] {
  return [
    ['--port', String(port)],
    ['--bind', '127.0.0.1'],
    ['--dir', folder],
    ['--daemonize', 'no'],
    // A cache: nothing is saved, nothing is ever evicted; a full Redis refuses writes and the loader sees it.
    ['--save', ''],
    ['--appendonly', 'no'],
    ['--maxmemory-policy', 'noeviction'],
    ['--databases', String(redisDatabases)],
  ].flat();
}

/** PING by hand: the reply of an error (LOADING, say) counts as not ready. */
function answersPing(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setTimeout(1_000, () => socket.destroy());
  socket.once('connect', () => socket.write('PING\r\n'));
  socket.once('data', (reply) => {
    resolve(reply.toString().startsWith('+PONG'));
    socket.destroy();
  });
  socket.once('error', () => {});
  socket.once('close', () => resolve(false));
  return promise;
}

/** Redis sets its command line to "redis-server 127.0.0.1:PORT". */
async function stopLeftOverServer(pidFile: string): Promise<void> {
  if (!existsSync(pidFile)) return;
  const [pid, port] = readFileSync(pidFile, 'utf8').trim().split(' ');
  const title = `-server 127.0.0.1:${port}`;
  if (Number(pid) > 0) await stopLeftOver(Number(pid), (commandLine) => commandLine.includes(title));
  rmSync(pidFile, { force: true });
}
