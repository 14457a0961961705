/**
 * Clients that are slow, or send too much, on both runtimes and both ports: they are cut off, and nobody else
 * notices (after 5 s; tests/integration/http1-limits.test.ts has the rest of it).
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Installation } from '../helpers/batch.ts';
import {
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
} from '../helpers/batch.ts';
import type { RunningService } from '../helpers/service.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';

const SERIES = presetDefinition('gaokao', 'zj-gaokao-2026');
const [candidate] = gaokaoCandidates(SERIES, 1);
if (candidate === undefined) throw new Error('no candidate');
const body = JSON.stringify(fieldsOf(SERIES, candidate));
const PATH = `/v1/series/${SERIES.id}/lookup`;
const head = (length: number): string =>
  `POST ${PATH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n`;

/** Sends `first`, and then `more` every half a second, until the other side ends it. @returns what came back. */
async function untilCutOff(url: string, first: string, more?: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let received = '';
  socket.setEncoding('utf8').on('data', (text: string) => (received += text));
  // A reset is an end, too; once() would take it for a fault.
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
  });
  await once(socket, 'connect');
  if (first !== '') socket.write(first);
  const drip = more === undefined ? undefined : setInterval(() => socket.write(more), 500);
  await closed;
  clearInterval(drip);
  return received;
}

describe.each(RUNTIMES)('a client of the service on %s', (runtime) => {
  let installation: Installation;
  let service: RunningService;

  beforeAll(async () => {
    const redis = await redisDatabase();
    installation = await makeInstallation(redis.url);
    await openBatch(installation, SERIES, [candidate]);
    service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: redis.url,
      pepperFile: installation.pepperFile,
    });
  });
  afterAll(async () => {
    await service?.stop();
    await installation?.database.drop();
  });

  it.concurrent.each([
    ['says nothing', '', undefined],
    ['stops within its headers', `${head(10)}X-Half: `, undefined],
    ['trickles its headers', `${head(10)}X-Drip: `, 'a'],
    ['stops within its body', `${head(body.length)}\r\n${body.slice(0, 5)}`, undefined],
    ['trickles its body', `${head(2000)}\r\n${body.slice(0, 5)}`, ' '],
  ] as const)('that %s is cut off, on both ports, and others are served', async (_title, first, more) => {
    const slow = Promise.all([
      untilCutOff(service.url, first, more),
      untilCutOff(service.adminUrl, first, more),
      ...Array.from({ length: 50 }, () => untilCutOff(service.url, first, more)),
    ]);
    for (let i = 0; i < 5; i += 1) {
      expect((await service.lookup(SERIES.id, fieldsOf(SERIES, candidate))).status).toBe(200);
      expect((await fetch(`${service.adminUrl}/livez`)).status).toBe(200);
      await sleep(100);
    }
    for (const received of await slow) expect(received).not.toContain(' 200 ');
  });

  it.each([
    [
      'headers of 70 KB',
      `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${'a'.repeat(70_000)}\r\n\r\n`,
      /^(?:HTTP\/1.1 431|$)/,
    ],
    ['a body that is announced as 1 GB', `${head(1_000_000_000)}\r\n${body}`, /^(?:HTTP\/1.1 413|$)/],
    ['two lengths of its body', `${head(5)}Content-Length: 6\r\n\r\nabcdef`, /^(?:HTTP\/1.1 400|$)/],
    [
      'a method that nobody knows',
      `FOO / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      /^HTTP\/1.1 405/,
    ],
    ['length and chunks', `${head(5)}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /^(?:HTTP\/1.1 400|$)/],
  ])('that sends %s is refused', async (_title, bytes, answer) => {
    const received = await untilCutOff(service.url, bytes);
    expect(received).toMatch(answer);
    expect((await service.lookup(SERIES.id, fieldsOf(SERIES, candidate))).status).toBe(200);
  });

  it.concurrent('may leave a kept connection idle between two lookups', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let ownPort: number | undefined;
    for (let i = 0; i < 2; i += 1) {
      const asked = request(`${service.url}${PATH}`, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      });
      asked.end(body);
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(response.statusCode).toBe(200);
      const { localPort } = response.socket;
      if (ownPort !== undefined) expect(localPort).toBe(ownPort);
      ownPort = localPort;
      response.resume();
      await once(response, 'end');
      // Longer than a slow body has.
      if (i === 0) await sleep(9_000);
    }
    agent.destroy();
  });
});
