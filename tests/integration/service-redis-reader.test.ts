/**
 * Reads of the cache over a real Redis.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Logger } from '#lookup/observer.ts';
import type { RedisClient } from '#lookup/redis-client.ts';
import { connectRedis } from '#lookup/redis-client.ts';
import { fetchManyFrom } from '#lookup/redis-fetch.ts';
import { RedisReader } from '#lookup/redis-reader.ts';
import { withRedis } from '../helpers/batch.ts';
import type { TestRedisDatabase } from '../helpers/stores.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const quiet = (): void => {};
const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

describe('a read of the cache', () => {
  let database: TestRedisDatabase;
  let client: RedisClient;

  beforeAll(async () => {
    database = await redisDatabase();
    client = connectRedis({ kind: 'single', url: database.url, isTls: false }, 'test', log);
    await until('it is connected', () => client.status === 'ready');
  });
  afterAll(() => client.disconnect());

  it('takes one command, however many ask', async () => {
    const reader = new RedisReader(fetchManyFrom(client));
    await withRedis(database.url, (redis) => redis.mset('epoch', '3', 'a', 'A', 'b', 'B'));
    const seen: string[][] = [];
    const reads = await withRedis(database.url, async (redis) => {
      const monitor = await redis.monitor();
      // The server is shared with other files: only what this connection sends counts.
      const own = (await client.client('ID')).toString();
      const address = new RegExp(`^id=${own} addr=(\\S+)`, 'm').exec(
        (await redis.call('CLIENT', 'LIST')) as string,
      )?.[1];
      monitor.on('monitor', (_time: string, args: string[], source: string) => {
        if (source === address) seen.push(args);
      });
      const all = await Promise.all(['a', 'b', 'c'].map((key) => reader.read(Buffer.from(key), [])));
      await until('the monitor has seen it', () => seen.length > 0);
      monitor.disconnect();
      return all;
    });
    expect(seen).toEqual([['mget', 'epoch', 'a', 'b', 'c']]);
    expect(reads).toEqual([
      { epoch: 3, value: Buffer.from('A'), along: [] },
      { epoch: 3, value: Buffer.from('B'), along: [] },
      { epoch: 3, value: null, along: [] },
    ]);
  });

  it('gets its value also when this process was held up for longer than it waits', async () => {
    const reader = new RedisReader(fetchManyFrom(client));
    await withRedis(database.url, (redis) => redis.mset('epoch', '3', 'a', 'A'));
    const read = reader.read(Buffer.from('a'), []);
    // Sent in the next turn; then nothing is done for 120 ms, while the answer comes.
    await new Promise(setImmediate);
    const heldUpUntil = performance.now() + 120;
    while (performance.now() < heldUpUntil);
    expect(await read).toEqual({ epoch: 3, value: Buffer.from('A'), along: [] });
  });
});
