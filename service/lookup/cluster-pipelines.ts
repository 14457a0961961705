/**
 * Single-key commands over a Redis Cluster: one pipeline per node, in parallel, because the library
 * refuses a pipeline across nodes and its auto-pipelining errs while slots move (redis/ioredis#2075).
 *
 * Failure policy: never rejects. Each command stands for itself: what has come is there at once, so
 * that a node that is slow or away does not cost the commands of the others. A node that is not
 * connected is not waited for. What has moved is asked for again by itself, with the library's
 * handling of MOVED and ASK.
 */
import type { ChainableCommander, Redis } from 'ioredis';
import type { Cluster } from 'ioredis';
import { keySlot } from '#results/redis-slot.ts';

/** Fills `into` in the order of the keys; resolves when all of it is there. */
export async function runOnCluster<T>(
  cluster: Cluster,
  keys: readonly (string | Buffer)[],
  into: (T | Error | undefined)[],
  command: {
    /** Adds the command of a place to a node's pipeline. */
    readonly add: (pipeline: ChainableCommander, place: number) => unknown;
    /** The same by itself. */
    readonly alone: (place: number) => Promise<unknown>;
    readonly read: (reply: unknown) => T;
  },
): Promise<void> {
  const masters = new Map<string, Redis>();
  for (const node of cluster.nodes('master')) masters.set(`${node.options.host}:${node.options.port}`, node);
  const byNode = new Map<Redis, number[]>();
  const alone: number[] = [];
  for (const [i, key] of keys.entries()) {
    const slot = keySlot(typeof key === 'string' ? Buffer.from(key) : key);
    const node = masters.get(cluster.slots[slot]?.[0] ?? '');
    if (node === undefined) {
      alone.push(i);
      continue;
    }
    const places = byNode.get(node);
    if (places === undefined) byNode.set(node, [i]);
    else places.push(i);
  }

  const runAlone = async (i: number): Promise<void> => {
    try {
      into[i] = command.read(await command.alone(i));
    } catch (error) {
      into[i] = asError(error);
    }
  };
  const runOnNode = async (node: Redis, places: readonly number[]): Promise<void> => {
    // In the state `wait` it connects with the first command; in any other it would queue this one.
    if (node.status !== 'ready' && node.status !== 'wait') {
      for (const i of places) into[i] = new Error('not connected');
      return;
    }
    const pipeline = node.pipeline();
    for (const i of places) command.add(pipeline, i);
    const replies = (await pipeline.exec()) ?? [];
    const redirected: number[] = [];
    for (const [n, i] of places.entries()) {
      const [error, reply] = replies[n] ?? [new Error('no reply'), null];
      if (error !== null && /^(?:MOVED|ASK|TRYAGAIN) /.test(error.message)) redirected.push(i);
      else into[i] = error ?? command.read(reply);
    }
    await Promise.all(redirected.map(runAlone));
  };
  const runs = [...byNode].map(([node, places]) =>
    runOnNode(node, places).catch((error: unknown) => {
      for (const i of places) if (into[i] === undefined) into[i] = asError(error);
    }),
  );
  await Promise.all([...runs, ...alone.map(runAlone)]);
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('unknown');
}
