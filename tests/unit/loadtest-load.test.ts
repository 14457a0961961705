/**
 * @module The load itself, against small servers that behave badly in known ways.
 */
import { createServer } from 'node:http';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Candidate } from '../../loadtest/profiles/credentials-csv.ts';
import type { Mix, Phase } from '../../loadtest/profiles/profile.ts';
import { constantRate } from '../../loadtest/profiles/rate-curve.ts';
import { httpText, openConnections } from '../../loadtest/rehearse/connections.ts';
import { latenessOf, percentile, runFigures } from '../../loadtest/rehearse/figures.ts';
import type { LoadResult } from '../../loadtest/rehearse/load.ts';
import { preciseNowMs, runLoad } from '../../loadtest/rehearse/load.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(listener: RequestListener, options: ServerOptions = {}): Promise<string> {
  const server = createServer(options, listener);
  servers.push(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const PAGE = '<html></html>';
const page: RequestListener = (_request, response) => {
  response.setHeader('content-type', 'text/html');
  response.end(PAGE);
};

const PAGES: Mix = { first: 0, repeat: 0, wrong: 0, series: 0, page: 100, early: 0 };
const FIRSTS: Mix = { ...PAGES, page: 0, first: 100 };
const CANDIDATES: Candidate[] = Array.from({ length: 20 }, (_, i) => ({
  credentials: { candidateNumber: String(i), name: `n${i}` },
  expected: { candidate: { number: String(i), name: `n${i}` }, status: 'passed', components: [] },
}));
const found = (number: string): string =>
  JSON.stringify({
    series: { id: 's1' },
    batch: { number: 1 },
    candidate: { number, name: `n${number}` },
    status: { code: 'passed' },
    components: [],
  });

interface Run {
  readonly rate: number;
  readonly seconds: number;
  readonly mix?: Mix;
  readonly connections?: number;
  readonly timeoutMs?: number;
  readonly stop?: AbortSignal;
}

async function load(
  url: string,
  { rate, seconds, mix = PAGES, connections = 50, timeoutMs = 2_000, stop }: Run,
): Promise<LoadResult & { wrong: string[] }> {
  const phases: Phase[] = [{ name: 'p', curve: constantRate(rate, seconds), mix }];
  const wrong: string[] = [];
  const result = await runLoad(
    {
      phases,
      seed: 1,
      part: { index: 0, of: 1 },
      startAtMs: preciseNowMs() + 100,
      timeoutMs,
      url,
      series: { id: 's1', credentialSets: [['candidateNumber', 'name']], releaseAtMs: undefined },
      candidates: CANDIDATES,
      stop: stop ?? new AbortController().signal,
      requestsBefore: 0,
      onWrong: (what) => wrong.push(what),
    },
    (onFree) => openConnections(url, connections, onFree),
  );
  return { ...result, wrong };
}

test('every request that is due is sent once and answered once', async () => {
  let served = 0;
  const url = await listen((request, response) => {
    served += 1;
    page(request, response);
  });
  const { columns, due, failures } = await load(url, { rate: 200, seconds: 1 });
  expect([served, columns.kind.length]).toEqual([due, due]);
  expect(Math.abs(due - 200)).toBeLessThan(5 * Math.sqrt(200));
  expect(failures.size).toBe(0);
  expect(runFigures(columns, due, 1)).toMatchObject({ requests: due, honestSuccess: 1, wrongAnswers: 0 });
});

test('who is due while the service stands still has waited from then on, though nothing could be sent', async () => {
  // One connection, as a closed load would have it; the first answer takes 600 ms, all others none.
  let isFirst = true;
  const url = await listen((request, response) => {
    setTimeout(() => page(request, response), isFirst ? 600 : 0);
    isFirst = false;
  });
  const { columns, due } = await load(url, { rate: 100, seconds: 1, connections: 1 });
  expect(columns.kind.length).toBe(due);
  const waits = columns.lagMs.map((lag, i) => lag + (columns.tookMs[i] ?? 0)).sort();
  // About sixty were due meanwhile; what was measured from sending would show one.
  expect(waits.filter((ms) => ms > 100).length).toBeGreaterThan(30);
  expect(columns.tookMs.filter((ms) => ms > 500).length).toBe(1);
  expect(latenessOf(columns).waitedShare).toBeGreaterThan(0.3);
});

test('many connections keep sending while one answer is slow', async () => {
  let isFirst = true;
  const url = await listen((request, response) => {
    setTimeout(() => page(request, response), isFirst ? 600 : 0);
    isFirst = false;
  });
  const { columns } = await load(url, { rate: 100, seconds: 1, connections: 20 });
  const waits = columns.lagMs.map((lag, i) => lag + (columns.tookMs[i] ?? 0)).sort();
  expect(waits.filter((ms) => ms > 500).length).toBe(1);
  expect(latenessOf(columns).waitedShare).toBe(0);
});

test('an answer that never comes is a failure that took the timeout, on a connection that is made again', async () => {
  let served = 0;
  const url = await listen((request, response) => {
    served += 1;
    if (served % 10 !== 0) page(request, response);
  });
  const { columns, due, failures } = await load(url, { rate: 100, seconds: 1, timeoutMs: 300 });
  const expected = Math.floor(due / 10);
  expect(failures.get('page: no response')).toBe(expected);
  const took = columns.tookMs.filter((_, i) => columns.status[i] === 0).sort();
  expect(took.length).toBe(expected);
  expect(took[0]).toBeGreaterThanOrEqual(300);
});

test('a connection that the service closes as announced costs nobody an answer', async () => {
  let served = 0;
  const url = await listen((request, response) => {
    served += 1;
    if (served % 5 === 0) response.setHeader('connection', 'close');
    page(request, response);
  });
  const { due, failures, columns } = await load(url, { rate: 200, seconds: 1, connections: 10 });
  expect(failures.size).toBe(0);
  expect(columns.kind.length).toBe(due);
});

test('a service that cuts off connections without a request loses nobody', async () => {
  const url = await listen(page, {
    headersTimeout: 400,
    requestTimeout: 400,
    connectionsCheckingInterval: 20,
  });
  const { columns, due, failures } = await load(url, { rate: 30, seconds: 3, connections: 100 });
  expect([columns.kind.length, [...failures]]).toEqual([due, []]);
});

test('a connection that has rested for long is not used again', async () => {
  const ports: (number | undefined)[] = [];
  const url = await listen((request, response) => {
    ports.push(request.socket.remotePort);
    page(request, response);
  });
  const connections = openConnections(url, 1, () => {});
  const visit = (): Promise<number> =>
    new Promise((resolve) => {
      const http = httpText(new URL(url).host, '', { method: 'GET', path: '/', headers: {} });
      connections.send(http, { onAnswer: ({ status }) => resolve(status) });
    });
  expect([await visit(), await visit()]).toEqual([200, 200]);
  await sleep(4_200);
  expect(await visit()).toBe(200);
  expect(ports[1]).toBe(ports[0]);
  expect(ports[2]).not.toBe(ports[0]);
  expect(connections.broken()).toBe(0);
  await connections.close();
});

test('a service that is away fails every request and ends in time', async () => {
  const { columns, due, failures } = await load('http://127.0.0.1:9', {
    rate: 50,
    seconds: 1,
    timeoutMs: 200,
  });
  expect(failures.get('page: no response')).toBe(due);
  expect(runFigures(columns, due, 1)).toMatchObject({ honestSuccess: 0, requests: expect.any(Number) });
});

test('an untrue answer is told by its place and not by its value', async () => {
  const url = await listen((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { candidateNumber } = JSON.parse(body) as { candidateNumber: string };
      response.setHeader('cache-control', 'no-store, private');
      response.end(found(candidateNumber === '3' ? '4' : candidateNumber));
    });
  });
  const { columns, due, wrong } = await load(url, { rate: 100, seconds: 1, mix: FIRSTS });
  const { wrongAnswers } = runFigures(columns, due, 1);
  expect(wrongAnswers).toBeGreaterThan(0);
  expect(wrong.length).toBe(wrongAnswers);
  expect(wrong[0]).toMatch(/^iteration \d+, first: candidate\.number, candidate\.name$/);
});

test('a stop ends the run at once with what was measured', async () => {
  const stopping = new AbortController();
  const url = await listen(page);
  setTimeout(() => stopping.abort(), 600);
  const { columns } = await load(url, { rate: 50, seconds: 600, stop: stopping.signal });
  expect(columns.kind.length).toBeGreaterThan(0);
  expect(percentile(columns.dueSecond.toSorted(), 100)).toBeLessThan(5);
});
