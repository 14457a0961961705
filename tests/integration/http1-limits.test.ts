/**
 * What our server gives nobody: time without an end, more connections than it has places, and a new request once
 * it closes. On both runtimes, with time limits that a test can wait for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawClient } from '../helpers/http1-client.ts';
import { ask, connectTo, request } from '../helpers/http1-client.ts';
import { largePattern } from '../helpers/http1-pattern.ts';
import type { EchoProcess } from '../helpers/http1-process.ts';
import { startEcho } from '../helpers/http1-process.ts';
import { RUNTIMES } from '../helpers/service.ts';

const LIMITS = { requestWithinMs: 600, idleMs: 1_500, takeWithinMs: 700 };
/** How late a limit may be: of the server's sweeps, and of a machine that has other things to do. */
const LATE_MS = 1_500;
const MEGABYTE = 1024 * 1024;
const LARGE_BYTES = 24 * MEGABYTE;
const GIGABYTE = 1024 * MEGABYTE;
const PIECE = Buffer.alloc(64 * 1024);
/** A second of reading would be hundreds of megabytes; what the two systems keep of it is up to ten. */
const MOST_POURED_BYTES = 32 * MEGABYTE;
/** As in connection.ts: for a last answer to be taken. */
const LINGER_MS = 1_000;

/** Sends a byte every so often until the connection is over. @returns milliseconds until then. */
async function drip(client: RawClient, text: string, everyMs = 20): Promise<number> {
  const began = performance.now();
  let at = 0;
  const timer = setInterval(() => client.send(text[at++ % text.length] ?? ''), everyMs);
  await client.over;
  clearInterval(timer);
  return performance.now() - began;
}

async function kept(port: number): Promise<RawClient> {
  const client = await connectTo(port);
  await client.send(request('GET /echo')).answer();
  return client;
}

