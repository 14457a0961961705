/**
 * @module TCP ports on this machine.
 *
 * Failure policy: a port that can't be had is a SetupError that names it and says what to do.
 */
import { createServer } from 'node:net';
import { faultCode, SetupError } from './setup-error.ts';

/**
 * A port that nobody listens on now: `preferred` if it is free, else one that the system picks. Somebody may
 * take it before it is used, so callers try again.
 */
export async function freePort(preferred = 0, host = '127.0.0.1'): Promise<number> {
  try {
    return await listenOnce(preferred, host);
  } catch (fault) {
    if (preferred === 0) throw fault;
    return await listenOnce(0, host);
  }
}

/** Refuses a port that is taken or not allowed; `variable` is how a person chooses another one. */
export async function requireFreePort(port: number, host: string, variable: string): Promise<void> {
  try {
    await listenOnce(port, host);
  } catch (fault) {
    const code = faultCode(fault);
    const other = `${variable}=${port < 1024 ? port + 8000 : port + 1} npm start`;
    if (code === 'EADDRINUSE') {
      throw new SetupError(
        `Port ${port} on ${host} is taken: stop the program that listens there, or choose another port with "${other}".`,
      );
    }
    if (code === 'EACCES') {
      throw new SetupError(`Port ${port} is not allowed for this user: choose another one with "${other}".`);
    }
    throw new SetupError(`Nothing can listen on ${host} port ${port} (${code}): check HOST and ${variable}.`);
  }
}

function listenOnce(port: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once('error', reject);
  server.listen({ port, host, exclusive: true }, () => {
    const address = server.address();
    const got = typeof address === 'object' && address !== null ? address.port : port;
    server.close(() => resolve(got));
  });
  return promise;
}
