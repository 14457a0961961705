import { describe, expect, it } from 'vitest';
import { faultName } from '#lookup/observer.ts';
import { FangbangError } from '#results/errors.ts';

const SECRET = '11010519491231002X';

function error(message: string, more: object = {}): Error {
  return Object.assign(new Error(message), more);
}

describe('the name of a fault in the log', () => {
  it.each([
    ['our own code', new FangbangError('redis-away', SECRET), 'redis-away'],
    ['the code of the system', error(`connect ${SECRET}`, { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['the code of Postgres', error(`invalid input: "${SECRET}"`, { code: '22P02' }), '22P02'],
    ['a timeout of Redis', error('Command timed out'), 'timeout'],
    ['a timeout of Postgres', error('Query read timeout'), 'timeout'],
    ['a refusal of Redis', error(`OOM ${SECRET}`, { name: 'ReplyError' }), 'OOM'],
    ['any other error', new SyntaxError(`unexpected ${SECRET}`), 'SyntaxError'],
    ['what is no error', SECRET, 'unknown'],
  ])('is %s and never its message', (_title, fault, name) => {
    expect(faultName(fault)).toBe(name);
    expect(faultName(fault)).not.toContain(SECRET);
  });
});