describe.each(RUNTIMES)('on %s', (runtime) => {
  describe('time', () => {
    let server: EchoProcess;
    beforeAll(async () => {
      server = await startEcho(runtime, { limits: LIMITS });
    });
    afterAll(async () => {
      server.signal('SIGKILL');
      await server.exited;
    });

    it.each([
      ['a head', false, '', 'GET / HTTP/1.1\r\nx: '],
      ['a head on a kept connection', true, '', 'GET / HTTP/1.1\r\nx: '],
      ['a body', false, request('POST /echo', ['Content-Length: 5000']), 'x'],
      ['a body on a kept connection', true, request('POST /echo', ['Content-Length: 5000']), 'x'],
      ['a body in chunks', false, request('POST /echo', ['Transfer-Encoding: chunked']), '1\r\nx\r\n'],
      ['an extension', false, request('POST /echo', ['Transfer-Encoding: chunked'], '1;'), 'x'],
      ['trailers', false, request('POST /echo', ['Transfer-Encoding: chunked'], '0\r\na:'), 'x'],
    ])('%s that drips is refused with 408 and cut off', async (_, isKept, first, text) => {
      const client = isKept ? await kept(server.port) : await connectTo(server.port);
      const began = performance.now();
      client.send(first);
      const dripping = drip(client, text);
      const answer = await client.answer();
      expect(answer).toMatchObject({ status: 408, headers: { connection: 'close' } });
      const tookMs = performance.now() - began;
      expect(tookMs).toBeGreaterThan(LIMITS.requestWithinMs - 300);
      expect(tookMs).toBeLessThan(LIMITS.requestWithinMs + LATE_MS);
      expect(await dripping).toBeLessThan(LIMITS.requestWithinMs + LATE_MS);
      client.destroy();
    });

    it('who sends nothing, or nothing but empty lines, is cut off without an answer', async () => {
      const [silent, empty] = [await connectTo(server.port), await connectTo(server.port)];
      const began = performance.now();
      await Promise.all([silent.over, drip(empty, '\r\n')]);
      expect(performance.now() - began).toBeLessThan(LIMITS.requestWithinMs + LATE_MS);
      expect(silent.rest).toHaveLength(0);
      // "\r" alone is the beginning of something.
      expect(empty.rest.toString()).toMatch(/^(?:HTTP\/1\.1 408 [^]*)?$/);
    });

    it('a kept connection without a request is ended in good order', async () => {
      const client = await kept(server.port);
      const began = performance.now();
      expect(await client.over).toBe('ended');
      expect(performance.now() - began).toBeGreaterThan(LIMITS.idleMs - 300);
      expect(performance.now() - began).toBeLessThan(LIMITS.idleMs + LATE_MS);
      expect(client.rest).toHaveLength(0);
    });

    it.each(['large', 'text'])('who takes nothing of a %s answer is cut off', async (kind) => {
      const client = await connectTo(server.port);
      client.socket.pause();
      client.send(request(`GET /${kind}?size=${LARGE_BYTES}`));
      await sleep(LIMITS.takeWithinMs + LATE_MS);
      client.socket.resume();
      await expect(client.answer()).rejects.toThrow('over before');
    });

    it('who takes an answer slowly, but all the time, gets all of it', async () => {
      const client = await connectTo(server.port);
      let sinceRest = 0;
      // A system tells of room for more when a third of what it keeps has gone: on a fast line, that is a megabyte.
      client.socket.on('data', ({ length }: Buffer) => {
        sinceRest += length;
        if (sinceRest < MEGABYTE) return;
        sinceRest = 0;
        client.socket.pause();
        setTimeout(() => client.socket.resume(), 80);
      });
      const began = performance.now();
      client.send(request(`GET /large?size=${LARGE_BYTES}`));
      expect((await client.answer()).body.equals(largePattern(LARGE_BYTES))).toBe(true);
      expect(performance.now() - began).toBeGreaterThan(LIMITS.takeWithinMs + 300);
      client.destroy();
    });

    it('who goes on with a body that was refused is read for a few megabytes, then no more, and reset', async () => {
      const client = await connectTo(server.port);
      client.send(request('POST /echo', [`Content-Length: ${GIGABYTE}`]));
      expect((await client.answer()).status).toBe(413);
      const began = performance.now();
      const gone = new Promise<void>((resolve) => client.socket.once('close', () => resolve()));
      const pour = (): void => {
        while (!client.socket.destroyed && client.socket.write(PIECE));
      };
      client.socket.on('drain', pour);
      pour();
      await gone;
      expect(performance.now() - began).toBeLessThan(LINGER_MS + LATE_MS);
      expect(client.socket.bytesWritten - client.socket.writableLength).toBeLessThan(MOST_POURED_BYTES);
    });

    it('while the server itself stands still no time passes for anybody', async () => {
      const [silent, begun, idle] = [
        await connectTo(server.port),
        await connectTo(server.port),
        await kept(server.port),
      ];
      begun.send('GET /ec');
      await sleep(50);
      server.signal('SIGSTOP');
      const fresh = await Promise.all(Array.from({ length: 20 }, () => connectTo(server.port)));
      for (const client of [silent, idle, ...fresh]) client.send(request('GET /echo'));
      begun.send('ho HTTP/1.1\r\nHost: a\r\n\r\n');
      await sleep(2 * LIMITS.idleMs);
      server.signal('SIGCONT');
      for (const client of [silent, begun, idle, ...fresh]) {
        expect((await client.answer()).status).toBe(200);
        client.destroy();
      }
    });

    it('an answer may take longer than a request', async () => {
      expect((await ask(server.port, request('GET /slow?ms=2500'))).status).toBe(200);
    });
  });

  it('more connections than it has places for are ended at once, and a place that becomes free is given', async () => {
    const server = await startEcho(runtime, { maxConnections: 10 });
    const clients = await Promise.all(Array.from({ length: 10 }, () => kept(server.port)));
    const began = performance.now();
    // On Bun they are gone so soon that it may seem that they never were.
    const ended = async (): Promise<string> => (await connectTo(server.port)).over;
    for (let i = 0; i < 5; i += 1)
      expect(await ended().catch((error: unknown) => String(error))).toMatch(/ended|ECONNRESET/);
    expect(performance.now() - began).toBeLessThan(LATE_MS);
    for (const client of clients) expect((await client.send(request('GET /echo')).answer()).status).toBe(200);
    clients[0]?.socket.resetAndDestroy();
    await sleep(100);
    expect((await ask(server.port, request('GET /echo'))).status).toBe(200);
    for (const client of clients) client.destroy();
    server.signal('SIGKILL');
  });

  it('idle connections give up their places when three quarters are taken, and not before', async () => {
    const limits = { requestWithinMs: 300, idleMs: 60_000 };
    const server = await startEcho(runtime, { maxConnections: 20, limits });
    const idle = await Promise.all(Array.from({ length: 14 }, () => kept(server.port)));
    await sleep(800);
    for (const client of idle) expect((await client.send(request('GET /echo')).answer()).status).toBe(200);
    const busy = await Promise.all(Array.from({ length: 4 }, () => connectTo(server.port)));
    for (const client of busy) client.send(request('GET /slow?ms=1500'));
    expect(await Promise.all(idle.map(({ over }) => over))).toEqual(idle.map(() => 'ended'));
    for (const client of busy) expect((await client.answer()).status).toBe(200);
    for (const client of [...idle, ...busy]) client.destroy();
    server.signal('SIGKILL');
  });

  it('closing ends what is idle, answers what is under way with close, refuses the rest, and ends what never does', async () => {
    const server = await startEcho(runtime);
    const [idle, asking, silent] = [
      await kept(server.port),
      await kept(server.port),
      await connectTo(server.port),
    ];
    const [slow, never, begun] = [await kept(server.port), await kept(server.port), await kept(server.port)];
    slow.send(request('GET /slow?ms=1500') + request('GET /echo'));
    never.send(request('GET /never'));
    begun.send('GET /ec');
    const soon = (await kept(server.port)).send(request('GET /slow?ms=500'));
    await sleep(100);
    server.signal('SIGTERM');
    await sleep(200);
    const atLast = { status: 200, headers: { connection: 'close' } };
    expect(await asking.send(request('GET /echo')).answer()).toMatchObject(atLast);
    expect((await ask(server.port, request('GET /echo'))).headers['connection']).toBe('close');
    expect(await soon.answer()).toMatchObject(atLast);
    expect(await Promise.all([asking.over, idle.over, silent.over])).toEqual(['ended', 'ended', 'ended']);
    await expect(connectTo(server.port)).rejects.toThrow('ECONNREFUSED');
    expect(await begun.send('ho HTTP/1.1\r\nHost: a\r\n\r\n').answer()).toMatchObject({
      status: 200,
      headers: { connection: 'close' },
    });
    expect(await slow.answer()).toMatchObject(atLast);
    expect(await slow.over).toBe('ended');
    expect(slow.rest).toHaveLength(0);
    for (const client of [idle, asking, silent, slow, soon, begun]) client.destroy();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    await never.over;
    expect(server.errors()).toBe('');
  });
});
