import { expect, test } from 'vitest';
import { allowedTarget } from '../../loadtest/profiles/target.ts';

test.each([
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://127.9.9.9/', 'http://127.9.9.9'],
  ['http://localhost:80/results/', 'http://localhost:80/results'],
  ['https://[::1]:8443', 'https://[::1]:8443'],
  ['http://[0:0:0:0:0:0:0:1]', 'http://[0:0:0:0:0:0:0:1]'],
])('%s is this machine', (url, target) => {
  expect(allowedTarget(url, false, '--yes')).toBe(target);
});

test.each([
  'http://example.com',
  'http://192.168.0.1:8080',
  'http://0.0.0.0:8080',
  'http://127.0.0.1.example.com',
  'http://127.0.0.1x',
  'http://localhost.example.com',
  'http://[::2]',
  'http://[::ffff:8.8.8.8]',
])('%s is loaded only when somebody says that it is theirs', (url) => {
  expect(() => allowedTarget(url, false, '--yes')).toThrow('say so with --yes');
  expect(allowedTarget(url, true, '--yes')).toBe(url);
});

test.each([
  'http://127.0.0.1@example.com',
  'http://127.0.0.1:80@example.com/',
  'http://user:password@127.0.0.1',
  'ftp://127.0.0.1',
  '127.0.0.1:8080',
  'http://127.0.0.1\\@example.com',
  'http://127.0.0.1#@example.com',
  'http://127.0.0.1?x@example.com',
  ' http://127.0.0.1',
  '',
])('%j is no target, whoever says so', (url) => {
  expect(() => allowedTarget(url, true, '--yes')).toThrow('The target must be like');
});
