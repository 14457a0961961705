/**
 * @module A proxy in front of the service that holds every answer back for some milliseconds: a service slowed
 * on purpose, which a rehearsal must show.
 */
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';

export interface DelayingProxy {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Passes bytes on at once to the service and after `delayMs` back. */
export async function startDelayingProxy(target: string, delayMs: number): Promise<DelayingProxy> {
  const sockets = new Set<Socket>();
  const { hostname, port } = new URL(target);
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => setTimeout(() => near.write(bytes), delayMs));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
