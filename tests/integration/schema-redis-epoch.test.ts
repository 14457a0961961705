import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { EPOCH_KEY, RAISE_EPOCH_SCRIPT } from '../../service/results/redis-keys.ts';
import { redisDatabase, startOwnRedis } from '../helpers/stores.ts';

let clients: Redis[];
let flush: () => Promise<void>;

beforeAll(async () => {
  const database = await redisDatabase();
  flush = database.flush;
  clients = Array.from({ length: 8 }, () => new Redis(database.url));
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.quit()));
});
beforeEach(() => flush());

function raise(epoch: number | string, client = clients[0]): Promise<unknown> {
  if (client === undefined) throw new Error('no client');
  return client.eval(RAISE_EPOCH_SCRIPT, 1, EPOCH_KEY, epoch);
}

test('the epoch is set where there is none, raised, and kept as a decimal string', async () => {
  expect(await raise(7)).toBe(7);
  expect(await clients[0]?.get(EPOCH_KEY)).toBe('7');
  expect(await raise(8)).toBe(8);
  expect(await clients[0]?.get(EPOCH_KEY)).toBe('8');
});

test('a lower or equal epoch changes nothing and answers the one that stands', async () => {
  await raise(1_000);
  for (const epoch of [1, 999, 1_000]) expect(await raise(epoch)).toBe(1_000);
  // By number and not by text: 9 is below 1000.
  expect(await raise(9)).toBe(1_000);
  expect(await clients[0]?.get(EPOCH_KEY)).toBe('1000');
});

test('an epoch beyond 2³¹ is exact', async () => {
  await raise(2 ** 40);
  expect(await raise(2 ** 40 + 1)).toBe(2 ** 40 + 1);
  expect(await clients[0]?.get(EPOCH_KEY)).toBe(String(2 ** 40 + 1));
});

test('a full Redis takes it, though nothing else', async () => {
  const full = await startOwnRedis();
  const client = new Redis(full.url);
  try {
    await client.config('SET', 'maxmemory', '1');
    await expect(client.set('other', '1')).rejects.toThrow('OOM');
    expect(await raise(7, client)).toBe(7);
    expect(await client.get(EPOCH_KEY)).toBe('7');
  } finally {
    client.disconnect();
    await full.discard();
  }
});

test('of many raises at once the highest stands, and it never falls meanwhile', async () => {
  const seen: number[] = [];
  const watching = new AbortController();
  const watcher = (async () => {
    while (!watching.signal.aborted) seen.push(Number((await clients[0]?.get(EPOCH_KEY)) ?? 0));
  })();
  const epochs = Array.from({ length: 800 }, (_, i) => ((i * 397) % 800) + 1);
  for (let at = 0; at < epochs.length; at += 40)
    await Promise.all(epochs.slice(at, at + 40).map((epoch, i) => raise(epoch, clients[1 + (i % 7)])));
  watching.abort();
  await watcher;
  expect(await clients[0]?.get(EPOCH_KEY)).toBe('800');
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.length).toBeGreaterThan(2);
});

test('an epoch that is no number is an error and changes nothing', async () => {
  await raise(5);
  await expect(raise('x')).rejects.toThrow('attempt to compare');
  expect(await clients[0]?.get(EPOCH_KEY)).toBe('5');
});
