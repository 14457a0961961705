/**
 * @module A way to a store on which every answer can be made to take longer.
 *
 * Failure policy: what is delayed keeps its order, also when the delay is changed; a connection that ends on one
 * side is ended on the other.
 */
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface SlowProxy {
  readonly port: number;
  /** Milliseconds for every answer from now on; 0 to begin with. */
  readonly setDelay: (delayMs: number) => void;
  readonly close: () => Promise<void>;
}

/** A proxy on 127.0.0.1 to a port there. */
export async function startSlowProxy(targetPort: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: '127.0.0.1', port: targetPort, noDelay: true });
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
    let before = Promise.resolve();
    const pass = async (bytes: string | Uint8Array, dueMs: number, after: Promise<void>): Promise<void> => {
      await after;
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) await sleep(leftMs);
      near.write(bytes);
    };
    far.on('data', (bytes) => {
      before = pass(bytes, performance.now() + delayMs, before);
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    setDelay: (milliseconds) => {
      delayMs = milliseconds;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
