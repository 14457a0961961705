/**
 * @module What the drill must be seen to fail on.
 */
import { Redis } from 'ioredis';
import type { Client } from 'pg';
import { preload } from '../common/installation.ts';
import type { Stage } from './stage.ts';

/**
 * `commit-in-the-middle`: the loader commits before it seals, and the database lets it. `half-batch`: half of the
 * open batch's slips become another batch's, in Postgres, and Redis has lost them.
 */
export const SABOTAGES = ['commit-in-the-middle', 'half-batch'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** Environment of the victims. */
export function sabotagedEnv(
  sabotage: Sabotage | undefined,
  runtime: 'bun' | 'node',
): Record<string, string> {
  if (sabotage !== 'commit-in-the-middle') return {};
  return preload(runtime, new URL('./commit-in-the-middle.mjs', import.meta.url));
}

/** What is done once, after the stage is set. @param monitor a superuser's. */
export async function sabotageStores(
  sabotage: Sabotage | undefined,
  stage: Stage,
  monitor: Client,
): Promise<void> {
  if (sabotage === 'commit-in-the-middle')
    await monitor.query('drop trigger batch_is_sealed_at_commit on fangbang.batch');
  if (sabotage === 'half-batch') {
    await monitor.query(
      `update fangbang.slip s set payload = o.payload from fangbang.slip o
       where s.batch = $1 and o.batch = $2 and o.digest = s.digest and get_byte(s.digest, 0) < 128`,
      [stage.whole.number, stage.corrected.number],
    );
    const redis = new Redis(stage.installation.redisUrl ?? '');
    await redis.flushdb();
    redis.disconnect();
  }
}
