import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FetchMany } from '#lookup/redis-fetch.ts';
import { RedisReader } from '#lookup/redis-reader.ts';

const EPOCH = Buffer.from('7');

/** A store of its own kind: what the reader asks is written down. */
function fetching(values: Record<string, Buffer | Error>): { fetchMany: FetchMany; asked: string[][] } {
  const asked: string[][] = [];
  const fetchMany: FetchMany = async (keys, into) => {
    const names = keys.map(String);
    asked.push(names);
    await sleep(1);
    for (const [i, name] of names.entries()) into[i] = values[name] ?? null;
  };
  return { fetchMany, asked };
}

describe('reads of the cache', () => {
  it('that come together share one fetch, and each gets its own value and the epoch', async () => {
    const { fetchMany, asked } = fetching({ epoch: EPOCH, a: Buffer.from('A'), c: Buffer.from('C') });
    const reader = new RedisReader(fetchMany);
    const reads = await Promise.all([
      reader.read(Buffer.from('a'), []),
      reader.read(Buffer.from('b'), [Buffer.from('x'), Buffer.from('c')]),
      reader.read(Buffer.from('c'), [Buffer.from('a')]),
    ]);
    expect(asked).toEqual([['epoch', 'a', 'b', 'x', 'c', 'c', 'a']]);
    expect(reads).toEqual([
      { epoch: 7, value: Buffer.from('A'), along: [] },
      { epoch: 7, value: null, along: [null, Buffer.from('C')] },
      { epoch: 7, value: Buffer.from('C'), along: [Buffer.from('A')] },
    ]);
  });

  it('are at most 384 keys in one fetch, but for those of one read', async () => {
    const { fetchMany, asked } = fetching({ epoch: EPOCH });
    const reader = new RedisReader(fetchMany);
    const along = [Buffer.from('x'), Buffer.from('y')];
    await Promise.all(Array.from({ length: 300 }, (_, i) => reader.read(Buffer.from(`k${i}`), along)));
    expect(asked.map((keys) => keys.length)).toEqual([385, 385, 133]);
    expect(new Set(asked.flat()).size).toBe(303);
  });

  it('are away, and do not reject, when the fetch fails', async () => {
    const reader = new RedisReader(() => Promise.reject(new Error('no connection')));
    expect(await reader.read(Buffer.from('a'), [])).toEqual({ epoch: undefined, value: 'away', along: [] });
  });

  it('are away when the fetch never ends', async () => {
    const reader = new RedisReader(() => new Promise(() => {}));
    expect(await reader.read(Buffer.from('a'), [])).toEqual({ epoch: undefined, value: 'away', along: [] });
  });

  it('are away one by one when single keys cannot be read, as on a cluster that lost a node', async () => {
    const { fetchMany } = fetching({ epoch: new Error('node away'), a: Buffer.from('A'), b: new Error('x') });
    const reader = new RedisReader(fetchMany);
    const reads = await Promise.all(['a', 'b'].map((key) => reader.read(Buffer.from(key), [])));
    expect(reads).toEqual([
      { epoch: undefined, value: Buffer.from('A'), along: [] },
      { epoch: undefined, value: 'away', along: [] },
    ]);
  });

  it('that have come are given when others never do, as on a cluster with a node that hangs', async () => {
    const reader = new RedisReader((keys, into) => {
      for (const [i, key] of keys.entries()) if (String(key) !== 'slow') into[i] = Buffer.from('7');
      return new Promise(() => {});
    });
    const reads = await Promise.all(['a', 'slow'].map((key) => reader.read(Buffer.from(key), [])));
    expect(reads).toEqual([
      { epoch: 7, value: Buffer.from('7'), along: [] },
      { epoch: 7, value: 'away', along: [] },
    ]);
  });
});
