/**
 * @module One `npm start` per checkout at a time, since two would share ports, logs and data.
 *
 * Failure policy: a second one is a SetupError. The claim is a socket that the system itself takes back when
 * the process ends, however it ends, so nothing stale can be in the way.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupError, faultCode } from './setup-error.ts';

/** Claims the checkout until the process ends; returns the function that gives it back. */
export async function claimCheckout(checkout: string): Promise<() => void> {
  const path = claimPath(checkout);
  const server = createServer();
  if (!(await listens(server, path))) {
    if (await answers(path)) throw alreadyRunning(checkout);
    // Outside Linux the name is a file, which a killed process leaves.
    rmSync(path, { force: true });
    if (!(await listens(server, path))) throw alreadyRunning(checkout);
  }
  server.unref();
  return () => {
    server.close();
  };
}

function alreadyRunning(checkout: string): SetupError {
  return new SetupError(
    `Another "npm start" runs in ${checkout}: use that one, or stop it with Ctrl-C first.`,
  );
}

/** Linux has names without a file ("abstract" sockets); a name of fixed length fits the 100 bytes that systems allow. */
function claimPath(checkout: string): string {
  const name = `fangbang-${createHash('sha256').update(checkout).digest('hex').slice(0, 16)}`;
  return process.platform === 'linux' ? `\0${name}` : join(tmpdir(), `${name}.sock`);
}

async function listens(server: Server, path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  server.once('error', (fault) => (faultCode(fault) === 'EADDRINUSE' ? resolve(false) : reject(fault)));
  server.listen(path, () => resolve(true));
  return await promise;
}

async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}
