/**
 * @module A client that is nothing but a socket: it sends what no client library would, and reads answers to
 * their last byte.
 */
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');

export class RawClient {
  readonly socket: Socket;
  /** When nothing more comes: ended by the other side, or the code of the error that ended it. */
  readonly over: Promise<string>;
  #pieces: Buffer[] = [];
  #received: Buffer = Buffer.alloc(0);
  #isOver = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    this.over = new Promise((resolve) => {
      const end = (how: string): void => {
        this.#isOver = true;
        this.#wake();
        resolve(how);
      };
      socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'error'));
      socket.once('end', () => end('ended'));
      socket.once('close', () => end('closed'));
    });
    socket.on('data', (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.#wake();
    });
  }

  send(data: string | Uint8Array): this {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
    return this;
  }

  /** What has come and was not read as an answer. */
  get rest(): Buffer {
    if (this.#pieces.length > 0) {
      this.#received = Buffer.concat([this.#received, ...this.#pieces]);
      this.#pieces = [];
    }
    return this.#received;
  }

  /** The next answer. @throws Error when the connection is over before its end. */
  async answer(method = 'GET'): Promise<RawAnswer> {
    const end = await this.#until(() => this.rest.indexOf(HEAD_END));
    const [line = '', ...lines] = this.rest.toString('latin1', 0, end).split('\r\n');
    const headers: Record<string, string> = {};
    for (const text of lines) {
      const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(text) ?? [];
      headers[name] = value;
    }
    const status = Number(/^HTTP\/1\.1 (\d{3}) [A-Za-z ]+$/.exec(line)?.[1]);
    const hasBody = method !== 'HEAD' && status !== 204 && status !== 304 && status >= 200;
    const from = end + HEAD_END.length;
    const to = from + (hasBody ? Number(headers['content-length']) : 0);
    await this.#until(() => (this.#length() >= to ? 0 : -1));
    const body = this.rest.subarray(from, to);
    this.#received = this.rest.subarray(to);
    return { status, headers, body };
  }

  destroy(): void {
    this.socket.destroy();
  }

  #length(): number {
    return this.#pieces.reduce((sum, { length }) => sum + length, this.#received.length);
  }

  async #until(found: () => number): Promise<number> {
    for (;;) {
      const at = found();
      if (at >= 0) return at;
      if (this.#isOver) {
        const rest = this.rest.toString('latin1', 0, 200);
        throw new Error(`over before the answer's end (${await this.over}), after: ${rest}`);
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** A client whose connection stands; it may end its own side and go on reading. */
export function connectTo(port: number): Promise<RawClient> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new RawClient(socket));
    });
  });
}

/** One answer to what is sent over a connection of its own. */
export async function ask(port: number, data: string | Uint8Array, method?: string): Promise<RawAnswer> {
  const client = await connectTo(port);
  try {
    return await client.send(data).answer(method);
  } finally {
    client.destroy();
  }
}

/** A request with Host. @param lines further headers. */
export function request(line: string, lines: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: server', ...lines, '', body].join('\r\n');
}
