/**
 * @module What a run of the tests leaves behind: nothing, neither in the folder for temporary files nor on a
 * Postgres that was given.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout } from '../../infra/local/checkout.ts';
import { throwAwayFolder } from '../../infra/local/private-folder.ts';
import { dropWhatOldRunsLeft, dropWhatTestsLeft } from '../../infra/local/test-leftovers.ts';
import type { OwnServer } from '../helpers/stores.ts';
import { startOwnPostgres, withClient } from '../helpers/stores.ts';

it('a run of tests that make peppers leaves no file behind', async () => {
  const folder = throwAwayFolder('leftovers', undefined);
  const temporary = join(folder.path, 'temporary');
  mkdirSync(temporary);
  try {
    await promisify(execFile)(
      process.execPath,
      ['infra/local/test.mjs', '--only', 'unit', 'tests/unit/service-config.test.ts'],
      { cwd: checkout, env: { PATH: process.env['PATH'], TMPDIR: temporary } },
    );
    expect(readdirSync(temporary)).toEqual([]);
  } finally {
    folder.remove();
  }
});

describe('on a Postgres that was given', () => {
  let postgres: OwnServer;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
    await withClient(postgres.url, async (client) => {
      for (const name of [
        'fangbang_test_one_template',
        'fangbang_test_two_template',
        'fangbang_testing',
        'kept',
      ])
        await client.query(`CREATE DATABASE "${name}"`);
      for (const name of ['fangbang_test_one_loader', 'fangbang_test_two_loader', 'kept'])
        await client.query(`CREATE ROLE "${name}"`);
    });
  });
  afterAll(async () => {
    await postgres?.discard();
  });

  const left = async (): Promise<string[]> => {
    const names: string[] = [];
    await withClient(postgres.url, async (client) => {
      const found = await client.query<{ name: string }>(
        `SELECT datname AS name FROM pg_database UNION ALL SELECT rolname FROM pg_roles ORDER BY 1`,
      );
      names.push(...found.rows.map(({ name }) => name));
    });
    return names.filter((name) => /^(fangbang|kept)/.test(name));
  };

  it('a run drops its own template and roles alone', async () => {
    await dropWhatTestsLeft(postgres.url, 'one');
    expect(await left()).toEqual([
      'fangbang_test_two_loader',
      'fangbang_test_two_template',
      'fangbang_testing',
      'kept',
      'kept',
    ]);
  });

  it('what a killed run left is dropped by a later one when it is old, and not before', async () => {
    await dropWhatOldRunsLeft(postgres.url);
    expect(await left()).toContain('fangbang_test_two_template');
    await dropWhatOldRunsLeft(postgres.url, 0);
    expect(await left()).toEqual(['fangbang_testing', 'kept', 'kept']);
  });
});
