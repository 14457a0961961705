/**
 * Connections that lead nowhere: what they are given is read as a request, and of what they answer the status is
 * looked at.
 */
import type { Shared, Wire } from '../http1/connection.ts';
import { Connection } from '../http1/connection.ts';
import type { Program } from '../http1/endpoint.ts';
import { LIMITS } from '../http1/server.ts';

const FOUND = Buffer.from('HTTP/1.1 200 ');

export class PracticePlace implements Wire {
  readonly remoteAddress = '192.0.2.1';
  readonly #connections: readonly Connection[];
  #waiting = 0;
  #right = 0;
  #allAnswered: () => void = () => {};

  constructor(program: Program, connections: number) {
    const shared: Shared = { program, limits: LIMITS, nowMs: 0, date: '', isClosing: false };
    this.#connections = Array.from({ length: connections }, () => new Connection(this, shared));
  }

  /** Sends each request over a connection of its own. @returns how many were answered with a result. */
  async answers(requests: readonly string[]): Promise<number> {
    this.#waiting = requests.length;
    this.#right = 0;
    const answered = new Promise<void>((resolve) => {
      this.#allAnswered = resolve;
    });
    for (const [i, request] of requests.entries()) this.#connections[i]?.received(Buffer.from(request));
    await answered;
    return this.#right;
  }

  sendAhead(): void {}

  send(bytes: Buffer): boolean {
    this.#waiting -= 1;
    if (bytes.compare(FOUND, 0, FOUND.length, 0, FOUND.length) === 0) this.#right += 1;
    if (this.#waiting === 0) this.#allAnswered();
    return true;
  }

  finish(): void {}
  close(): void {}
  destroy(): void {}
  pause(): void {}
  resume(): void {}
}
