/**
 * One network round trip for many keys: MGET on one Redis or Sentinel; on Cluster one pipeline of
 * single-key GETs per node, in parallel, because a cluster refuses an MGET across slots and the
 * library a pipeline across nodes; its auto-pipelining errs while slots move (redis/ioredis#2075).
 *
 * Failure policy: on one Redis the whole fetch rejects. On Cluster each key stands for itself: an
 * Error in its place. A key that has moved is asked for again by itself, with the library's
 * handling of MOVED and ASK.
 */
import { Cluster, Command } from 'ioredis';
import type { Redis } from 'ioredis';
import type { RedisClient } from './redis-client.ts';

/** In the order of the keys: the value, null when there is none, an Error when it could not be read. */
export type FetchMany = (keys: readonly (string | Buffer)[]) => Promise<readonly (Buffer | null | Error)[]>;

export function fetchManyFrom(client: RedisClient): FetchMany {
  return client instanceof Cluster
    ? (keys) => fetchFromCluster(client, keys)
    : (keys) => client.mgetBuffer([...keys]);
}

async function fetchFromCluster(
  cluster: Cluster,
  keys: readonly (string | Buffer)[],
): Promise<readonly (Buffer | null | Error)[]> {
  const masters = new Map<string, Redis>();
  for (const node of cluster.nodes('master')) masters.set(`${node.options.host}:${node.options.port}`, node);
  const results: (Buffer | null | Error)[] = Array.from(keys, () => new Error('not fetched'));
  const byNode = new Map<Redis, number[]>();
  const alone: number[] = [];
  for (const [i, key] of keys.entries()) {
    // The library's own slot of the key: 16 bytes of a digest may well hold a { and a }.
    const slot = new Command('get', [key]).getSlot();
    const node = masters.get(cluster.slots[slot ?? -1]?.[0] ?? '');
    if (node === undefined) alone.push(i);
    else byNode.set(node, [...(byNode.get(node) ?? []), i]);
  }

  const fetchAlone = async (i: number): Promise<void> => {
    try {
      results[i] = await cluster.getBuffer(keys[i] ?? '');
    } catch (error) {
      results[i] = asError(error);
    }
  };
  const fetchFromNode = async (node: Redis, places: readonly number[]): Promise<void> => {
    const pipeline = node.pipeline();
    for (const i of places) pipeline.getBuffer(keys[i] ?? '');
    const replies = (await pipeline.exec()) ?? [];
    const redirected: number[] = [];
    for (const [n, i] of places.entries()) {
      const [error, value] = replies[n] ?? [new Error('no reply'), null];
      results[i] = error ?? (Buffer.isBuffer(value) ? value : null);
      if (error !== null && /^(?:MOVED|ASK|TRYAGAIN) /.test(error.message)) redirected.push(i);
    }
    await Promise.all(redirected.map(fetchAlone));
  };
  await Promise.all([
    ...[...byNode].map(([node, places]) =>
      fetchFromNode(node, places).catch((error: unknown) => {
        for (const i of places) results[i] = asError(error);
      }),
    ),
    ...alone.map(fetchAlone),
  ]);
  return results;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('unknown');
}
