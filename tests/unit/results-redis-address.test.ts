import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FangbangError } from '../../service/results/errors.ts';
import { refusalBy, thrownBy } from '../helpers/thrown.ts';
import { parseRedisUrl, type RedisAddress } from '../../service/results/redis-address.ts';

const nobody = { isTls: false, username: undefined, password: undefined };

test.for<readonly [text: string, address: RedisAddress]>([
  ['none', { kind: 'none' }],
  ['redis://127.0.0.1:6379', { kind: 'single', url: 'redis://127.0.0.1:6379', isTls: false }],
  ['redis://cache.example/3', { kind: 'single', url: 'redis://cache.example/3', isTls: false }],
  [
    'rediss://user:p%40ss@[::1]:6380/0',
    { kind: 'single', url: 'rediss://user:p%40ss@[::1]:6380/0', isTls: true },
  ],
  [
    'redis+sentinel://a:26379,b:26380/mymaster',
    {
      kind: 'sentinel',
      sentinels: [
        { host: 'a', port: 26_379 },
        { host: 'b', port: 26_380 },
      ],
      master: 'mymaster',
      ...nobody,
    },
  ],
  [
    'redis+sentinel://:se%40cret@[fd00::1]:26379/mymaster',
    {
      kind: 'sentinel',
      sentinels: [{ host: 'fd00::1', port: 26_379 }],
      master: 'mymaster',
      ...nobody,
      password: 'se@cret',
    },
  ],
  [
    'redis+cluster://a:7000,b:7001,c:7002',
    {
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 7_000 },
        { host: 'b', port: 7_001 },
        { host: 'c', port: 7_002 },
      ],
      ...nobody,
    },
  ],
  ['redis+cluster://a:7000/', { kind: 'cluster', nodes: [{ host: 'a', port: 7_000 }], ...nobody }],
  [
    'redis+cluster://user:se%2Fcret@127.0.0.1:7000',
    {
      kind: 'cluster',
      nodes: [{ host: '127.0.0.1', port: 7_000 }],
      isTls: false,
      username: 'user',
      password: 'se/cret',
    },
  ],
  [
    'rediss+cluster://a:7000',
    { kind: 'cluster', nodes: [{ host: 'a', port: 7_000 }], ...nobody, isTls: true },
  ],
  [
    'rediss+sentinel://a:26379/mymaster',
    {
      kind: 'sentinel',
      sentinels: [{ host: 'a', port: 26_379 }],
      master: 'mymaster',
      ...nobody,
      isTls: true,
    },
  ],
  [
    'redis+cluster://secret@a:7000',
    { kind: 'cluster', nodes: [{ host: 'a', port: 7_000 }], ...nobody, password: 'secret' },
  ],
])('%s', ([text, address]) => {
  expect(parseRedisUrl(text)).toEqual(address);
});

const REFUSED = [
  '',
  'NONE',
  'none ',
  'localhost:6379',
  'http://:hunter2@a:6379',
  'redis:',
  'redis://',
  'redis:///0',
  'redis://:hunter2@/0',
  'redis://:hunter2@a:port',
  'redis://:hunter2@a:99999',
  'redis://:hunter2@a:6379/mymaster',
  'redis+sentinel://:hunter2@a:26379',
  'redis+sentinel://:hunter2@a:26379/',
  'redis+sentinel://:hunter2@a/mymaster',
  'redis+sentinel://:hunter2@a:0/mymaster',
  'redis+sentinel://:hunter2@a:26379,/mymaster',
  'redis+sentinel://:hunter2@a:26379/mymaster/0',
  'redis+sentinel://:hunter2%@a:26379/mymaster',
  'redis+sentinel://u%zz:hunter2@a:26379/mymaster',
  'redis+cluster://:hunter2@a:7000/0',
  'redis+cluster://:hunter2@a:70000',
  'redis+cluster://:hunter2@',
  'redis+cluster://:hunter2@[::1:7000',
  'redis+cluster://:hun@ter2@a:7000',
  'redis+cluster://:hunter2@a:7000?x=1',
  'rediss+cluster://:hunter2@a:7000/0',
  'redisss+cluster://:hunter2@a:7000',
] as const;

test.for(REFUSED)('%s is refused without its password', (text) => {
  const error = refusalBy(() => parseRedisUrl(text));
  expect(error.code).toBe('config-invalid');
  expect(error.message).toContain('redis+sentinel://');
  expect(`${error.message} ${error.stack}`).not.toMatch(/hunter2|ter2/);
  expect(error.cause).toBeUndefined();
});

test('any text is an address or config-invalid', () => {
  const part = fc.oneof(
    fc.constantFrom('redis', 'rediss', '+sentinel', '+cluster', '://', '@', ':', '/', '%', ',', 'a', '7000'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
      const error = thrownBy(() => parseRedisUrl(parts.join('')));
      expect(error === undefined || error instanceof FangbangError).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});
