/**
 * @module What the drill must be seen to fail on.
 */
import { withRedis } from '../../helpers/batch.ts';
import type { Runtime } from '../../helpers/service.ts';
import { withClient } from '../../helpers/stores.ts';
import { preload } from '../common/installation.ts';

/**
 * deaf: an instance does not hear the epoch in Redis. trusting: it trusts its last poll for ever. half-batch: half of
 * the correction's slips become those of the batch that it corrects, in Postgres, and Redis has lost them.
 */
export const SABOTAGES = ['deaf', 'trusting', 'half-batch'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** Environment of the service. */
export function sabotagedEnv(sabotage: Sabotage | undefined, runtime: Runtime): Record<string, string> {
  if (sabotage === undefined || sabotage === 'half-batch') return {};
  return preload(runtime, new URL(`./${sabotage}.mjs`, import.meta.url));
}

/** @param databaseUrl the superuser's. */
export async function halveBatch(
  databaseUrl: string,
  redisUrl: string,
  batches: { readonly first: number; readonly corrected: number },
): Promise<void> {
  await withClient(databaseUrl, (client) =>
    client.query(
      `update fangbang.slip s set payload = o.payload from fangbang.slip o
       where s.batch = $1 and o.batch = $2 and o.digest = s.digest and get_byte(s.digest, 0) < 128`,
      [batches.corrected, batches.first],
    ),
  );
  await withRedis(redisUrl, (redis) => redis.flushall());
}
