/**
 * What the clients of Postgres and Redis say of themselves, for Prometheus.
 */
import type { Registry } from 'prom-client';
import { Gauge } from 'prom-client';

export interface StoreClients {
  /** Pools of connections to Postgres by name. */
  readonly pools: Readonly<Record<string, PoolCounts>>;
  /** Clients of Redis by name; none when the service was told to run without. */
  readonly redis: Readonly<Record<string, { readonly status: string }>>;
}

/** What a pg.Pool says of itself. */
export interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

/** Read when scraped: the stores' clients know it all the time, and lookups pay nothing for it. */
export function watchStores({ pools, redis }: StoreClients, registers: Registry[]): void {
  const ofPools = (name: string, help: string, read: (pool: PoolCounts) => number): void => {
    const made: Gauge<'pool'> = new Gauge({
      name,
      help,
      labelNames: ['pool'],
      registers,
      collect: () => {
        for (const [pool, counts] of Object.entries(pools)) made.set({ pool }, read(counts));
      },
    });
  };
  ofPools('fangbang_postgres_connections', 'Connections to Postgres', (pool) => pool.totalCount);
  ofPools('fangbang_postgres_connections_idle', 'Connections with nothing to do', (pool) => pool.idleCount);
  ofPools('fangbang_postgres_connections_limit', 'Most connections', (pool) => pool.options.max);
  ofPools('fangbang_postgres_waiting', 'Queries that wait for a connection', (pool) => pool.waitingCount);
  const connected: Gauge<'client'> = new Gauge({
    name: 'fangbang_redis_connected',
    help: '1 while Redis takes commands; not there when the service was told to run without',
    labelNames: ['client'],
    aggregator: 'min',
    registers,
    collect: () => {
      for (const [client, { status }] of Object.entries(redis))
        connected.set({ client }, status === 'ready' ? 1 : 0);
    },
  });
}
