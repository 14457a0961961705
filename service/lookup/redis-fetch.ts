/**
 * One network round trip for many keys: MGET on one Redis or Sentinel; on Cluster, which refuses an
 * MGET across slots, one pipeline of GETs per node.
 *
 * Failure policy: on one Redis the whole fetch rejects. On Cluster each key stands for itself
 * (cluster-pipelines.ts).
 */
import { Cluster } from 'ioredis';
import { runOnCluster } from './cluster-pipelines.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisKey } from './wire-command.ts';
import { mgetCommand, plainKey } from './wire-command.ts';

/** The value, null when there is none, an Error when it could not be read, undefined until it has come. */
export type Fetched = Buffer | null | Error | undefined;

/** Fills `into` in the order of the keys; resolves when all of it is there. */
export type FetchMany = (keys: readonly RedisKey[], into: Fetched[]) => Promise<void>;

export function fetchManyFrom(client: RedisClient): FetchMany {
  if (client instanceof Cluster) {
    return (written, into) => {
      const keys = written.map(plainKey);
      return runOnCluster<Buffer | null>(client, keys, into, {
        add: (pipeline, i) => pipeline.getBuffer(keys[i] ?? ''),
        alone: (i) => client.getBuffer(keys[i] ?? ''),
        read: (reply) => (Buffer.isBuffer(reply) ? reply : null),
      });
    };
  }
  return async (keys, into) => {
    const values = (await client.sendCommand(mgetCommand(keys))) as (Buffer | null)[];
    for (let i = 0; i < values.length; i += 1) into[i] = values[i];
  };
}
