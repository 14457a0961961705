/**
 * @module A way to a store, or to the service, that tests and measurements can cut, stall and slow down: a TCP proxy
 * on 127.0.0.1. What comes back late keeps its order, also when the delay is changed.
 */
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface TcpProxy {
  readonly port: number;
  /** Breaks every connection and refuses new ones until `mend`. */
  readonly cut: () => void;
  /** Keeps every connection and passes nothing on until `mend`, as a store that hangs. */
  readonly stall: () => void;
  readonly mend: () => void;
  /** From now on every answer takes so many milliseconds more; 0 to begin with. */
  readonly delay: (milliseconds: number) => void;
  readonly close: () => Promise<void>;
}

/** A proxy to a port on 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let isStalled = false;
  let delayMs = 0;
  const server = createServer({ noDelay: true }, (near) => {
    if (isCut) {
      near.destroy();
      return;
    }
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
      if (isStalled) socket.pause();
    }
    near.on('data', (bytes) => far.write(bytes));
    let before: Promise<void> | undefined;
    const passLate = async (bytes: string | Uint8Array, dueMs: number, after = before): Promise<void> => {
      await after;
      await sleep(Math.max(0, dueMs - performance.now()));
      near.write(bytes);
    };
    far.on('data', (bytes) => {
      if (delayMs === 0 && before === undefined) near.write(bytes);
      else before = passLate(bytes, performance.now() + delayMs);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut: () => {
      isCut = true;
      breakAll();
    },
    stall: () => {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    delay: (milliseconds) => {
      delayMs = milliseconds;
    },
    mend: () => {
      isCut = false;
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      breakAll();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

/** The same URL with another port. */
export function throughProxy(url: string, proxy: Pick<TcpProxy, 'port'>): string {
  const changed = new URL(url);
  changed.hostname = '127.0.0.1';
  changed.port = String(proxy.port);
  return changed.href;
}
