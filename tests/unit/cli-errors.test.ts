import { ReplyError } from 'ioredis';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { mapDatabaseError } from '../../loader-cli/database-errors.ts';
import { Interrupted, exitCodeOf } from '../../loader-cli/exit-codes.ts';
import { mapRedisError } from '../../loader-cli/redis-errors.ts';
import { ERROR_KINDS, FangbangError, isErrorCode } from '../../service/results/errors.ts';

/** As an official file would have it: must never be seen again. */
const SECRET = '11010519491231002X';

function answer(code: string, fields: { constraint?: string; message?: string; hint?: string } = {}): Error {
  const error = new pg.DatabaseError(fields.message ?? `something about ${SECRET}`, 0, 'error');
  return Object.assign(error, { code, detail: `Key (digest)=(${SECRET}) is not present`, ...fields });
}

function clientError(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('what Postgres says', () => {
  it.each([
    [
      'a refusal of a function',
      answer('FB409', { constraint: 'not-warmed', message: 'batch 1 is not in Redis', hint: 'run it' }),
      'not-warmed',
    ],
    ['another checksum', answer('23503', { constraint: 'checksum-differs' }), 'checksum-differs'],
    ['one person for both', answer('23514', { constraint: 'approver-is-loader' }), 'approver-is-loader'],
    ['an approval that is missing', answer('23503', { constraint: 'not-approved' }), 'not-approved'],
    [
      'an opening too early',
      answer('23514', { constraint: 'before-approved-opening' }),
      'before-approved-opening',
    ],
    ['no right', answer('42501', { message: 'permission denied for function publish' }), 'not-permitted'],
    ['a replica', answer('25006'), 'not-permitted'],
    ['no schema', answer('3F000'), 'migration-needed'],
    ['no function', answer('42883'), 'migration-needed'],
    ['no table', answer('42P01'), 'migration-needed'],
    ['a wrong password', answer('28P01'), 'database-away'],
    ['no entry in pg_hba.conf', answer('28000'), 'database-away'],
    ['no database', answer('3D000'), 'database-away'],
    ['too many connections', answer('53300'), 'database-away'],
    ['a full disk', answer('53100'), 'database-away'],
    ['a shutdown', answer('57P01'), 'database-away'],
    ['a start', answer('57P03'), 'database-away'],
    ['a timeout', answer('57014'), 'database-away'],
    ['a broken protocol', answer('08P01'), 'database-away'],
    ['nobody listening', clientError('connect ECONNREFUSED', 'ECONNREFUSED'), 'database-away'],
    ['an unknown host', clientError('getaddrinfo', 'ENOTFOUND'), 'database-away'],
    ['a time-out of the client', clientError('timeout expired'), 'database-away'],
    ['a lost connection', clientError('Connection terminated unexpectedly'), 'database-away'],
    ['no TLS', clientError('The server does not support SSL connections'), 'database-away'],
    [
      'a wrong certificate',
      clientError('self-signed certificate', 'SELF_SIGNED_CERT_IN_CHAIN'),
      'database-away',
    ],
  ])('%s has the right code, what to do next, and quotes no value', (_, error, code) => {
    const mapped = mapDatabaseError(error);
    expect(mapped).toBeInstanceOf(FangbangError);
    expect(mapped).toMatchObject({ code, hint: expect.stringMatching(/./), cause: error });
    const { message, hint, faults } = mapped as FangbangError;
    expect(`${message} ${hint} ${faults.join()}`).not.toContain(SECRET);
  });

  it.each([
    ['a unique violation', answer('23505', { constraint: 'slip_1_digest_idx' })],
    ['a refusal with an unknown code', answer('FB409', { constraint: 'no-such-code' })],
    ['an error of ours', new FangbangError('not-warmed', 'x')],
    ['a fault of the program', new TypeError('x is not a function')],
    ['no error at all', 'text'],
  ])('%s comes back as it is', (_, error) => {
    expect(mapDatabaseError(error)).toBe(error);
  });

  it('names the role that is needed', () => {
    expect(
      mapDatabaseError(answer('42501', { message: 'permission denied for function set_allow_single' })),
    ).toMatchObject({
      message: expect.stringContaining('fangbang_owner'),
    });
    expect(mapDatabaseError(answer('42501', { message: 'permission denied for table audit' }))).toMatchObject(
      {
        message: expect.stringContaining('fangbang_loader'),
      },
    );
  });
});

describe('what Redis says', () => {
  it.each([
    [new ReplyError('OOM command not allowed when used memory > maxmemory'), 'no memory left'],
    [new ReplyError('NOAUTH Authentication required.'), 'asks for a password'],
    [new ReplyError('WRONGPASS invalid username-password pair'), 'refuses this login'],
    [new ReplyError("READONLY You can't write against a read only replica."), 'is a replica'],
    [new ReplyError(`ERR something about ${SECRET}`), 'Redis answered ERR'],
    [clientError('connect ECONNREFUSED', 'ECONNREFUSED'), 'ECONNREFUSED'],
    [clientError('Command timed out'), 'does not answer in time'],
    [clientError('Connection is closed.'), 'broke off'],
    [
      Object.assign(new Error('Failed to refresh slots cache.'), {
        lastNodeError: clientError('connect ECONNREFUSED', 'ECONNREFUSED'),
      }),
      'ECONNREFUSED',
    ],
  ])('%s is redis-away with the reason, and quotes no value', (error, why) => {
    const mapped = mapRedisError(error);
    expect(mapped).toMatchObject({ code: 'redis-away', message: expect.stringContaining(why) });
    expect((mapped as FangbangError).message).not.toContain(SECRET);
    expect((mapped as FangbangError).hint).toBeTruthy();
  });

  it('a fault of the program comes back as it is', () => {
    const fault = new TypeError('x is not a function');
    expect(mapRedisError(fault)).toBe(fault);
  });
});

describe('exit codes', () => {
  const expected = { usage: 2, data: 3, state: 4, store: 5, fault: 1 };

  it.each(Object.keys(ERROR_KINDS))('%s has the exit code of its kind', (code) => {
    if (!isErrorCode(code)) throw new TypeError(code);
    expect(exitCodeOf(new FangbangError(code, 'x'))).toBe(expected[ERROR_KINDS[code]]);
  });

  it('a signal is 128 and its number, anything else 1', () => {
    expect(exitCodeOf(new Interrupted('SIGINT'))).toBe(130);
    expect(exitCodeOf(new Interrupted('SIGTERM'))).toBe(143);
    expect(exitCodeOf(new TypeError('x'))).toBe(1);
    expect(exitCodeOf(undefined)).toBe(1);
  });
});
