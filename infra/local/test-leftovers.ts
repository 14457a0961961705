/**
 * @module What tests leave on a Postgres that was given from outside: the template of a run, and what broken tests
 * or a killed run did not drop. A server of our own goes as a whole.
 *
 * Failure policy: a fault of Postgres rejects. Databases and roles of other names are never touched.
 */
import { Client } from 'pg';

const PREFIX = 'fangbang_test_';
/** No run takes so long, so what is older belongs to none that goes on. */
const OLD_HOURS = 6;

/** Drops what is left of this run. @param runName as in FANGBANG_TEST_RUN */
export async function dropWhatTestsLeft(databaseUrl: string, runName: string): Promise<void> {
  await withClient(databaseUrl, (client) => dropByPrefix(client, `${PREFIX}${runName}_`));
}

/** Drops what is left of runs whose databases are all older than `hours`. */
export async function dropWhatOldRunsLeft(databaseUrl: string, hours = OLD_HOURS): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    // Postgres does not record when a database was made; its version file is written then and never again.
    const old = await client.query<{ prefix: string }>(
      `SELECT substring(datname FROM '^${PREFIX}[^_]+_') AS prefix
        FROM pg_database, LATERAL pg_stat_file('base/' || oid || '/PG_VERSION', true) AS file
        WHERE datname ~ '^${PREFIX}[^_]+_'
        GROUP BY 1
        HAVING max(file.modification) < now() - $1 * interval '1 hour'`,
      [hours],
    );
    for (const { prefix } of old.rows) await dropByPrefix(client, prefix);
  });
}

async function dropByPrefix(client: Client, prefix: string): Promise<void> {
  const databases = await client.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)`,
    [prefix],
  );
  for (const { name } of databases.rows) await client.query(`DROP DATABASE "${name}" WITH (FORCE)`);
  const roles = await client.query<{ name: string }>(
    `SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, $1)`,
    [prefix],
  );
  for (const { name } of roles.rows) await client.query(`DROP ROLE "${name}"`);
}

async function withClient(url: string, use: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
