import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FangbangError } from '../../service/results/errors.ts';
import { migrate, newestSchemaNumber, readMigrations, schemaNumber } from '../../service/results/migrate.ts';
import { connect, refusalOf } from '../helpers/schema.ts';
import { createDatabase, startOwnPostgres, type TestDatabase, withClient } from '../helpers/stores.ts';

const databases: TestDatabase[] = [];
const folders: string[] = [];

async function fresh(): Promise<TestDatabase> {
  const database = await createDatabase();
  databases.push(database);
  return database;
}

let migrated: TestDatabase;
beforeAll(async () => {
  migrated = await fresh();
  await migrate(migrated.url);
});
afterAll(async () => {
  for (const database of databases) await database.drop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Tables, columns, functions with their sources, rights, constraints: all that a migration could change. */
async function pictureOf(url: string): Promise<string> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ picture: string }>(`
      select jsonb_build_object(
        'relations', (select jsonb_agg(jsonb_build_array(c.relname, c.relkind, c.relacl::text, pg_get_userbyid(c.relowner)) order by c.relname)
          from pg_class c where c.relnamespace = 'fangbang'::regnamespace),
        'columns', (select jsonb_agg(jsonb_build_array(a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) order by a.attrelid::regclass::text, a.attnum)
          from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'fangbang'::regnamespace and a.attnum > 0),
        'functions', (select jsonb_agg(jsonb_build_array(p.oid::regprocedure::text, p.proacl::text, md5(pg_get_functiondef(p.oid))) order by p.oid::regprocedure::text)
          from pg_proc p where p.pronamespace = 'fangbang'::regnamespace),
        'constraints', (select jsonb_agg(jsonb_build_array(k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid)) order by k.conrelid::regclass::text, k.conname)
          from pg_constraint k where k.connamespace = 'fangbang'::regnamespace),
        'migrations', (select jsonb_agg(jsonb_build_array(m.number, m.sha256, m.applied_at::text)) from fangbang.migration m),
        'epoch', (select epoch from fangbang.installation)
      )::text as picture`);
    return rows[0]?.picture ?? '';
  });
}

/** Only the parts that two databases have in common. */
const shape = (picture: string): string => picture.replace(/"migrations": \[.*?\]\], /, '');

/** migrate.ts in a folder of its own, so that its migrations can be changed. */
async function programWith(
  change: (folder: string) => void,
): Promise<{ migrate: typeof migrate; newestSchemaNumber: typeof newestSchemaNumber }> {
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-migrate-'));
  folders.push(folder);
  const room = fileURLToPath(new URL('../../service/results/', import.meta.url));
  cpSync(join(room, 'migrations'), join(folder, 'migrations'), { recursive: true });
  for (const file of ['migrate.ts', 'errors.ts']) cpSync(join(room, file), join(folder, file));
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  change(join(folder, 'migrations'));
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'migrate.ts')).href)) as {
    migrate: typeof migrate;
    newestSchemaNumber: typeof newestSchemaNumber;
  };
}

test('a first migration goes from 0 to the newest schema', async () => {
  const database = await fresh();
  await withClient(database.url, async (client) => expect(await schemaNumber(client)).toBe(0));
  expect(await migrate(database.url)).toEqual({ from: 0, to: newestSchemaNumber() });
  await withClient(database.url, async (client) =>
    expect(await schemaNumber(client)).toBe(newestSchemaNumber()),
  );
});

test('a second migration changes nothing', async () => {
  const before = await pictureOf(migrated.url);
  expect(await migrate(migrated.url)).toEqual({ from: newestSchemaNumber(), to: newestSchemaNumber() });
  expect(await pictureOf(migrated.url)).toBe(before);
});

test('eight migrations at once do no harm', async () => {
  const database = await fresh();
  const results = await Promise.all(Array.from({ length: 8 }, () => migrate(database.url)));
  expect(results.filter((r) => r.from === 0)).toHaveLength(1);
  expect(results.every((r) => r.to === newestSchemaNumber())).toBe(true);
  expect(shape(await pictureOf(database.url))).toBe(shape(await pictureOf(migrated.url)));
});

test('different databases of one server can be migrated at once, though roles are the server’s', async () => {
  const several = await Promise.all([fresh(), fresh(), fresh(), fresh()]);
  await Promise.all(several.map(({ url }) => migrate(url)));
  const expected = shape(await pictureOf(migrated.url));
  for (const { url } of several) expect(shape(await pictureOf(url))).toBe(expected);
});

