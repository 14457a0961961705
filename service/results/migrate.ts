/**
 * Brings a database to the newest schema: the three roles, the schema `fangbang`, the numbered
 * files of `migrations/` that it does not have yet.
 *
 * Failure policy: one transaction under an advisory lock, so that two migrations at once do no
 * harm and a failed one leaves nothing behind. A file that was changed after it was applied, or
 * a database newer than this program, is refused (`migration-mismatch`).
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import pg from 'pg';
import { FangbangError } from './errors.ts';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

const FOLDER = new URL('./migrations/', import.meta.url);

/** The migrations of this program, in order; numbers start at 1 and have no gaps. */
export function readMigrations(): Migration[] {
  const names = readdirSync(FOLDER)
    .filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
    .sort();
  return names.map((name, index) => {
    const sql = readFileSync(new URL(name, FOLDER), 'utf8');
    const number = Number(name.slice(0, 4));
    if (number !== index + 1) throw new Error(`migrations/${name}: expected number ${index + 1}`);
    return { number, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
}

// Roles belong to the whole server, so two databases may be migrated at the same time: whoever
// comes second finds the role there.
const CREATE_ROLES = ['fangbang_owner', 'fangbang_loader', 'fangbang_service']
  .map(
    (role) => `do $$ begin
      if not exists (select 1 from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
    exception when duplicate_object or unique_violation then null; end $$;`,
  )
  .join('\n');

// Since Postgres 16 a login with CREATEROLE may grant the roles that it made, also to itself, but not act
// as them before it has done so.
const BECOME_OWNER = `do $$ begin
  if not pg_has_role('fangbang_owner', case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end) then
    execute format('grant fangbang_owner to %I', current_user);
  end if;
end $$`;

/**
 * Migrates the database at `databaseUrl`, whose login must be allowed to create roles and to act
 * as `fangbang_owner` (a superuser, or a role with CREATEROLE that owns the database).
 *
 * @returns the schema's number before and after.
 * @throws FangbangError `migration-mismatch`; errors of pg when the server is away or refuses.
 */
export async function migrate(databaseUrl: string): Promise<{ from: number; to: number }> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  // A connection that breaks also rejects the query under way; without a listener it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(hashtextextended('fangbang.migrate', 0))`);
    const result = await applyMissing(client, readMigrations());
    await client.query('commit');
    return result;
  } finally {
    await client.end();
  }
}

async function applyMissing(
  client: pg.Client,
  migrations: Migration[],
): Promise<{ from: number; to: number }> {
  await client.query(CREATE_ROLES);
  await client.query(BECOME_OWNER);
  const exists = await client.query<{ found: boolean }>(
    `select to_regclass('fangbang.migration') is not null as found`,
  );
  if (exists.rows[0]?.found !== true) {
    await client.query('create schema if not exists fangbang authorization fangbang_owner');
    await client.query('set local role fangbang_owner');
    await client.query(`create table fangbang.migration (
      number integer primary key, name text not null, sha256 text not null,
      applied_at timestamptz not null default clock_timestamp())`);
  }
  await client.query('set local role fangbang_owner');
  const applied = await client.query<{ number: number; name: string; sha256: string }>(
    'select number, name, sha256 from fangbang.migration order by number',
  );
  for (const row of applied.rows) {
    const ours = migrations[row.number - 1];
    if (ours === undefined) {
      throw new FangbangError(
        'migration-mismatch',
        `the database is at migration ${row.name}, newer than this program: install the program that made it`,
      );
    }
    if (ours.sha256 !== row.sha256) {
      throw new FangbangError(
        'migration-mismatch',
        `migration ${row.name} was changed after it was applied: restore the file, and write a new migration instead`,
      );
    }
  }
  const from = applied.rows.length;
  for (const migration of migrations.slice(from)) {
    await client.query(migration.sql);
    await client.query('insert into fangbang.migration (number, name, sha256) values ($1, $2, $3)', [
      migration.number,
      migration.name,
      migration.sha256,
    ]);
  }
  return { from, to: migrations.length };
}

/** The schema's number in the database, 0 when it was never migrated. */
export async function schemaNumber(client: pg.ClientBase): Promise<number> {
  const exists = await client.query<{ found: boolean }>(
    `select to_regclass('fangbang.migration') is not null as found`,
  );
  if (exists.rows[0]?.found !== true) return 0;
  const top = await client.query<{ top: number | null }>('select max(number) as top from fangbang.migration');
  return top.rows[0]?.top ?? 0;
}

/** The newest schema's number, which this program needs. */
export function newestSchemaNumber(): number {
  return readMigrations().length;
}
