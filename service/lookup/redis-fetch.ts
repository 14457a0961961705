/**
 * One network round trip for many keys: MGET on one Redis or Sentinel; on Cluster one pipeline of
 * single-key GETs per node, in parallel, because a cluster refuses an MGET across slots and the
 * library a pipeline across nodes; its auto-pipelining errs while slots move (redis/ioredis#2075).
 *
 * Failure policy: on one Redis the whole fetch rejects. On Cluster each key stands for itself: what
 * has come is there at once, so that a node that is slow or away does not cost the keys of the
 * others. A node that is not connected is not waited for. A key that has moved is asked for again by
 * itself, with the library's handling of MOVED and ASK.
 */
import type { Redis } from 'ioredis';
import { Cluster, Command } from 'ioredis';
import type { RedisClient } from './redis-client.ts';

/** The value, null when there is none, an Error when it could not be read, undefined until it has come. */
export type Fetched = Buffer | null | Error | undefined;

/** Fills `into` in the order of the keys; resolves when all of it is there. */
export type FetchMany = (keys: readonly (string | Buffer)[], into: Fetched[]) => Promise<void>;

export function fetchManyFrom(client: RedisClient): FetchMany {
  if (client instanceof Cluster) return (keys, into) => fetchFromCluster(client, keys, into);
  return async (keys, into) => {
    const values = await client.mgetBuffer([...keys]);
    for (const [i, value] of values.entries()) into[i] = value;
  };
}

async function fetchFromCluster(
  cluster: Cluster,
  keys: readonly (string | Buffer)[],
  into: Fetched[],
): Promise<void> {
  const masters = new Map<string, Redis>();
  for (const node of cluster.nodes('master')) masters.set(`${node.options.host}:${node.options.port}`, node);
  const byNode = new Map<Redis, number[]>();
  const alone: number[] = [];
  for (const [i, key] of keys.entries()) {
    // The library's own slot of the key: 16 bytes of a digest may well hold a { and a }.
    const slot = new Command('get', [key]).getSlot();
    const node = masters.get(cluster.slots[slot ?? -1]?.[0] ?? '');
    if (node === undefined) {
      alone.push(i);
      continue;
    }
    const places = byNode.get(node);
    if (places === undefined) byNode.set(node, [i]);
    else places.push(i);
  }

  const fetchAlone = async (i: number): Promise<void> => {
    try {
      into[i] = await cluster.getBuffer(keys[i] ?? '');
    } catch (error) {
      into[i] = asError(error);
    }
  };
  const fetchFromNode = async (node: Redis, places: readonly number[]): Promise<void> => {
    // In the state `wait` it connects with the first command; in any other it would queue this one.
    if (node.status !== 'ready' && node.status !== 'wait') {
      for (const i of places) into[i] = new Error('not connected');
      return;
    }
    const pipeline = node.pipeline();
    for (const i of places) pipeline.getBuffer(keys[i] ?? '');
    const replies = (await pipeline.exec()) ?? [];
    const redirected: number[] = [];
    for (const [n, i] of places.entries()) {
      const [error, value] = replies[n] ?? [new Error('no reply'), null];
      if (error !== null && /^(?:MOVED|ASK|TRYAGAIN) /.test(error.message)) redirected.push(i);
      else into[i] = error ?? (Buffer.isBuffer(value) ? value : null);
    }
    await Promise.all(redirected.map(fetchAlone));
  };
  const fetches = [...byNode].map(([node, places]) =>
    fetchFromNode(node, places).catch((error: unknown) => {
      for (const i of places) if (into[i] === undefined) into[i] = asError(error);
    }),
  );
  await Promise.all([...fetches, ...alone.map(fetchAlone)]);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('unknown');
}
