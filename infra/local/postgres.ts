/**
 * @module A real Postgres of our own: the embedded one, laid out, initialised, started and stopped by us.
 *
 * Failure policy: what keeps it from starting is a SetupError with the server's own reason and the path of its
 * log. Data that a killed run left is taken over: its server, if it still runs, is stopped first, and Postgres
 * recovers. The server listens on 127.0.0.1 only, has no socket file, and wants a password.
 */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from './port.ts';
import { layOutPostgres } from './postgres-program.ts';
import type { User } from './private-folder.ts';
import {
  commandLineOf,
  runToEnd,
  startChild,
  stopLeftOver,
  waitUntilReady,
  type Child,
} from './processes.ts';
import { faultCode, SetupError } from './setup-error.ts';

export interface PostgresOptions {
  /** Holds `program/`, `data/` and the configuration; one server at a time. `user` must be able to enter it. */
  readonly folder: string;
  /** Holds the superuser's password, mode 600; created when missing. */
  readonly passwordFile: string;
  readonly logFile: string;
  /** false: for throw-away data; nothing is ever synced to the disk. */
  readonly durable: boolean;
  /** Whom the server runs as; undefined is ourselves. */
  readonly user: User | undefined;
  /** Exactly this port; without it `preferredPort` if it is free, else any. */
  readonly port?: number;
  readonly preferredPort?: number;
}

export interface Postgres {
  /** postgres:// URL of the superuser, on the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly exited: Child['exited'];
  readonly signal: Child['signal'];
  /** Fast shutdown: sessions are ended, everything is written. */
  readonly stop: () => Promise<void>;
}

/** The environment of the programs: none of ours, which could hold PGDATA, PGPORT and the like. */
const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** A set of 200 connections is more than two test workers ever hold; 100 is Postgres's own default. */
const common = [
  `listen_addresses = '127.0.0.1'`,
  `unix_socket_directories = ''`,
  `shared_buffers = 128MB`,
  `timezone = 'UTC'`,
  `log_timezone = 'UTC'`,
  `lc_messages = 'C'`,
  // Statements and the details of errors hold names, marks and passwords; a log is no place for them.
  `log_min_error_statement = panic`,
  `log_error_verbosity = terse`,
];
const durableSettings = [...common, `max_connections = 100`];
const throwAwaySettings = [
  ...common,
  `max_connections = 200`,
  // Commits still reach the system's memory, so that they outlive a kill -9 of the server.
  `fsync = off`,
  `full_page_writes = off`,
  `wal_level = minimal`,
  `max_wal_senders = 0`,
  // A login costs 4,096 rounds of hashing on both sides; the tests log in all the time.
  `scram_iterations = 1`,
];

/** Starts the server on the data in `folder`, which are created when there are none; ready when it returns. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { folder } = options;
  const data = join(folder, 'data');
  await stopLeftOverServer(data);
  layOutPostgres(join(folder, 'program'));
  const settings = options.durable ? durableSettings : throwAwaySettings;
  writeFileSync(join(folder, 'postgresql.conf'), `${settings.join('\n')}\n`);
  writeFileSync(join(folder, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
  const password = passwordIn(options.passwordFile);
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(options, data, password);
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort(options.preferredPort));
    try {
      return await startOn(port, options, data, password);
    } catch (fault) {
      const again = mayGoAway(fault, options.port === undefined);
      if (!again || attempt === 20) throw fault;
      await sleep(250);
    }
  }
}

/**
 * Two faults pass by themselves: somebody took the free port before the server did; the sessions of a server
 * that was killed are still ending (they notice within moments).
 */
function mayGoAway(fault: unknown, anyPort: boolean): boolean {
  const text = String(fault);
  return (
    (anyPort && text.includes('Address already in use')) || text.includes('pre-existing shared memory block')
  );
}

