import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import autocannon from 'autocannon';
import { expect, test } from 'vitest';
import { correctOmission, percentile } from '../../loadtest/rehearse/latency.ts';
import { readOptions } from '../../loadtest/rehearse/options.ts';
import { readWholeCharacters } from '../../loadtest/rehearse/whole-bodies.ts';

test('a long wait counts for all who were due in it', () => {
  expect(correctOmission([1, 1_000, 2], 300)).toEqual([1, 1_000, 700, 400, 2]);
  expect(correctOmission([300, 299], 300)).toEqual([300, 299]);
});

test('one answer of 5 s in a hundred fast ones shows in the 95th percentile once corrected', () => {
  const measured = [...Array.from({ length: 99 }, () => 1), 5_000];
  expect(percentile(measured, 95)).toBe(1);
  expect(percentile(correctOmission(measured, 100), 95)).toBeGreaterThan(4_000);
});

test.each([
  [[], 50, 0],
  [[7], 99, 7],
  [[3, 1, 2, 4], 50, 2],
  [[3, 1, 2, 4], 51, 3],
  [[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 95, 10],
])('of %j, percentile %d is %d', (values, percent, expected) => {
  expect(percentile(values, percent)).toBe(expected);
});

/** A server that sends 成绩 in three pieces, cut inside its characters. */
async function loadPieces(mend: boolean): Promise<string[]> {
  const text = Buffer.from('成绩');
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', () => {
      socket.write(
        Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n'), text.subarray(0, 1)]),
      );
      setTimeout(() => socket.write(text.subarray(1, 5)), 20);
      setTimeout(() => socket.write(text.subarray(5)), 40);
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  const bodies: string[] = [];
  await autocannon({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: 2,
    amount: 4,
    setupClient: (client) => mend && readWholeCharacters(client),
    requests: [{ onResponse: (_status, body) => bodies.push(body) }],
  });
  server.close();
  return bodies;
}

test('a body that the network cuts inside a Chinese character is read whole', async () => {
  expect(await loadPieces(true)).toEqual(['成绩', '成绩', '成绩', '成绩']);
});

test('autocannon itself still breaks such a body: when this fails, whole-bodies.ts can go', async () => {
  expect((await loadPieces(false))[0]).toContain('\uFFFD');
});

test('options in place of the profile’s are taken', () => {
  const options = readOptions(['--rate', '7', '--seconds', '3', '--seed', '9', '--series', 's1', '--json']);
  expect(options).toMatchObject({
    profile: { name: 'smoke', ratePerSecond: 7, seconds: 3 },
    seed: 9,
    series: 's1',
    json: true,
    url: 'http://127.0.0.1:8080',
    urlGiven: false,
  });
});

test.each([
  [['--profile', 'smoek'], 'There is no load profile "smoek": the profiles are smoke.'],
  [['--rate', '0'], '--rate takes a whole number of at least 1'],
  [['--rate', '1e3'], '--rate takes a whole number'],
  [['--seconds', ''], '--seconds takes a whole number'],
  [['--url', 'http://example.com'], 'say so with --i-own-this-target'],
  [['--urll', 'http://127.0.0.1'], '--urll'],
  [['surprise'], 'surprise'],
])('%j is refused', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});

test('a foreign target is loaded when its owner says so', () => {
  expect(readOptions(['--url', 'http://example.com/', '--i-own-this-target'])?.url).toBe(
    'http://example.com',
  );
});
