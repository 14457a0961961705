import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refuseForeignResults } from '../../infra/local/demo.ts';
import { ensureDatabase, ensureLogins, type Logins } from '../../infra/local/logins.ts';
import { throwAwayFolder, type ThrowAwayFolder } from '../../infra/local/private-folder.ts';
import { cloneMigratedDatabase, createDatabase, withClient, type TestDatabase } from '../helpers/stores.ts';

let database: TestDatabase;
let folder: ThrowAwayFolder;
let passwordsFile = '';

beforeAll(async () => {
  database = await cloneMigratedDatabase();
  folder = throwAwayFolder('logins', undefined);
  passwordsFile = join(folder.path, 'logins.json');
});
afterAll(async () => {
  await database.drop();
  folder.remove();
});

async function whoIs(url: string): Promise<{ name: string; loader: boolean; service: boolean }> {
  const answer = await withClient(url, (client) =>
    client.query<{ name: string; loader: boolean; service: boolean }>(
      `SELECT session_user AS name, pg_has_role('fangbang_loader', 'MEMBER') AS loader,
              pg_has_role('fangbang_service', 'MEMBER') AS service`,
    ),
  );
  const [row] = answer.rows;
  if (row === undefined) throw new Error('no row');
  return row;
}

it('loader and approver are two persons, and the service may not load', async () => {
  const logins = await ensureLogins(database.url, { passwordsFile, ownServer: false });
  const [loader, approver, service] = await Promise.all([
    whoIs(logins.loader),
    whoIs(logins.approver),
    whoIs(logins.service),
  ]);
  expect(loader).toMatchObject({ loader: true, service: false });
  expect(approver).toMatchObject({ loader: true, service: false });
  expect(service).toMatchObject({ loader: false, service: true });
  expect(approver.name).not.toBe(loader.name);
  await dropLogins(logins);
});

it('passwords are kept for the next start, readable by their owner alone, and set again when lost', async () => {
  const first = await ensureLogins(database.url, { passwordsFile, ownServer: false });
  expect(await ensureLogins(database.url, { passwordsFile, ownServer: false })).toEqual(first);
  expect(statSync(passwordsFile).mode & 0o777).toBe(0o600);
  rmSync(passwordsFile);
  const second = await ensureLogins(database.url, { passwordsFile, ownServer: false });
  expect(second.loader).not.toBe(first.loader);
  expect((await whoIs(second.loader)).loader).toBe(true);
  await dropLogins(second);
});

it('a login that may not create roles is told what DATABASE_URL needs', async () => {
  const url = await database.urlFor('fangbang_loader');
  const attempt = ensureLogins(url, { passwordsFile, ownServer: false });
  await expect(attempt).rejects.toThrow("DATABASE_URL's login may not create roles");
});

it('a Postgres that does not answer is named by host and port, without the password', async () => {
  const attempt = ensureDatabase('postgres://anna:secret@127.0.0.1:1/postgres', 'x');
  await expect(attempt).rejects.toThrow('Postgres at 127.0.0.1:1 does not let us in (ECONNREFUSED)');
  await expect(attempt).rejects.not.toThrow('secret');
});

it('a database is created once', async () => {
  const name = `${database.name}_x`;
  const url = await ensureDatabase(database.url, name);
  expect(await ensureDatabase(database.url, name)).toBe(url);
  const answer = await withClient(url, (client) => client.query('SELECT current_database() AS name'));
  expect(answer.rows).toEqual([{ name }]);
  await withClient(database.url, (client) => client.query(`DROP DATABASE "${name}"`));
});

async function dropLogins(logins: Logins): Promise<void> {
  await withClient(database.url, async (client) => {
    for (const url of Object.values(logins)) await client.query(`DROP ROLE "${new URL(url).username}"`);
  });
}

it('a database with results that no npm start loaded is refused, an empty one and one of ours is not', async () => {
  const empty = await createDatabase();
  await expect(withClient(empty.url, refuseForeignResults)).resolves.toBeUndefined();
  await empty.drop();
  await expect(asOwner(refuseForeignResults)).resolves.toBeUndefined();
  await insertBatch('fangbang_demo_loader_1a2b3c4d');
  await expect(asOwner(refuseForeignResults)).resolves.toBeUndefined();
  await insertBatch('anna');
  await expect(asOwner(refuseForeignResults)).rejects.toThrow('give it a database of its own');
});

function asOwner<T>(use: (client: Client) => Promise<T>): Promise<T> {
  return withClient(database.url, use);
}

/** Past the triggers that want a batch whole: only who loaded it matters here. */
async function insertBatch(loadedBy: string): Promise<void> {
  await asOwner(async (client) => {
    await client.query('SET session_replication_role = replica');
    await client.query(
      `INSERT INTO fangbang.batch (number, series, definition_version, loaded_by, pepper_fingerprint, nonce_salt, codec_version)
       VALUES (nextval('fangbang.batch_number'), 'x1', 1, $1::text, '12345678', substr(sha256(convert_to($1::text, 'UTF8')), 1, 8), 1)`,
      [loadedBy],
    );
  });
}
