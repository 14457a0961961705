/**
 * Sockets on Node.
 */
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Listener, ListenOptions } from './host.ts';
import type { Wire } from './http1/connection.ts';
import type { Http1Server } from './http1/server.ts';

class NodeWire implements Wire {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  send(head: string, body: string | Uint8Array): boolean {
    if (typeof body === 'string') return this.#socket.write(head + body);
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    const hasGone = this.#socket.write(body);
    this.#socket.uncork();
    return hasGone;
  }

  finish(): void {
    this.#socket.end();
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
    const connection = server.accept(new NodeWire(socket));
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    socket
      .on('data', (bytes: Buffer) => connection.received(bytes))
      .on('drain', () => connection.drained())
      .on('end', () => connection.ended())
      .on('close', () => server.closed(connection))
      // It is closed next.
      .on('error', () => {});
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  listener.once('error', reject);
  listener.listen({ host: options.host, port: options.port, reusePort: options.reusePort }, () => resolve());
  await listening;
  const address = listener.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    stop: () => void listener.close(),
  };
}
