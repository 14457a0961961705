/**
 * Sockets on Node.
 */
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Listener, ListenOptions } from './host.ts';
import { SHARED_BYTES } from './http1/answer-bytes.ts';
import type { Wire } from './http1/connection.ts';
import type { Http1Server } from './http1/server.ts';

/** A stream says `drain` when all of it is written: to see a slow reader's progress, it gets so much at a time. */
const SLICE_BYTES = 64 * 1024;

class NodeWire implements Wire {
  readonly #socket: Socket;
  #rest: Uint8Array | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  send(bytes: Buffer, size: number): boolean {
    // The string is the socket's own, which may write it when this has long returned.
    if (size <= SHARED_BYTES) return this.#socket.write(bytes.toString('latin1', 0, size), 'latin1');
    this.#rest = bytes.subarray(0, size);
    return this.sendRest();
  }

  sendAhead(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** @returns whether all of it has gone. */
  sendRest(): boolean {
    let hasGone = true;
    while (hasGone && this.#rest !== undefined) {
      const slice = this.#rest.subarray(0, SLICE_BYTES);
      this.#rest = slice.length < this.#rest.length ? this.#rest.subarray(SLICE_BYTES) : undefined;
      hasGone = this.#socket.write(slice);
    }
    return hasGone;
  }

  finish(): void {
    this.#socket.end();
  }

  close(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}

export async function listenOnNode(server: Http1Server, options: ListenOptions): Promise<Listener> {
  // Who has sent a request may end its side and still wants the answer.
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const wire = new NodeWire(socket);
    const connection = server.accept(wire);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    socket
      .on('data', (bytes: Buffer) => connection.received(bytes))
      .on('drain', () => {
        if (wire.sendRest()) connection.drained();
        else connection.progressed();
      })
      .on('end', () => connection.ended())
      .on('close', () => server.closed(connection))
      // It is closed next.
      .on('error', () => {});
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  listener.once('error', reject);
  listener.listen({ host: options.host, port: options.port, reusePort: options.reusePort }, () => resolve());
  await listening;
  // A connection that cannot be accepted (no more descriptors) is none of the program's; without a listener it ends it.
  listener.off('error', reject).on('error', () => {});
  const address = listener.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    stop: () => void listener.close(),
  };
}
