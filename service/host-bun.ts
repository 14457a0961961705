/**
 * Sockets on Bun. Its types are stated here as far as they are used: the package of all of them
 * would change the types of the whole program.
 */
import { Outgoing } from './bun-outgoing.ts';
import type { Sender } from './bun-outgoing.ts';
import { SHARED_BYTES } from './http1/answer-bytes.ts';
import type { Connection, Wire } from './http1/connection.ts';
import type { Http1Server } from './http1/server.ts';
import type { Listener, ListenOptions } from './host.ts';

interface BunSocket {
  /** undefined: one too many, closed when it came. */
  data: BunWire | undefined;
  readonly remoteAddress: string | undefined;
  /** @returns how many bytes went out; less than there are: `drain` follows; -1: it is closed. */
  write(data: Uint8Array, at?: number, size?: number): number;
  /** FIN: the other side may still send. */
  shutdown(): void;
  /** Closed; the system sends what it has been given. */
  end(): void;
  /** Closed at once by a reset, which takes back what the other side does not have yet. */
  terminate(): void;
  pause(): void;
  resume(): void;
}

interface BunRuntime {
  listen(options: {
    hostname: string;
    port: number;
    reusePort: boolean;
    allowHalfOpen: boolean;
    socket: {
      open(socket: BunSocket): void;
      data(socket: BunSocket, bytes: Buffer): void;
      drain(socket: BunSocket): void;
      end(socket: BunSocket): void;
      close(socket: BunSocket): void;
      error(socket: BunSocket): void;
    };
  }): { readonly port: number; stop(closeActiveConnections?: boolean): void };
}

const outgoing = new Outgoing();

class BunWire implements Wire, Sender {
  readonly #socket: BunSocket;
  #rest: Uint8Array | undefined;
  /** Has an answer in `outgoing`. */
  #isKept = false;
  /** Whose wire it is: none until the server has taken it. */
  connection: Connection | undefined;
  /** Asked of the system once; it costs a call of its own. */
  #remoteAddress: string | undefined;

  constructor(socket: BunSocket) {
    this.#socket = socket;
  }

  get remoteAddress(): string | undefined {
    this.#remoteAddress ??= this.#socket.remoteAddress;
    return this.#remoteAddress;
  }

  send(bytes: Buffer, size: number): boolean {
    if (outgoing.add(this, bytes, size)) {
      this.#isKept = true;
      return false;
    }
    return this.#sendNow(bytes, 0, size);
  }

  sendAhead(bytes: Buffer): void {
    this.#sendNow(bytes, 0, bytes.length);
  }

  sendFrom(bytes: Buffer, from: number, to: number): void {
    this.#isKept = false;
    if (this.#sendNow(bytes, from, to)) this.connection?.drained();
    else this.connection?.progressed();
  }

  #sendNow(bytes: Buffer, from: number, to: number): boolean {
    const size = to - from;
    // Something of a 100 Continue is still here.
    const gone = this.#rest === undefined ? this.#socket.write(bytes, from, size) : 0;
    if (gone === size) return true;
    const left = bytes.subarray(from + Math.max(0, gone), to);
    const rest = size <= SHARED_BYTES ? Buffer.from(left) : left;
    this.#rest = this.#rest === undefined ? rest : Buffer.concat([this.#rest, rest]);
    return false;
  }

  /** @returns whether all of it has gone. */
  sendRest(): boolean {
    if (this.#rest !== undefined) {
      const gone = this.#socket.write(this.#rest);
      this.#rest = gone >= this.#rest.length ? undefined : this.#rest.subarray(Math.max(0, gone));
    }
    return this.#rest === undefined && !this.#isKept;
  }

  finish(): void {
    this.#socket.shutdown();
  }

  close(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}

export function listenOnBun(server: Http1Server, options: ListenOptions): Promise<Listener> {
  const { Bun } = globalThis as unknown as { readonly Bun: BunRuntime };
  const listener = Bun.listen({
    hostname: options.host,
    port: options.port,
    reusePort: options.reusePort,
    // Who has sent a request may end its side and still wants the answer.
    allowHalfOpen: true,
    socket: {
      open(socket) {
        const wire = new BunWire(socket);
        wire.connection = server.accept(wire);
        if (wire.connection === undefined) socket.terminate();
        else socket.data = wire;
      },
      data(socket, bytes) {
        socket.data?.connection?.received(bytes);
      },
      drain({ data: wire }) {
        if (wire?.sendRest() === true) wire.connection?.drained();
        else wire?.connection?.progressed();
      },
      end: (socket) => socket.data?.connection?.ended(),
      close({ data: wire }) {
        if (wire?.connection !== undefined) server.closed(wire.connection);
      },
      // It is closed next.
      error() {},
    },
  });
  return Promise.resolve({
    port: listener.port,
    stop: () => listener.stop(),
  });
}
