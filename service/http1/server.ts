/**
 * All connections of one port, whatever runtime accepts them: their number, their time limits, and their end.
 */
import type { ConnectionLimits, Shared, Wire } from './connection.ts';
import { Connection } from './connection.ts';
import type { Program } from './endpoint.ts';

export interface ServerSettings {
  readonly program: Program;
  /** At once; further ones are closed as they come. */
  readonly mostConnections: number;
  /** Others than LIMITS: tests do not wait for a minute. */
  readonly limits?: Partial<ConnectionLimits> | undefined;
}

export const LIMITS: ConnectionLimits = {
  // Browsers send about 1 KB, with cookies and proxies' additions 4.
  mostHeadBytes: 16 * 1024,
  requestWithinMs: 5_000,
  // A kept connection of a proxy; nginx closes its own after 60 s.
  idleMs: 65_000,
  takeWithinMs: 20_000,
};
/** How late a time limit may be. */
const SWEEP_MS = 250;
/** Part of the connections from which on nobody keeps one that is idle. */
const CROWDED = 0.75;

export class Http1Server {
  readonly #shared: Shared;
  readonly #mostConnections: number;
  readonly #connections = new Set<Connection>();
  readonly #sweeping: NodeJS.Timeout;
  #allGone: (() => void) | undefined;

  constructor({ program, mostConnections, limits }: ServerSettings) {
    this.#mostConnections = mostConnections;
    this.#shared = {
      program,
      limits: { ...LIMITS, ...limits },
      nowMs: 0,
      date: new Date().toUTCString(),
      isClosing: false,
    };
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** A connection for a new socket; undefined when there are too many. */
  accept(wire: Wire): Connection | undefined {
    if (this.#connections.size >= this.#mostConnections) return undefined;
    const connection = new Connection(wire, this.#shared);
    this.#connections.add(connection);
    return connection;
  }

  /** The socket of a connection is gone. */
  closed(connection: Connection): void {
    connection.closed();
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#allGone?.();
  }

  /** From now on each answer is the last of its connection. */
  drain(): void {
    this.#shared.isClosing = true;
  }

  /**
   * Ends what is idle, and all others with their answers; call it when no socket is accepted any more.
   * Connections that have just been made get a moment for the request that is on its way.
   * @returns when the last is gone.
   */
  async close(): Promise<void> {
    this.drain();
    await new Promise<void>((resolve) => {
      this.#allGone = resolve;
      setTimeout(() => {
        for (const connection of this.#connections) connection.close();
      }, SWEEP_MS);
      if (this.#connections.size === 0) resolve();
    });
    clearInterval(this.#sweeping);
  }

  /** Cuts off what is left. */
  cutOff(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  #sweep(): void {
    // No clock: a process that stood still for seconds would cut off all whose bytes it has not read yet.
    this.#shared.nowMs += SWEEP_MS;
    this.#shared.date = new Date().toUTCString();
    const { nowMs } = this.#shared;
    const isCrowded = this.#connections.size > CROWDED * this.#mostConnections;
    for (const connection of this.#connections) connection.expire(nowMs, isCrowded);
  }
}
