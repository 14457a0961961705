import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../loader-cli/database.ts';
import { Interrupted } from '../../loader-cli/exit-codes.ts';
import { FangbangError } from '../../service/results/errors.ts';
import {
  cloneMigratedDatabase,
  createDatabase,
  withClient,
  type TestDatabase,
  type TestLogin,
} from '../helpers/stores.ts';

let database: TestDatabase;
let login: TestLogin;
const controllers: AbortController[] = [];

beforeAll(async () => {
  database = await cloneMigratedDatabase();
  login = await database.createLogin('loader', 'fangbang_loader');
  await withClient(database.url, (client) =>
    client.query(`create table note (text text); grant all on note to "${login.name}"`),
  );
});
afterAll(() => database.drop());

async function connect(url = login.url): Promise<{ db: Database; controller: AbortController }> {
  const controller = new AbortController();
  controllers.push(controller);
  return { db: await Database.connect(url, controller.signal), controller };
}

async function notes(): Promise<number> {
  return await withClient(database.url, async (client) => {
    const { rows } = await client.query<{ n: number }>('select count(*)::int as n from note');
    return rows[0]?.n ?? -1;
  });
}

/** Statements of the login that run now. */
async function running(): Promise<number> {
  return await withClient(database.url, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where usename = $1 and (state = 'active' or xact_start is not null)`,
      [login.name],
    );
    return rows[0]?.n ?? -1;
  });
}

describe('the signal', () => {
  it('cancels the statement that runs, rolls the transaction back and is the reason that is given', async () => {
    const { db, controller } = await connect();
    const work = db.transaction(async () => {
      await db.query(`insert into note values ('half')`);
      await db.query('select pg_sleep(600)');
    });
    while ((await running()) === 0) await sleep(20);
    await sleep(100);
    const reason = new Interrupted('SIGINT');
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(await running()).toBe(0);
    expect(await notes()).toBe(0);
    await db.close();
  });

  it('lets no later statement out', async () => {
    const { db, controller } = await connect();
    const reason = new Interrupted('SIGTERM');
    controller.abort(reason);
    await expect(db.query(`insert into note values ('late')`)).rejects.toBe(reason);
    await expect(Database.connect(login.url, controller.signal)).rejects.toBe(reason);
    await db.close();
    expect(await notes()).toBe(0);
  });
});

describe('a transaction', () => {
  it('is undone when its work throws, and done otherwise', async () => {
    const { db } = await connect();
    const fault = new Error('half way');
    await expect(
      db.transaction(async () => {
        await db.query(`insert into note values ('undone')`);
        throw fault;
      }),
    ).rejects.toBe(fault);
    expect(await notes()).toBe(0);
    await db.transaction(() => db.query(`insert into note values ('done')`));
    expect(await notes()).toBe(1);
    await db.close();
  });
});

describe('a connection', () => {
  it('that the server ends is database-away at the next statement, and ends nothing else', async () => {
    const { db } = await connect();
    await withClient(database.url, (client) =>
      client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [login.name]),
    );
    await expect(db.query('select 1')).rejects.toMatchObject({ code: 'database-away' });
    await db.close();
  });

  it('to a database without our schema, or with a newer one, is refused', async () => {
    const empty = await createDatabase();
    await expect(connect(empty.url)).rejects.toMatchObject({ code: 'migration-needed' });
    await empty.drop();

    const newer = await cloneMigratedDatabase();
    await withClient(newer.url, (client) =>
      client.query(`insert into fangbang.migration (number, name, sha256)
        select max(number) + 1, 'from-the-future', '' from fangbang.migration`),
    );
    await expect(connect(newer.url)).rejects.toMatchObject({ code: 'migration-mismatch' });
    await newer.drop();
  });

  it('to a database that cannot be reached never shows the password', async () => {
    const url = 'postgres://loader:top-secret@127.0.0.1:1/fangbang';
    const error = await connect(url).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(FangbangError);
    expect(JSON.stringify([(error as Error).message, (error as FangbangError).hint])).not.toContain(
      'top-secret',
    );
  });
});

it('statements asked for at once are answered in their order', async () => {
  const { db } = await connect();
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => db.one<{ i: number }>('select $1::int as i', [i])),
  );
  expect(answers.map(({ i }) => i)).toEqual(Array.from({ length: 20 }, (_, i) => i));
  await db.close();
});
