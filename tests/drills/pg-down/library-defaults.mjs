// Sabotage: pools of connections to Postgres with the library's defaults, which wait for ever. Loaded before the service.
import { createRequire } from 'node:module';

const pg = createRequire(import.meta.url)('pg');
const { Pool } = pg;

pg.Pool = class PatientPool extends Pool {
  constructor(options) {
    super({ ...options, connectionTimeoutMillis: undefined, query_timeout: undefined });
  }
};
