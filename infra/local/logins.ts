/**
 * @module The logins that `npm start` works with: a loader, a second person who approves, the service.
 *
 * Failure policy: a Postgres that does not answer, or a DATABASE_URL that may not create roles, is a SetupError
 * that names host and port, never the password.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Client } from 'pg';
import { checkout } from './checkout.ts';
import { SetupError, faultCode } from './setup-error.ts';

export interface Logins {
  /** postgres:// URLs on the same database. */
  readonly loader: string;
  readonly approver: string;
  readonly service: string;
}

/** All our logins' names begin with it. */
export const demoLoginPrefix = 'fangbang_demo_';

const memberships = {
  loader: 'fangbang_loader',
  approver: 'fangbang_loader',
  service: 'fangbang_service',
} as const;

/** Runs `use` on a connection of its own to a Postgres that a person may have given. */
export async function onPostgres<T>(databaseUrl: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (fault) {
    throw new SetupError(
      `Postgres at ${client.host}:${client.port} does not let us in (${faultCode(fault) ?? 'no answer'}): check DATABASE_URL, and that the server runs.`,
    );
  }
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

/** Creates the database if there is none and returns the URL with it. */
export async function ensureDatabase(serverUrl: string, name: string): Promise<string> {
  await onPostgres(serverUrl, async (client) => {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rows.length === 0) await client.query(`CREATE DATABASE "${name}"`);
  });
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * Creates the logins, or gives them their passwords again; the roles must exist (`db migrate`). Passwords are
 * made once and kept in `passwordsFile`, mode 600. Roles belong to a whole server: `ownServer: false` puts a mark
 * of this checkout and database into the names.
 */
export async function ensureLogins(
  databaseUrl: string,
  options: { readonly passwordsFile: string; readonly ownServer: boolean },
): Promise<Logins> {
  const passwords = passwordsIn(options.passwordsFile);
  const mark = options.ownServer ? '' : `_${markOf(databaseUrl)}`;
  const urls = await onPostgres(databaseUrl, async (client) => {
    const made = { loader: '', approver: '', service: '' };
    for (const kind of ['loader', 'approver', 'service'] as const) {
      const name = `${demoLoginPrefix}${kind}${mark}`;
      try {
        await ensureLogin(client, name, passwords[kind], memberships[kind]);
      } catch (fault) {
        // 42501: insufficient privilege.
        if (faultCode(fault) !== '42501') throw fault;
        throw new SetupError(
          "DATABASE_URL's login may not create roles: give one that may (CREATEROLE, or a superuser).",
        );
      }
      made[kind] = withLogin(databaseUrl, name, passwords[kind]);
    }
    return made;
  });
  return urls;
}

async function ensureLogin(client: Client, name: string, password: string, memberOf: string): Promise<void> {
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [name]);
  const verb = found.rows.length === 0 ? 'CREATE' : 'ALTER';
  // The password is base64url of our own making: nothing in it needs quoting.
  await client.query(`${verb} ROLE "${name}" LOGIN PASSWORD '${password}'`);
  await client.query(`GRANT "${memberOf}" TO "${name}"`);
}

function withLogin(databaseUrl: string, name: string, password: string): string {
  const url = new URL(databaseUrl);
  url.username = name;
  url.password = password;
  return url.href;
}

function markOf(databaseUrl: string): string {
  const database = new URL(databaseUrl).pathname;
  return createHash('sha256').update(`${checkout}\n${database}`).digest('hex').slice(0, 8);
}

function passwordsIn(file: string): Record<keyof Logins, string> {
  if (!existsSync(file)) {
    const fresh = { loader: freshPassword(), approver: freshPassword(), service: freshPassword() };
    writeFileSync(file, `${JSON.stringify(fresh, null, 2)}\n`, { mode: 0o600 });
  }
  const kept: Partial<Record<keyof Logins, string>> = JSON.parse(readFileSync(file, 'utf8'));
  const { loader, approver, service } = kept;
  if (loader === undefined || approver === undefined || service === undefined) {
    throw new SetupError(`${file} is not as we wrote it: remove it and run the command again.`);
  }
  return { loader, approver, service };
}

function freshPassword(): string {
  return randomBytes(24).toString('base64url');
}
