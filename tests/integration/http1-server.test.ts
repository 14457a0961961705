/**
 * Our server over real sockets, on both runtimes, with a program of its own behind it (helpers/http1-echo.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, connectTo, request } from '../helpers/http1-client.ts';
import { largePattern } from '../helpers/http1-pattern.ts';
import type { EchoProcess } from '../helpers/http1-process.ts';
import { startEcho } from '../helpers/http1-process.ts';
import { RUNTIMES } from '../helpers/service.ts';

interface Echo {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}
const echoed = (body: Buffer): Echo => JSON.parse(body.toString()) as Echo;

/** Bytes, without garbage: of the process, and of its objects. */
async function memoryOf({ port }: EchoProcess): Promise<{ readonly rss: number; readonly live: number }> {
  const { body } = await ask(port, request('GET /memory'));
  return JSON.parse(body.toString()) as { rss: number; live: number };
}

const MEGABYTE = 1024 * 1024;
/** More than what sockets keep on their way. */
const LARGE_BYTES = 12 * MEGABYTE;

describe.each(RUNTIMES)('on %s', (runtime) => {
  let server: EchoProcess;
  beforeAll(async () => {
    server = await startEcho(runtime);
  });
  afterAll(async () => {
    server.signal('SIGKILL');
    await server.exited;
  });

  it.each([
    ['at once', () => 'echo'],
    ['at once and later', (i: number) => (i % 7 === 0 ? 'later' : 'echo')],
  ])('thousands of requests in one write, answered %s, are answered in their order', async (_, path) => {
    const count = 5_000;
    const client = await connectTo(server.port);
    client.send(Array.from({ length: count }, (__, i) => request(`GET /${path(i)}?${i}`)).join(''));
    for (let i = 0; i < count; i += 1)
      expect(echoed((await client.answer()).body).target).toMatch(new RegExp(`\\?${i}$`));
    expect(client.rest).toHaveLength(0);
    client.destroy();
  });

  it('no answer is lost or mixed when its reader is slower than the requests come', async () => {
    const client = await connectTo(server.port);
    client.socket.pause();
    const sizes = Array.from({ length: 60 }, (_, i) => 100_000 + i);
    const body = 'b'.repeat(10);
    const expecting = request('POST /echo', ['Content-Length: 10', 'Expect: 100-continue']);
    client.send(sizes.map((size) => request(`GET /large?size=${size}`)).join('') + expecting);
    await sleep(100);
    client.send(body);
    client.socket.resume();
    for (const size of sizes) expect((await client.answer()).body.equals(largePattern(size))).toBe(true);
    let last = await client.answer();
    if (last.status === 100) last = await client.answer();
    expect(echoed(last.body).body).toBe(body);
    client.destroy();
  });

  it('a request split at any byte is one request', async () => {
    const whole =
      request('POST /echo?a', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n') +
      request('PUT /later?b', ['Content-Length: 5'], 'world');
    const read = async (at: number): Promise<void> => {
      const client = await connectTo(server.port);
      client.send(whole.slice(0, at));
      await sleep(5);
      client.send(whole.slice(at));
      expect(echoed((await client.answer()).body)).toMatchObject({ target: '/echo?a', body: 'hello' });
      expect(echoed((await client.answer()).body)).toMatchObject({ target: '/later?b', body: 'world' });
      client.destroy();
    };
    await Promise.all(Array.from({ length: whole.length - 1 }, (_, i) => read(i + 1)));
    const client = await connectTo(server.port);
    for (const byte of whole) {
      client.send(byte);
      await sleep(1);
    }
    expect(echoed((await client.answer()).body).body).toBe('hello');
    expect(echoed((await client.answer()).body).body).toBe('world');
    client.destroy();
  });

  it('an answer to HEAD has the headers of the one to GET, and no body', async () => {
    const client = await connectTo(server.port);
    client.send(request('HEAD /large?size=5000') + request('HEAD /text?size=10') + request('GET /echo'));
    expect((await client.answer('HEAD')).headers['content-length']).toBe('5000');
    expect((await client.answer('HEAD')).headers).toMatchObject({ 'content-length': '30', 'x-kind': 'text' });
    expect(echoed((await client.answer()).body).method).toBe('GET');
    client.destroy();
  });

  it.each([204, 304])('an answer of %i has neither a length nor a body', async (code) => {
    const client = await connectTo(server.port);
    client.send(request(`GET /status?code=${code}`) + request('GET /echo'));
    const { status, headers } = await client.answer();
    expect(status).toBe(code);
    expect(headers).not.toHaveProperty('content-length');
    expect((await client.answer()).status).toBe(200);
    client.destroy();
  });

  it.each(['/echo', '/later', '/slow?ms=100'])(
    'who ends its side after several requests gets all answers of %s, and the end',
    async (target) => {
      const client = await connectTo(server.port);
      client.socket.end(request(`GET ${target}`).repeat(3));
      for (let i = 0; i < 3; i += 1) expect((await client.answer()).status).toBe(200);
      const began = performance.now();
      expect(await client.over).toBe('ended');
      expect(performance.now() - began).toBeLessThan(500);
      expect(client.rest).toHaveLength(0);
    },
  );

  it('who ends its side within a request gets the end and nothing else', async () => {
    const client = await connectTo(server.port);
    client.socket.end('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc');
    expect(await client.over).toBe('ended');
    expect(client.rest).toHaveLength(0);
  });

  it('who waits for a word before its body gets it, and who is refused does not', async () => {
    const waiting = ['Content-Length: 5', 'Expect: 100-continue'];
    const client = await connectTo(server.port);
    client.send(request('POST /echo', waiting));
    expect((await client.answer()).status).toBe(100);
    client.send('hello');
    expect(echoed((await client.answer()).body).body).toBe('hello');
    client.send(request('POST /refused', waiting));
    const refused = await client.answer();
    expect(refused).toMatchObject({ status: 403, headers: { connection: 'close' } });
    expect(await client.over).toBe('ended');
    client.destroy();
  });

  it.each([
    ['by the head alone', 'POST /refused', ['Content-Length: 50000000'], 403],
    ['by the head alone, some time later', 'POST /refused-later', ['Content-Length: 50000000'], 403],
    ['for its announced length', 'POST /echo', ['Content-Length: 65537'], 413],
    ['for its length in chunks', 'POST /echo', ['Transfer-Encoding: chunked'], 413],
    ['for its coding', 'POST /echo', ['Transfer-Encoding: gzip'], 501],
  ] as const)(
    'a body that is refused %s may still be coming: its sender is told',
    async (_, line, headers, status) => {
      const client = await connectTo(server.port);
      client.send(request(line, headers));
      const piece = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
      const sending = setInterval(() => client.send(piece.repeat(8)), 10);
      const answer = await client.answer();
      expect(answer.status).toBe(status);
      expect(answer.headers['connection']).toBe('close');
      expect(await client.over).toBe('ended');
      clearInterval(sending);
      client.destroy();
    },
  );

  it('a body that is refused and already there is skipped, and the connection kept', async () => {
    const client = await connectTo(server.port);
    client.send(request('POST /refused', ['Content-Length: 5'], 'GET /') + request('GET /echo?next'));
    expect((await client.answer()).status).toBe(403);
    expect(echoed((await client.answer()).body).target).toBe('/echo?next');
    client.destroy();
  });

  it.each([
    ['16 KB of one header', request('GET /', [`x: ${'x'.repeat(16 * 1024)}`])],
    ['17 KB without an end', `GET / HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(17 * 1024)}`],
    [
      '101 headers',
      request(
        'GET /',
        Array.from({ length: 100 }, (_, i) => `x${i}: 1`),
      ),
    ],
  ])('a head of %s is refused with 431 and the end', async (_, text) => {
    const client = await connectTo(server.port);
    const answer = await client.send(text).answer();
    expect(answer).toMatchObject({ status: 431, headers: { connection: 'close' } });
    expect(await client.over).toBe('ended');
  });

  it('what is no request is refused, and what follows it is not read', async () => {
    const client = await connectTo(server.port);
    client.send(
      request('GET /echo?1') + request('GET /echo?2', ['Content-Length: +1']) + request('GET /echo?3'),
    );
    expect(echoed((await client.answer()).body).target).toBe('/echo?1');
    expect(await client.answer()).toMatchObject({ status: 400, headers: { connection: 'close' } });
    expect(await client.over).toBe('ended');
    expect(client.rest).toHaveLength(0);
  });

  it('a connection is kept, also over empty lines between requests, until a request says close', async () => {
    const client = await connectTo(server.port);
    client.send(`\r\n\r\n${request('GET /echo')}\r\n${request('GET /echo')}`);
    for (let i = 0; i < 2; i += 1) expect((await client.answer()).headers).not.toHaveProperty('connection');
    await sleep(50);
    client.send(request('GET /echo', ['Connection: close']) + request('GET /echo'));
    expect((await client.answer()).headers['connection']).toBe('close');
    expect(await client.over).toBe('ended');
    expect(client.rest).toHaveLength(0);
  });

  it('HTTP/1.0 is answered and ended', async () => {
    const client = await connectTo(server.port);
    client.send('GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await client.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } });
    expect(await client.over).toBe('ended');
  });

  it.each(['large', 'text'])('a %s answer of megabytes reaches a slow reader whole', async (kind) => {
    const size = kind === 'text' ? LARGE_BYTES / 3 : LARGE_BYTES;
    const client = await connectTo(server.port);
    client.send(request(`GET /${kind}?size=${size}`) + request('GET /echo'));
    for (let i = 0; i < 20; i += 1) {
      client.socket.pause();
      await sleep(10);
      client.socket.resume();
      await sleep(1);
    }
    const { body } = await client.answer();
    const whole = kind === 'text' ? Buffer.from('放'.repeat(size)) : largePattern(size);
    expect(body.equals(whole)).toBe(true);
    expect((await client.answer()).status).toBe(200);
    client.destroy();
  });

  it.each([
    ['says close', false],
    ['ends its side', true],
  ])('the last answer reaches whole a reader that %s and takes it much later', async (_, endsItsSide) => {
    const client = await connectTo(server.port);
    // It fits into what sockets keep on their way: the server is done with it at once.
    const size = 2 * MEGABYTE;
    client.socket.pause();
    client.send(request(`GET /large?size=${size}`, ['Connection: close']));
    if (endsItsSide) client.socket.end();
    await sleep(2_500);
    client.socket.resume();
    expect((await client.answer()).body.equals(largePattern(size))).toBe(true);
    expect(await client.over).toBe('ended');
    client.destroy();
  });

  it('who sends requests without an end while an answer takes long is not read on', async () => {
    const client = await connectTo(server.port);
    const flood = Buffer.from(request('GET /slow?ms=3').repeat(200_000), 'latin1');
    const before = await memoryOf(server);
    client.send(flood);
    for (let i = 0; i < 200; i += 1) expect((await client.answer()).status).toBe(200);
    const after = await memoryOf(server);
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(after.live - before.live).toBeLessThan(2 * MEGABYTE);
    expect(after.rss - before.rss).toBeLessThan(32 * MEGABYTE);
    client.destroy();
  });

  it('clients that reset their connections in every state harm nobody', async () => {
    const harmed = [
      'GET /ec',
      request('POST /echo', ['Content-Length: 5'], 'a'),
      request('GET /slow?ms=50'),
      request(`GET /large?size=${LARGE_BYTES}`),
      request(`GET /large?size=${LARGE_BYTES}`).repeat(3),
      request('POST /refused', ['Content-Length: 50000']),
      `${request('GET /slow?ms=30')}${'x'.repeat(200_000)}`,
    ];
    await Promise.all(
      Array.from({ length: 70 }, async (_, i) => {
        const client = await connectTo(server.port);
        client.send(harmed[i % harmed.length] ?? '');
        await sleep(i % 40);
        client.socket.resetAndDestroy();
      }),
    );
    await sleep(100);
    expect((await ask(server.port, request('GET /echo'))).status).toBe(200);
    expect(server.errors()).toBe('');
  });

  it.each(['/throws', '/rejects', '/refusal-throws'])(
    'a program that breaks its contract by %s costs one connection, with a bare 500',
    async (target) => {
      const client = await connectTo(server.port);
      client.send(request('GET /echo') + request(`GET ${target}`) + request('GET /echo'));
      expect((await client.answer()).status).toBe(200);
      const answer = await client.answer();
      expect(answer).toMatchObject({ status: 500, headers: { connection: 'close', 'content-length': '0' } });
      expect(await client.over).toBe('ended');
      expect((await ask(server.port, request('GET /echo'))).status).toBe(200);
      expect(server.errors()).toBe('');
    },
  );

  it('memory does not grow with connections that come and go', async () => {
    const open = async (count: number): Promise<void> => {
      const one = async (i: number): Promise<void> => {
        const client = await connectTo(server.port);
        client.send(request('GET /echo', i % 2 === 0 ? ['Connection: close'] : []));
        await client.answer();
        // A reset leaves no port behind that cannot be had again for a minute.
        client.socket.resetAndDestroy();
      };
      for (let done = 0; done < count; done += 50)
        await Promise.all(Array.from({ length: 50 }, (_, i) => one(i)));
    };
    await open(5_000);
    const before = await memoryOf(server);
    await open(15_000);
    const after = await memoryOf(server);
    // Each one that stayed would be 300 bytes and more; V8 keeps some room for the next.
    expect(after.live - before.live).toBeLessThan(2 * MEGABYTE);
    expect(after.rss - before.rss).toBeLessThan(64 * MEGABYTE);
  });
});
