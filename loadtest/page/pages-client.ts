/**
 * @module HTTP/1.1 as cheap as it gets, so that one process can be thousands of pages: requests over kept
 * connections, one at a time on each, answers with a Content-Length.
 *
 * Failure policy: a connection that breaks, says something else, or is silent for 20 s answers `undefined`.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly retryAfterS: number | undefined;
  readonly body: Buffer;
}

const SILENCE_MS = 20_000;

export class PagesClient {
  readonly #host: string;
  readonly #port: number;
  readonly #path: string;
  readonly #free: Socket[] = [];
  readonly #all = new Set<Socket>();

  /** @param url of the service. */
  constructor(url: string, path: string) {
    const { hostname, port } = new URL(url);
    this.#host = hostname;
    this.#port = Number(port);
    this.#path = path;
  }

  /** Posts JSON; resolves with the answer, never rejects. */
  post(json: string): Promise<RawAnswer | undefined> {
    const socket = this.#free.pop() ?? this.#connect();
    const { promise, resolve } = Promise.withResolvers<RawAnswer | undefined>();
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (answer: RawAnswer | undefined): void => {
      socket.off('data', take).off('close', broken).off('timeout', broken);
      if (answer === undefined) socket.destroy();
      else this.#free.push(socket);
      resolve(answer);
    };
    const broken = (): void => end(undefined);
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      length += chunk.length;
      const answer = readAnswer(chunks.length === 1 ? chunk : Buffer.concat(chunks, length));
      if (answer !== 'more') end(answer);
    };
    socket.on('data', take).once('close', broken).once('timeout', broken);
    socket.write(
      `POST ${this.#path} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`,
    );
    return promise;
  }

  close(): void {
    for (const socket of this.#all) socket.destroy();
  }

  #connect(): Socket {
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    socket.setTimeout(SILENCE_MS);
    // What happens to a free connection shows when it is used.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#all.delete(socket);
      const at = this.#free.indexOf(socket);
      if (at >= 0) this.#free.splice(at, 1);
    });
    this.#all.add(socket);
    return socket;
  }
}

/** The answer, `more` when it is not whole yet, undefined when it is of another form. */
function readAnswer(bytes: Buffer): RawAnswer | 'more' | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return 'more';
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
  if (Number.isNaN(status) || Number.isNaN(length)) return undefined;
  const bodyAt = headEnd + 4;
  if (bytes.length < bodyAt + length) return 'more';
  const retryAfter = /\r\nretry-after: *(\d+)/i.exec(head)?.[1];
  return {
    status,
    retryAfterS: retryAfter === undefined ? undefined : Number(retryAfter),
    body: bytes.subarray(bodyAt, bodyAt + length),
  };
}
