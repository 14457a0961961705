/**
 * @module One kept HTTP/1.1 connection, one request at a time, with as little between the clock and the socket as
 * Node allows: what a client sees of time and bytes.
 *
 * Failure policy: an answer that does not come within 10 s, breaks off, or says no length, rejects; the connection
 * is of no more use then.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  /** With names in lower case; the last one of a name. */
  readonly headers: ReadonlyMap<string, string>;
  /** The status line and headers as they came. */
  readonly head: string;
  readonly body: string;
  /** From the request's writing to the answer's last byte. */
  readonly tookNs: number;
}

const HEAD_END = '\r\n\r\n';
const ANSWER_WITHIN_MS = 10_000;

interface Waiting {
  readonly startedNs: bigint;
  readonly resolve: (answer: RawAnswer) => void;
  readonly reject: (fault: Error) => void;
}

export class KeptConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | undefined;
  #fault: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(ANSWER_WITHIN_MS);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('timeout', () => {
      // One that nobody asks may be as idle as it likes.
      if (this.#waiting !== undefined) this.#fail(new Error(`no answer within ${ANSWER_WITHIN_MS} ms`));
    });
    socket.on('error', (fault) => this.#fail(fault));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** Opens one to a port of 127.0.0.1. */
  static async open(port: number): Promise<KeptConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('error', reject);
    socket.once('connect', () => resolve());
    await promise;
    return new KeptConnection(socket);
  }

  /** Whether it can still be used. */
  get isOpen(): boolean {
    return this.#fault === undefined;
  }

  /** Sends a request as it goes over the wire. */
  ask(raw: string): Promise<RawAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    if (this.#waiting !== undefined) return Promise.reject(new Error('one request at a time'));
    this.#waiting = { startedNs: process.hrtime.bigint(), resolve, reject };
    this.#socket.write(raw);
    return promise;
  }

  close(): void {
    this.#fault ??= new Error('closed');
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const nowNs = process.hrtime.bigint();
    const received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = received;
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = received.toString('latin1', 0, headEnd);
    const headers = headersOf(head);
    // Node's own words when it gives a connection up (408) have no body and no length.
    const isLast = headers.get('connection')?.toLowerCase() === 'close';
    const length = Number(headers.get('content-length') ?? (isLast ? 0 : Number.NaN));
    if (!Number.isInteger(length))
      return this.#fail(new Error(`an answer without its length: ${head.slice(0, 40)}`));
    const end = headEnd + HEAD_END.length + length;
    if (received.length < end) return;
    this.#received = received.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (isLast) this.close();
    waiting?.resolve({
      status: Number(head.slice(9, 12)),
      headers,
      head,
      body: received.toString('utf8', headEnd + HEAD_END.length, end),
      tookNs: Number(nowNs - waiting.startedNs),
    });
  }

  #fail(fault: Error): void {
    this.#fault ??= fault;
    this.#socket.destroy();
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(fault);
  }
}

function headersOf(head: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return headers;
}
