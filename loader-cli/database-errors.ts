/**
 * What Postgres and its client say → our codes. No message here quotes a value that Postgres quotes.
 */
import pg from 'pg';
import { FangbangError, isErrorCode } from '#results/errors.ts';
import { isTlsFault } from './tls-faults.ts';

/** The SQLSTATE of refuse() in the migrations: the code of our catalogue is in CONSTRAINT. */
const REFUSED = 'FB409';

/** Constraints that hold what two persons must agree on, and what to do when one refuses. */
const CONSTRAINTS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  'checksum-differs': [
    'this is not the checksum of the batch',
    'compare the checksum that the loader gave you with: fangbang status; if they differ, do not approve',
  ],
  'approver-is-loader': [
    'whoever loaded a batch cannot approve it too',
    'let a second person approve it with a database login of their own',
  ],
  'not-approved': ['the batch is not approved', 'a second person runs: fangbang approve'],
  'before-approved-opening': [
    'the batch is approved for a later time at the earliest, or an opening is planned before that time',
    'fangbang status shows the times; publish for the approved time or later',
  ],
};

const AWAY_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'EACCES',
]);

/** node-postgres gives its own faults of the connection no code (brianc/node-postgres, client.js). */
const AWAY_MESSAGES =
  /^(?:Connection terminated|timeout expired|Client was closed|Client has encountered a connection error)/;
const NO_TLS = /^(?:The server does not support SSL|There was an error establishing an SSL connection)/;

type Role = 'fangbang_loader' | 'fangbang_owner';

/**
 * The FangbangError behind an error of Postgres or its client; other errors come back as they are.
 * @param role what the login must be to be permitted.
 */
export function mapDatabaseError(error: unknown, role: Role = 'fangbang_loader'): unknown {
  if (error instanceof FangbangError || !(error instanceof Error)) return error;
  if (error instanceof pg.DatabaseError) return mapAnswer(error, role);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (isTlsFault(code)) {
    return away(error, `the TLS connection to the database is refused (${code})`, {
      hint: 'check sslmode and sslrootcert in the database URL against the server’s certificate',
    });
  }
  if (NO_TLS.test(error.message)) {
    return away(error, 'the server offers no TLS, which the database URL asks for', {
      hint: 'switch ssl on in the server, or, on this machine only, drop sslmode from the database URL',
    });
  }
  if (AWAY_CODES.has(code)) return away(error, `the database cannot be reached (${code})`);
  if (AWAY_MESSAGES.test(error.message)) return away(error, 'the connection to the database broke off');
  return error;
}

function mapAnswer(error: pg.DatabaseError, role: Role): unknown {
  const state = error.code ?? '';
  const constraint = error.constraint ?? '';
  if (state === REFUSED && isErrorCode(constraint)) {
    return new FangbangError(constraint, error.message, {
      cause: error,
      ...(error.hint === undefined || error.hint === '' ? {} : { hint: error.hint }),
    });
  }
  const known = CONSTRAINTS[constraint];
  if (state.startsWith('23') && known !== undefined && isErrorCode(constraint)) {
    return new FangbangError(constraint, known[0], { hint: known[1], cause: error });
  }
  switch (state) {
    case '42501':
      return notPermitted(error, role);
    case '25006':
      return new FangbangError('not-permitted', 'this database takes no writes: it is a replica', {
        hint: 'give the URL of the primary',
        cause: error,
      });
    case '3F000':
    case '42883':
    case '42P01':
      return new FangbangError('migration-needed', 'the database lacks a part of the schema of fangbang', {
        hint: 'its owner runs: fangbang db migrate',
        cause: error,
      });
    case '28P01':
    case '28000':
      return away(error, 'the database refuses this login', {
        hint: 'check login and password in the database URL, and pg_hba.conf on the server',
      });
    case '3D000':
      return away(error, 'the server has no database of this name', {
        hint: 'check the name in the database URL, or create the database',
      });
    case '53300':
      return away(error, 'the database takes no more connections');
    case '57014':
      return away(error, 'the database ended the statement, which took longer than it allows', {
        hint: 'raise statement_timeout for this login',
      });
    default:
  }
  if (state.startsWith('53')) {
    return away(error, `the database has no room left (${state})`, {
      hint: 'look at the server’s disk and memory; nothing of this command was stored',
    });
  }
  if (state.startsWith('08') || state.startsWith('57P'))
    return away(error, `the database is going down or starting (${state})`);
  return error;
}

/** Postgres names the schema, table, function or role, never a value. */
function notPermitted(error: pg.DatabaseError, role: Role): FangbangError {
  const needed = error.message.includes('set_allow_single') ? 'fangbang_owner' : role;
  return new FangbangError(
    'not-permitted',
    `this login may not do that (${error.message}): it takes the role ${needed}`,
    {
      hint:
        needed === 'fangbang_owner'
          ? 'let the owner of the database run it, or a superuser'
          : 'the owner of the database runs: grant fangbang_loader to <login>',
      cause: error,
    },
  );
}

function away(cause: Error, message: string, options: { hint?: string } = {}): FangbangError {
  return new FangbangError('database-away', message, {
    hint: 'check that Postgres runs and that the database URL is right, then start the command again',
    ...options,
    cause,
  });
}
