/**
 * @module Connections of autocannon 9.0.0 that send when they are told to. Left alone it sends each second's
 * requests of a connection in one burst, at one rate for the whole run, and waits with the next one until the
 * last is answered; a release has a step in its rate, and visitors who do not wait for each other. So its
 * connections and parsing are used, and what is sent when is ours. A connection is made when a request is due on
 * it, as a visitor's is: those of a waiting crowd, opened ahead, would be cut off by the service as too slow with
 * their first request.
 *
 * Failure policy: a request on a connection that breaks is answered with status 0. A connection is made at most
 * ten times a second. An autocannon that is built otherwise throws at the start.
 */
/* oxlint-disable no-underscore-dangle -- autocannon's names. */
import { Socket } from 'node:net';
import autocannon from 'autocannon';
import type { VisitResponse } from '../profiles/judge.ts';
import { readWholeCharacters } from './whole-bodies.ts';

/** A request that was sent. */
export interface Pending {
  /** Called once: with the answer, or with status 0. */
  readonly onAnswer: (response: VisitResponse) => void;
}

export interface Connections {
  /** Whether one is free. */
  readonly isFree: () => boolean;
  /** Sends on the connection that has been free the longest; only when one is. */
  readonly send: (http: string, pending: Pending) => void;
  /** Breaks the connection of a request that took too long: status 0. */
  readonly giveUp: (pending: Pending) => void;
  /** Connections that broke with a request under way, or could not be made, so far. */
  readonly broken: () => number;
  readonly close: () => Promise<void>;
}

/** The parts of autocannon's Client that are used. */
interface Client {
  readonly pipelinedRequests: { insertRequest: (request: object) => void };
  conn: Socket;
  destroyed: boolean;
  _doRequest: () => void;
  _connect: () => void;
  _destroyConnection: () => void;
}

interface Slot {
  readonly client: Client;
  /** Autocannon's own. */
  readonly connect: () => void;
  pending: Pending | undefined;
  /** The service said that it will close this connection. */
  isClosing: boolean;
  isConnected: boolean;
  connectedAtMs: number;
  freeSinceMs: number;
}

/** No reconnecting in a tight loop while a service is away. */
const RECONNECT_MS = 100;
/** The next visitor comes on a connection of their own: Node's servers close one that rests 5 s, ours 65 s. */
const REUSE_WITHIN_MS = 4_000;
/** Longer than any run: autocannon's own timer would also break connections that merely rest. */
const NEVER_SECONDS = 1_000_000;

const UNANSWERED: VisitResponse = { status: 0, headers: {}, body: '' };

/**
 * Connections to one address, made when they are needed.
 * @param onFree called when one becomes free.
 */
export function openConnections(url: string, count: number, onFree: () => void): Connections {
  const free: Slot[] = [];
  const byPending = new Map<Pending, Slot>();
  let broken = 0;

  const answer = (slot: Slot, response: VisitResponse): void => {
    const { pending } = slot;
    slot.pending = undefined;
    if (pending === undefined) return;
    byPending.delete(pending);
    pending.onAnswer(response);
  };
  const lose = (slot: Slot): void => {
    const at = free.indexOf(slot);
    if (at >= 0) free.splice(at, 1);
    answer(slot, UNANSWERED);
  };
  const rest = (slot: Slot): void => {
    if (slot.client.destroyed || slot.pending !== undefined || slot.isClosing || free.includes(slot)) return;
    slot.freeSinceMs = performance.now();
    free.push(slot);
    onFree();
  };

  const settled = Promise.withResolvers<void>();
  const instance = autocannon(
    {
      url,
      connections: count,
      duration: NEVER_SECONDS,
      timeout: NEVER_SECONDS,
      sampleInt: 100,
      skipAggregateResult: true,
      setupClient: (one) => {
        const client: unknown = one;
        if (!isClient(client))
          throw new Error('autocannon is not the version that the lockfile names: run "npm ci".');
        readWholeCharacters(client);
        const slot: Slot = {
          client,
          connect: client._connect.bind(client),
          pending: undefined,
          isClosing: false,
          isConnected: false,
          connectedAtMs: -Infinity,
          freeSinceMs: 0,
        };
        // What is closed before it was ever needed.
        client.conn = new Socket();
        client._doRequest = () => rest(slot);
        // At the beginning, and when a connection has ended.
        client._connect = () => {
          if (slot.pending !== undefined) broken += 1;
          // The end of a connection may be told twice; the second time, another one may be there.
          client._destroyConnection();
          slot.isConnected = false;
          slot.isClosing = false;
          lose(slot);
          const waitMs = slot.connectedAtMs + RECONNECT_MS - performance.now();
          if (waitMs <= 0) rest(slot);
          else setTimeout(rest, waitMs, slot);
        };
      },
    },
    () => settled.resolve(),
  );

  const send = (http: string, pending: Pending): void => {
    const slot = free.shift();
    if (slot === undefined) throw new Error('no connection is free');
    slot.pending = pending;
    byPending.set(pending, slot);
    const nowMs = performance.now();
    if (slot.isConnected && nowMs - slot.freeSinceMs > REUSE_WITHIN_MS) {
      slot.client._destroyConnection();
      slot.isConnected = false;
    }
    if (!slot.isConnected) {
      slot.isConnected = true;
      slot.connectedAtMs = nowMs;
      slot.connect();
    }
    slot.client.pipelinedRequests.insertRequest({
      onResponse: (status: number, body: string, _context: object, headers: Record<string, unknown>) => {
        slot.isClosing = String(headers['Connection'] ?? headers['connection']).toLowerCase() === 'close';
        answer(slot, { status, headers, body });
      },
    });
    slot.client.conn.write(http);
  };
  return {
    isFree: () => free.length > 0,
    send,
    giveUp: (pending) => byPending.get(pending)?.client._connect(),
    broken: () => broken,
    close: async () => {
      instance.stop();
      await settled.promise;
    },
  };
}

/** The bytes of a request of HTTP/1.1. */
export function httpText(
  host: string,
  basePath: string,
  request: { method: string; path: string; headers: Readonly<Record<string, string>>; body?: string },
): string {
  const { method, path, headers, body = '' } = request;
  let head = `${method} ${basePath}${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: keep-alive\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  if (method !== 'GET') head += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return `${head}\r\n${body}`;
}

function isClient(value: unknown): value is Client {
  if (typeof value !== 'object' || value === null) return false;
  const queue = 'pipelinedRequests' in value ? value.pipelinedRequests : undefined;
  return (
    ['_doRequest', '_connect', '_destroyConnection'].every(
      (name) => typeof Reflect.get(value, name) === 'function',
    ) &&
    'destroyed' in value &&
    typeof queue === 'object' &&
    queue !== null &&
    'insertRequest' in queue
  );
}
