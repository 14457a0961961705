// Sabotage: nobody listens for the end of an idle connection to Postgres. Loaded before the service.
import { createRequire } from 'node:module';

const pg = createRequire(import.meta.url)('pg');
const { Pool } = pg;

pg.Pool = class DeafPool extends Pool {
  on(name, listener) {
    return name === 'error' ? this : super.on(name, listener);
  }
};
