/**
 * @module The programs of the floor: psql and redis-cli.
 *
 * Failure policy: no redis-cli is a SetupError that says what to install; psql has a stand-in (copy-file.mjs).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { programOnPath } from '../../../infra/local/debian-package.ts';
import { runToEnd } from '../../../infra/local/processes.ts';
import type { RedisProgram } from '../../../infra/local/redis-program.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';

/** psql on the search path, if it works with the server; an old one usually does for a \copy. */
export async function findPsql(searchPath: string, databaseUrl: string): Promise<string | undefined> {
  const psql = programOnPath(['psql'], searchPath);
  if (psql === undefined) return undefined;
  const env = { PATH: searchPath, ...connectionOf(databaseUrl) };
  const { code } = await runToEnd({
    command: psql,
    args: ['-X', '-q', '-c', '\\copy (select 1) to stdout'],
    env,
  });
  return code === 0 ? psql : undefined;
}

/** On the search path, or beside the server that was unpacked from Debian's packages. */
export function findRedisCli(searchPath: string, server: RedisProgram): RedisProgram {
  const onPath = programOnPath(['redis-cli', 'valkey-cli'], searchPath);
  if (onPath !== undefined) return { command: onPath, libraryFolders: [] };
  const beside = join(server.command, '..', 'redis-cli');
  if (existsSync(beside)) return { command: beside, libraryFolders: server.libraryFolders };
  throw new SetupError('There is no redis-cli here: run "sudo apt-get install redis-tools".');
}

/** A URL as the variables that psql and pg read, so that no password is among the arguments. */
export function connectionOf(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  return {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    PGPASSWORD: url.password,
    PGDATABASE: url.pathname.slice(1),
  };
}