async function startOn(
  port: number,
  options: PostgresOptions,
  data: string,
  password: string,
): Promise<Postgres> {
  const { folder, logFile } = options;
  const logStart = sizeOf(logFile);
  const child = await startChild({
    name: 'Postgres',
    command: join(folder, 'program', 'bin', 'postgres'),
    args: [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      `config_file=${join(folder, 'postgresql.conf')}`,
      '-c',
      `hba_file=${join(folder, 'pg_hba.conf')}`,
    ],
    env: environment,
    cwd: '/',
    logFile,
    stopSignals: [
      { signal: 'SIGINT', waitMs: 20_000 },
      { signal: 'SIGQUIT', waitMs: 5_000 },
    ],
    ...(options.user === undefined ? {} : { user: options.user }),
  });
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  try {
    await waitUntilReady(child, () => accepts(url, options), {
      // A recovery after a sudden death replays at most 1 GB of log; that takes seconds.
      timeoutMs: 120_000,
      failure: (why) => {
        const { reason, full } = reasonIn(readFileSync(logFile, 'utf8').slice(logStart));
        return new SetupError(
          full ? diskFull : `Postgres does not start (${reason ?? why}): see ${logFile}.`,
        );
      },
    });
  } catch (fault) {
    await child.stop();
    throw fault;
  }
  const { pid, exited, signal, stop } = child;
  return { url, port, pid, exited, signal, stop };
}

const diskFull = 'Postgres finds no space left on the disk: free some and run the command again.';

/** What a log of Postgres's gives as the reason for an end. */
function reasonIn(log: string): { reason: string | undefined; full: boolean } {
  const reasons = [...log.matchAll(/^(?:.*? )?(?:FATAL|PANIC|error|could not):?\s*(.+)$/gim)];
  return { reason: reasons[0]?.[1], full: log.includes('No space left on device') };
}

async function accepts(url: string, options: PostgresOptions): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // An end of the connection after the answer is none of our business.
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (fault) {
    // 28P01 is a wrong password: waiting would not help.
    if (faultCode(fault) === '28P01') {
      throw new SetupError(
        `The password in ${options.passwordFile} does not open the data in ${options.folder}: remove both to start afresh.`,
      );
    }
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function passwordIn(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** `initdb`, in 0.5 s, beside the final place, so that an interrupted one is never taken for data. */
async function initialise(options: PostgresOptions, data: string, password: string): Promise<void> {
  const { folder, user } = options;
  const fresh = join(folder, 'data.new');
  const passwordCopy = join(folder, 'initdb-password');
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { mode: 0o700 });
  writeFileSync(passwordCopy, password, { mode: 0o600 });
  if (user !== undefined) {
    chownSync(fresh, user.uid, user.gid);
    chownSync(passwordCopy, user.uid, user.gid);
  }
  const args = [
    `--pgdata=${fresh}`,
    '--username=postgres',
    `--pwfile=${passwordCopy}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
    ...(options.durable ? [] : ['--no-sync', '--set=scram_iterations=1']),
  ];
  try {
    const { code, output } = await runToEnd({
      command: join(folder, 'program', 'bin', 'initdb'),
      args,
      env: environment,
      cwd: '/',
      ...(user === undefined ? {} : { user }),
    });
    if (code !== 0) throw initialiseFault(code, output, folder);
    renameSync(fresh, data);
  } finally {
    rmSync(passwordCopy, { force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}

function initialiseFault(code: number, output: string, folder: string): SetupError {
  const { reason, full } = reasonIn(output);
  if (full) return new SetupError(diskFull);
  const unknown = /look up effective user ID (\d+)/.exec(output);
  if (unknown !== null) {
    return new SetupError(
      `Postgres wants a user that the system knows by name, and ${unknown[1]} is not in /etc/passwd: run this as another user.`,
    );
  }
  return new SetupError(
    `Postgres could not create its data in ${folder}: ${reason ?? `initdb ended with ${code}`}.`,
  );
}

/**
 * A server that an earlier run left on these data is stopped. A postmaster.pid that names somebody else's
 * process (after a reboot, say) is removed, because Postgres itself can't tell; that of a dead one it can.
 */
async function stopLeftOverServer(data: string): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!(pid > 0)) return;
  const isOurs = (commandLine: string): boolean => commandLine.includes(data);
  const commandLine = commandLineOf(pid);
  if (commandLine === undefined) return;
  if (isOurs(commandLine)) await stopLeftOver(pid, isOurs);
  else rmSync(pidFile, { force: true });
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}
