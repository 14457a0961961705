import { describe, expect, it } from 'vitest';
import { parseEnvFile, readSettings, resolveSettings } from '../../loader-cli/settings.ts';

const LOCAL = {
  databaseUrl: 'postgres://demo_loader:a@127.0.0.1:5433/fangbang',
  redisUrl: 'redis://127.0.0.1:6380/0',
  pepperFile: '/somewhere/.fangbang/pepper',
};

describe('settings', () => {
  it('come from the local file when nothing else is given', () => {
    expect(resolveSettings({}, {}, LOCAL)).toEqual(LOCAL);
  });

  it('come from options before the environment before the local file', () => {
    const environment = { databaseUrl: LOCAL.databaseUrl, redisUrl: 'redis://environment', pepperFile: '/p' };
    expect(resolveSettings({ redisUrl: 'none' }, environment, LOCAL)).toEqual({
      databaseUrl: LOCAL.databaseUrl,
      redisUrl: 'none',
      pepperFile: '/p',
    });
  });

  it('for another login of the local database are filled up from the local file', () => {
    const databaseUrl = 'postgres://demo_approver:b@127.0.0.1:5433/fangbang';
    expect(resolveSettings({ databaseUrl }, {}, LOCAL)).toEqual({ ...LOCAL, databaseUrl });
  });

  it.each([
    'postgres://loader:a@results.example:5433/fangbang',
    'postgres://loader:a@127.0.0.1:5432/fangbang',
    'postgres://loader:a@127.0.0.1:5433/other',
    'postgres://loader:a@127.0.0.1:5433/fangbang?host=/var/run/postgresql',
    'no URL at all',
  ])('for %s take neither Redis nor pepper from the local file', (databaseUrl) => {
    const none = { databaseUrl, redisUrl: undefined, pepperFile: undefined };
    expect(resolveSettings({ databaseUrl }, {}, LOCAL)).toEqual(none);
    expect(resolveSettings({}, { databaseUrl }, LOCAL)).toEqual(none);
  });

  it('ignore empty variables and unknown ones', () => {
    expect(readSettings({ DATABASE_URL: '', REDIS_URL: 'none', PATH: '/bin' })).toEqual({
      databaseUrl: undefined,
      redisUrl: 'none',
      pepperFile: undefined,
    });
  });
});

it('an env file has lines of a name and a value, quoted or not', () => {
  const file = `# a comment\nDATABASE_URL='postgres://a=b@h/d?x=y'\nREDIS_URL="redis://h"\n  FANGBANG_PEPPER_FILE = x\nPORT=8080\r\n`;
  expect(parseEnvFile(file)).toEqual({
    DATABASE_URL: 'postgres://a=b@h/d?x=y',
    REDIS_URL: 'redis://h',
    PORT: '8080',
  });
});
