import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import autocannon from 'autocannon';
import { expect, test } from 'vitest';
import { percentile } from '../../loadtest/rehearse/figures.ts';
import { profileFor, readOptions } from '../../loadtest/rehearse/options.ts';
import { readWholeCharacters } from '../../loadtest/rehearse/whole-bodies.ts';

test.each([
  [[], 50, undefined],
  [[7], 99, 7],
  [[1, 2, 3, 4], 50, 2],
  [[1, 2, 3, 4], 51, 3],
  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 95, 10],
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
  const options = readOptions(
    '--url http://127.0.0.1:8080/ --rate 7 --seconds 3 --seed 9 --series s1 --json --threads 3 --plan 5,6'.split(
      ' ',
    ),
  );
  expect(options).toMatchObject({
    profileName: 'smoke',
    ratePerSecond: 7,
    seconds: 3,
    seed: 9,
    series: 's1',
    json: true,
    threads: 3,
    url: 'http://127.0.0.1:8080',
    capacity: false,
    plan: { candidates: [5, 6], minutes: 10, reserve: 4 },
  });
  expect(options === undefined ? undefined : profileFor(options, 100).phases[0]?.curve).toEqual({
    fromPerSecond: 7,
    stages: [{ seconds: 3, toPerSecond: 7 }],
  });
});

test('without an address a local set is started; release-day looks for C unless told not to', () => {
  expect(readOptions([])).toMatchObject({ url: undefined, capacity: false });
  expect(readOptions(['--profile', 'release-day'])?.capacity).toBe(true);
  expect(readOptions(['--profile', 'release-day', '--no-capacity'])?.capacity).toBe(false);
  expect(readOptions(['--capacity'])?.capacity).toBe(true);
});

function peakOf(args: string[]): number {
  const options = readOptions(['--profile', 'release-day', ...args]);
  return options === undefined ? 0 : (profileFor(options, 1_000).phases[1]?.curve.fromPerSecond ?? 0);
}

test('the forecast is for as many candidates as the file has, unless another number is given', () => {
  expect(peakOf(['--candidates', '3000']) / peakOf([])).toBeCloseTo(3, 10);
});

test.each([
  [['--profile', 'smoek'], 'There is no load profile "smoek": the profiles are smoke, release-day,'],
  [['--rate', '0'], '--rate takes a whole number of at least 1'],
  [['--rate', '1e3'], '--rate takes a whole number'],
  [['--seconds', ''], '--seconds takes a whole number'],
  [['--lookups', '-1'], '--lookups'],
  [['--first-minute-share', '1'], 'The share within the first minute is above 0 and below 1'],
  [['--url', 'http://example.com'], 'say so with --i-own-this-target'],
  [['--credentials', 'a.csv'], '--credentials and --series belong to a service'],
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
