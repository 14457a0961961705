/**
 * @module Time that passes in a drill's stores: the database's clock as the instances read it, and the expiry of
 * what Redis holds. The service has no clock of its own for these limits, so nothing in it has to be changed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { queryOne, withRedis } from '../../helpers/batch.ts';
import { withClient } from '../../helpers/stores.ts';
import type { DrillInstallation } from '../common/installation.ts';

/** An instance's poll comes about once a second. */
const POLLED_MS = 2_500;

export class DrillClock {
  readonly #installation: DrillInstallation;

  private constructor(installation: DrillInstallation) {
    this.#installation = installation;
  }

  /** Puts the clock between the instances and the database; before they start. */
  static async install(installation: DrillInstallation): Promise<DrillClock> {
    const { url } = installation.postgres;
    await withClient(url, (client) =>
      client.query(`create table fangbang.drill_clock (ahead_ms bigint not null);
      insert into fangbang.drill_clock values (0);
      alter function fangbang.service_state() rename to true_service_state;
      create function fangbang.service_state() returns jsonb language sql security definer
        set search_path = pg_catalog, pg_temp as $$
          select jsonb_set(s.state, '{nowMs}', to_jsonb((s.state->>'nowMs')::numeric + c.ahead_ms))
          from (select fangbang.true_service_state()::jsonb as state) s, fangbang.drill_clock c $$;
      grant execute on function fangbang.service_state() to fangbang_service;`),
    );
    return new DrillClock(installation);
  }

  /** Lets so much time pass; every instance has noticed when this returns. */
  async pass(milliseconds: number): Promise<void> {
    const { postgres, redis } = this.#installation;
    const whole = Math.round(milliseconds);
    await queryOne(postgres.url, 'update fangbang.drill_clock set ahead_ms = ahead_ms + $1', [whole]);
    await withRedis(redis.url, async (client) => {
      for (const key of await client.keysBuffer('*')) {
        const leftMs = await client.pttl(key);
        // Slips have no expiry.
        if (leftMs > 0) await client.pexpire(key, Math.max(1, leftMs - whole));
      }
    });
    await sleep(POLLED_MS);
  }
}
