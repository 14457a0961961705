// Sabotage: as many connections to Postgres as lookups want. Loaded before the service.
const { BOUNDS_BEHIND_REDIS } = await import('../../../service/lookup/postgres-fallback.ts');
Object.assign(BOUNDS_BEHIND_REDIS, { connections: 1_000, waiting: 100_000 });
