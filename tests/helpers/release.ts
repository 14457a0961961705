/**
 * @module A series brought to a release through the CLI alone, as staff do it: two persons, real stores.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloneMigratedDatabase, redisDatabase, type TestDatabase } from './stores.ts';
import { runCli, type CliResult } from './cli.ts';

export interface ReleaseDesk {
  readonly database: TestDatabase;
  readonly redisUrl: string;
  readonly pepperFile: string;
  /** A folder for files of the test, removed at the end. */
  readonly folder: string;
  /** Runs a verb as the person who loads. */
  readonly loader: (...args: string[]) => Promise<CliResult>;
  /** Runs a verb as the second person. */
  readonly approver: (...args: string[]) => Promise<CliResult>;
  /** URL of a login in the service's role. */
  readonly serviceUrl: string;
  readonly close: () => Promise<void>;
}

/** Stores, two persons and a pepper. */
export async function openReleaseDesk(): Promise<ReleaseDesk> {
  const database = await cloneMigratedDatabase();
  const redis = await redisDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-release-'));
  const pepperFile = join(folder, 'pepper');
  writeFileSync(pepperFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const as = async (hint: string): Promise<ReleaseDesk['loader']> => {
    const { url } = await database.createLogin(hint, 'fangbang_loader');
    const env = { DATABASE_URL: url, REDIS_URL: redis.url, FANGBANG_PEPPER_FILE: pepperFile };
    return (...args) => runCli(args, { env });
  };
  return {
    database,
    redisUrl: redis.url,
    pepperFile,
    folder,
    loader: await as('loader'),
    approver: await as('approver'),
    serviceUrl: await database.urlFor('fangbang_service'),
    close: async () => {
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The JSON of a verb that must succeed. */
export async function succeed(result: Promise<CliResult>): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await result;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stderr}\n${stdout}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Loads, warms, verifies and approves a file; the batch can be published from `notBefore` on. */
export async function makeApprovedBatch(
  desk: ReleaseDesk,
  series: string,
  file: string,
  notBefore = '2020-01-01T00:00:00Z',
): Promise<number> {
  const loaded = await succeed(desk.loader('load', file, '--series', series, '--json'));
  const batch = String(loaded['batch']);
  await succeed(desk.loader('warm', batch, '--json'));
  await succeed(desk.loader('verify', batch, '--file', file, '--json'));
  await succeed(
    desk.approver(
      'approve',
      batch,
      '--checksum',
      String(loaded['checksum']),
      '--not-before',
      notBefore,
      '--json',
    ),
  );
  return Number(batch);
}