test('a login with CREATEROLE that owns the database migrates a server that has no roles yet', async () => {
  const server = await startOwnPostgres();
  try {
    await withClient(server.url, async (client) => {
      await client.query(`create role dba login createrole password 'of-a-test'`);
      await client.query('create database results owner dba');
    });
    const url = new URL(server.url);
    url.username = 'dba';
    url.password = 'of-a-test';
    url.pathname = '/results';
    expect(await migrate(url.href)).toEqual({ from: 0, to: newestSchemaNumber() });
    expect(await migrate(url.href)).toEqual({ from: newestSchemaNumber(), to: newestSchemaNumber() });
    // As `db migrate --allow-single yes` does next.
    await withClient(url.href, (client) => client.query('select fangbang.set_allow_single(true)'));
  } finally {
    await server.discard();
  }
});

test('a login that is not the owner cannot migrate, and nothing is left behind', async () => {
  const database = await fresh();
  const login = await database.createLogin('loader', 'fangbang_loader');
  expect(await refusalOf(migrate(login.url))).toMatchObject({ state: '42501' });
  await withClient(database.url, async (client) => expect(await schemaNumber(client)).toBe(0));
});

test('a migration file that was changed after it was applied is refused', async () => {
  const { migrate: changed } = await programWith((folder) => {
    const [first = ''] = readdirSync(folder).toSorted();
    writeFileSync(join(folder, first), `${readFileSync(join(folder, first), 'utf8')}\n-- a comment\n`);
  });
  const before = await pictureOf(migrated.url);
  await expect(changed(migrated.url)).rejects.toMatchObject({
    code: 'migration-mismatch',
    message: expect.stringContaining('0001-tables-roles-and-guarantees.sql was changed'),
  });
  expect(await pictureOf(migrated.url)).toBe(before);
});

test('a database newer than the program is refused, and an older one upgraded', async () => {
  const database = await fresh();
  await migrate(database.url);
  const next = `${String(newestSchemaNumber() + 1).padStart(4, '0')}-of-a-test.sql`;
  const newer = await programWith((folder) =>
    writeFileSync(
      join(folder, next),
      'create function fangbang.of_a_test() returns integer language sql return 1;',
    ),
  );
  expect(await newer.migrate(database.url)).toEqual({
    from: newestSchemaNumber(),
    to: newestSchemaNumber() + 1,
  });
  await expect(migrate(database.url)).rejects.toMatchObject({
    code: 'migration-mismatch',
    message: expect.stringContaining('newer than this program'),
  });
  const loader = await connect(await database.createLogin('loader', 'fangbang_loader'));
  try {
    // A function that a later migration adds is nobody's until it is granted.
    expect(await refusalOf(loader.ask('select fangbang.of_a_test()'))).toMatchObject({ state: '42501' });
  } finally {
    await loader.client.end();
  }
});

test('a migration that fails leaves nothing behind', async () => {
  const database = await fresh();
  const broken = await programWith((folder) =>
    writeFileSync(
      join(folder, `${String(newestSchemaNumber() + 1).padStart(4, '0')}-broken.sql`),
      'create table fangbang.half (a integer); select 1 / 0;',
    ),
  );
  expect(await refusalOf(broken.migrate(database.url))).toMatchObject({ state: '22012' });
  await withClient(database.url, async (client) => {
    const { rows } = await client.query(`select to_regnamespace('fangbang') as schema`);
    expect(rows).toEqual([{ schema: null }]);
  });
});

test('a gap in the numbers of the migration files is a fault of the program', async () => {
  const gap = await programWith((folder) => writeFileSync(join(folder, '0009-later.sql'), 'select 1'));
  expect(() => gap.newestSchemaNumber()).toThrow(
    `migrations/0009-later.sql: expected number ${newestSchemaNumber() + 1}`,
  );
});

test('a connection that breaks during a migration rejects, and the process lives', async () => {
  const database = await fresh();
  const blocker = await connect({ name: 'postgres', url: database.url });
  try {
    await blocker.ask(`select pg_advisory_lock(hashtextextended('fangbang.migrate', 0))`);
    const migration = migrate(database.url).then(
      () => 'migrated',
      (error: unknown) => (error instanceof FangbangError ? error.code : 'rejected'),
    );
    await expect
      .poll(
        async () => {
          const [row] = await blocker.ask<{ ended: boolean }>(
            `select coalesce(bool_or(pg_terminate_backend(pid)), false) as ended from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid() and wait_event_type = 'Lock'`,
          );
          return row?.ended;
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    expect(await migration).toBe('rejected');
  } finally {
    await blocker.client.end();
  }
});

test('the migrations are recorded by the SHA-256 of their files', async () => {
  const recorded = await withClient(migrated.url, async (client) => {
    const { rows } = await client.query(
      'select number, name, sha256 from fangbang.migration order by number',
    );
    return rows;
  });
  expect(recorded).toEqual(
    readMigrations().map(({ number, name, sql }) => ({
      number,
      name,
      sha256: createHash('sha256').update(sql).digest('hex'),
    })),
  );
});
