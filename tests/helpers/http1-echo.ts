/**
 * @module A program of its own behind service/host.ts, for tests of the server on either runtime:
 * `http1-echo.ts <limits as JSON> <most connections>`. It writes its port as a line of JSON, and on SIGTERM closes
 * as the service does.
 *
 * - `/echo` answers with what it understood of the request, as JSON; `/later` the same, one tick later.
 * - `/large?size=` answers with so many bytes of a pattern; `/text?size=` with so many characters of text.
 * - `/slow?ms=` answers so late.
 * - `/refused` answers by the head alone, whatever body follows.
 * - `/status?code=` answers with that status, and with a body whatever the status says of that.
 * - `/throws`, `/rejects`, `/refusal-throws`, `/never`: a program that breaks its contract.
 * - `/memory` answers with the process's memory, after what is garbage has been collected.
 */
import { listen } from '../../service/host.ts';
import type { Answer } from '../../service/http1/answer.ts';
import { makeAnswerKind } from '../../service/http1/answer.ts';
import type { ConnectionLimits } from '../../service/http1/connection.ts';
import type { BodyBytes, Endpoint, Program } from '../../service/http1/endpoint.ts';
import type { RequestHead } from '../../service/http1/request-head.ts';
import { largePattern } from './http1-pattern.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const plain = (status: number, body: Answer['body'], changing = {}): Answer => ({
  kind: makeAnswerKind(status, JSON_TYPE),
  changing,
  body,
});

function echo(head: RequestHead, { bytes, from, to }: BodyBytes): Answer {
  const { method, target } = head;
  const seen = { method, target, headers: head.headers(), body: bytes.toString('latin1', from, to) };
  return plain(200, JSON.stringify(seen));
}

function numberIn(head: RequestHead, name: string): number {
  return Number(new URL(head.target, 'http://server').searchParams.get(name));
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function settledMemory(): string {
  const { Bun: bun } = globalThis as { readonly Bun?: { gc(isNow: boolean): void } };
  if (bun === undefined) (globalThis as { readonly gc?: () => void }).gc?.();
  else bun.gc(true);
  const { rss, heapUsed, external } = process.memoryUsage();
  return JSON.stringify({ rss, live: heapUsed + external });
}

const ANSWERS: Readonly<Record<string, Endpoint['answer']>> = {
  '/echo': echo,
  '/later': async (head, body) => {
    await later(0);
    return echo(head, body);
  },
  '/large': (head) => plain(200, largePattern(numberIn(head, 'size'))),
  '/text': (head) => plain(200, '放'.repeat(numberIn(head, 'size')), { 'x-kind': 'text' }),
  '/slow': async (head) => {
    await later(numberIn(head, 'ms'));
    return plain(200, '"slow"');
  },
  '/status': (head) => plain(numberIn(head, 'code'), 'a body'),
  '/memory': () => plain(200, settledMemory()),
  '/throws': () => {
    throw new Error('thrown');
  },
  '/rejects': async () => {
    await later(0);
    throw new Error('rejected');
  },
  '/never': () => new Promise<Answer>(() => {}),
};

const REFUSALS: Readonly<Record<string, Endpoint['refusal']>> = {
  '/refused': () => plain(403, '"by the head alone"'),
  '/refused-later': async () => {
    await later(20);
    return plain(403, '"by the head alone"');
  },
  '/refusal-throws': () => {
    throw new Error('thrown');
  },
};

const program: Program = {
  endpointOf: ({ target }) => {
    const path = target.split('?')[0] ?? '';
    return {
      mostBodyBytes: 64 * 1024,
      refusal: (head) => REFUSALS[path]?.(head),
      answer: (head, body, peer) => (ANSWERS[path] ?? (() => plain(404, '"not here"')))(head, body, peer),
    };
  },
  refuse: (fault) => plain(fault, `"fault ${fault}"`),
  onAnswer: () => {},
};

const [limits = '{}', maxConnections = '1000'] = process.argv.slice(2);
const host = await listen({
  host: '127.0.0.1',
  port: 0,
  variable: 'PORT',
  maxConnections: Number(maxConnections),
  program,
  limits: JSON.parse(limits) as Partial<ConnectionLimits>,
});
process.stdout.write(`${JSON.stringify({ port: host.port })}\n`);
process.once('SIGTERM', () => {
  // What holds the process up after its end is a fault.
  void host.close({ drain: true }).then(() => process.stdout.write('closed\n'));
});
