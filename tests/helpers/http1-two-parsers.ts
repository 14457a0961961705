/**
 * @module The same bytes to our server and to Node's own in its strict mode, over sockets: what each of them
 * understood.
 */
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../service/host.ts';
import { listen } from '../../service/host.ts';
import { makeAnswerKind } from '../../service/http1/answer.ts';
import type { Endpoint } from '../../service/http1/endpoint.ts';

export interface Understood {
  readonly method: string;
  /** Path and query: Node leaves an absolute target as it came. */
  readonly target: string;
  /** Names in lower case, in their order. */
  readonly headers: readonly (readonly [string, string])[];
  /** Latin-1. */
  readonly body: string;
}

export interface TwoParsers {
  /** Requests that were understood to their last byte, by each. */
  read(
    bytes: Buffer,
  ): Promise<{ readonly ours: readonly Understood[]; readonly nodes: readonly Understood[] }>;
  close(): Promise<void>;
}

export async function startTwoParsers(): Promise<TwoParsers> {
  let ours: Understood[] = [];
  let nodes: Understood[] = [];
  const ourHost = await listenOurs((request) => ours.push(request));
  const patience = { ms: 2 };
  const nodesServer = await listenNodes((request) => nodes.push(request), patience);
  const readOnce = async (bytes: Buffer): Promise<void> => {
    ours = [];
    nodes = [];
    const ports = [ourHost.port, (nodesServer.address() as AddressInfo).port];
    await Promise.all(ports.map((port) => sendAndEnd(port, bytes)));
  };
  return {
    read: async (bytes) => {
      patience.ms = 2;
      await readOnce(bytes);
      // On a busy machine a moment may be too short.
      patience.ms = 200;
      if (nodes.length < ours.length) await readOnce(bytes);
      return { ours, nodes };
    },
    close: async () => {
      nodesServer.closeAllConnections();
      await Promise.all([
        ourHost.close({ drain: false }),
        new Promise((resolve) => nodesServer.close(resolve)),
      ]);
    },
  };
}

function listenOurs(understood: (request: Understood) => void): Promise<Host> {
  const answer = { kind: makeAnswerKind(200, {}), changing: {}, body: 'ok' };
  const endpoint: Endpoint = {
    mostBodyBytes: 100_000,
    refusal: () => undefined,
    answer: (head, body) => {
      const { method, target } = head;
      understood({
        method,
        target,
        headers: head.headers(),
        body: body.bytes.toString('latin1', body.from, body.to),
      });
      return answer;
    },
  };
  return listen({
    host: '127.0.0.1',
    port: 0,
    variable: 'PORT',
    maxConnections: 100,
    program: {
      endpointOf: () => endpoint,
      refuse: (fault) => ({ kind: makeAnswerKind(fault, {}), changing: {}, body: 'no' }),
      onAnswer: () => {},
    },
  });
}

async function listenNodes(
  understood: (request: Understood) => void,
  patience: { readonly ms: number },
): Promise<Server> {
  const server = createServer({ insecureHTTPParser: false }, (request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (request.complete) understood(asUnderstood(request, body));
      response.end('ok');
    });
  });
  // What it understood before the fault is told a moment later.
  server.on('clientError', (_, socket) => void sleep(patience.ms).then(() => socket.destroy()));
  Object.assign(server, { httpAllowHalfOpen: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function asUnderstood({ method = '', url = '', rawHeaders }: IncomingMessage, body: string): Understood {
  const headers: [string, string][] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    headers.push([(rawHeaders[i] ?? '').toLowerCase(), rawHeaders[i + 1] ?? '']);
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*\/?/i, '/');
  return { method, target, headers, body };
}

/** Resolves when the other side has ended the connection, whichever way. */
function sendAndEnd(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {}).once('close', () => resolve());
    socket.resume().end(bytes);
  });
}
