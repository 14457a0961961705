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
  // Whoever finds it taken learns by whom.
  const server = createServer((socket) => socket.on('error', () => {}).end(`process ${process.pid}`));
  if (!(await listens(server, path))) {
    const holder = await whoAnswers(path);
    if (holder !== undefined) throw alreadyRunning(checkout, holder);
    // Outside Linux the name is a file, which a killed process leaves.
    rmSync(path, { force: true });
    if (!(await listens(server, path))) throw alreadyRunning(checkout, 'just begun');
  }
  server.unref();
  return () => {
    server.close();
  };
}

function alreadyRunning(checkout: string, holder: string): SetupError {
  return new SetupError(
    `Another "npm start" (${holder}) runs in ${checkout}: use that one, or stop it with Ctrl-C first.`,
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

/** What the holder says of itself; undefined when nobody answers. */
async function whoAnswers(path: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const socket = connect(path);
  socket.setTimeout(2_000, () => resolve('busy'));
  socket.once('data', (name) => resolve(name.toString()));
  socket.once('error', () => resolve(undefined));
  const answer = await promise;
  socket.destroy();
  return answer;
}
