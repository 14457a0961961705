import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FangbangError } from '#results/errors.ts';
import { readConfig } from '../../service/config.ts';
import { makePepperFile } from '../helpers/batch.ts';

const { path: pepperFile, pepper } = makePepperFile();
const WHOLE = {
  DATABASE_URL: 'postgres://service:secret-word@127.0.0.1:5432/fangbang',
  REDIS_URL: 'redis://127.0.0.1:6379/0',
  FANGBANG_PEPPER_FILE: pepperFile,
};
const AES_KEY = 'a'.repeat(43);

function faultsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof FangbangError) return error.faults;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('needs three settings and has the documented defaults for the others', () => {
    expect(readConfig(WHOLE)).toMatchObject({
      databaseUrl: WHOLE.DATABASE_URL,
      redis: { kind: 'single', url: WHOLE.REDIS_URL },
      host: '127.0.0.1',
      port: 8080,
      adminPort: 9090,
      instances: availableParallelism(),
      peppers: [{ fingerprint: pepper.fingerprint }],
      trustedProxies: [],
      maxInFlight: 512,
      maxLoopDelayMs: 50,
      maxConnections: 20_000,
      limits: {
        wrongPerWindow: 5,
        wrongPerDay: 20,
        freeBeforeProof: 3,
        freePerNetwork: 30,
        wrongWithoutRedis: 1,
      },
      proofMaxNumber: 100_000,
      logLevel: 'info',
      wechat: undefined,
    });
  });

  it('takes every setting', () => {
    const config = readConfig({
      ...WHOLE,
      REDIS_URL: 'none',
      HOST: '0.0.0.0',
      PORT: '80',
      ADMIN_PORT: '81',
      INSTANCES: '3',
      TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8',
      MAX_IN_FLIGHT: '64',
      MAX_LOOP_DELAY_MS: '20',
      MAX_CONNECTIONS: '1000',
      LIMIT_WRONG_PER_15_MINUTES: '6',
      LIMIT_WRONG_PER_DAY: '30',
      LIMIT_FREE_BEFORE_PROOF: '2',
      LIMIT_FREE_PER_NETWORK: '100',
      LIMIT_WRONG_WITHOUT_REDIS: '2',
      PROOF_OF_WORK_MAX_NUMBER: '50000',
      LOG_LEVEL: 'warn',
      WECHAT_TOKEN: 'token',
      WECHAT_AES_KEY: AES_KEY,
      WECHAT_APP_ID: 'wx0123456789abcdef',
    });
    expect(config).toMatchObject({
      redis: { kind: 'none' },
      host: '0.0.0.0',
      port: 80,
      adminPort: 81,
      instances: 3,
      trustedProxies: ['10.0.0.0/8', 'fd00::/8'],
      maxInFlight: 64,
      maxLoopDelayMs: 20,
      maxConnections: 1000,
      limits: {
        wrongPerWindow: 6,
        wrongPerDay: 30,
        freeBeforeProof: 2,
        freePerNetwork: 100,
        wrongWithoutRedis: 2,
      },
      proofMaxNumber: 50_000,
      logLevel: 'warn',
      wechat: { token: 'token', aesKey: AES_KEY, appId: 'wx0123456789abcdef' },
    });
  });

  it('reports every fault at once, and no value', () => {
    const env = {
      DATABASE_URL: 'mysql://me:secret-word@host/db',
      REDIS_URL: 'redis+sentinel://:secret-word@host',
      FANGBANG_PEPPER_FILE: '/nowhere/pepper',
      HOST: '',
      PORT: '80a',
      ADMIN_PORT: '65536',
      TRUSTED_PROXIES: '10.0.0.0/33',
      MAX_IN_FLIGHT: '0',
      MAX_LOOP_DELAY_MS: '1',
      MAX_CONNECTIONS: '0',
      LIMIT_WRONG_PER_15_MINUTES: '0',
      LIMIT_FREE_BEFORE_PROOF: '-3',
      LIMIT_FREE_PER_NETWORK: '70000',
      LIMIT_WRONG_WITHOUT_REDIS: '256',
      PROOF_OF_WORK_MAX_NUMBER: '1',
      LOG_LEVEL: 'loud',
      WECHAT_TOKEN: '!',
      WECHAT_AES_KEY: 'short',
    };
    const faults = faultsOf(env);
    const names = faults.map((fault) => fault.split(':')[0]);
    expect(new Set(names)).toEqual(new Set([...Object.keys(env), 'WECHAT_APP_ID']));
    expect(names).toHaveLength(Object.keys(env).length + 1);
    expect(faults.join('\n')).not.toMatch(/secret-word|80a|65536|loud/);
  });

  it.each([
    ['nothing', {}, 3],
    ['an empty number, which is no default', { ...WHOLE, PORT: '' }, 1],
    ['a number with a sign', { ...WHOLE, PORT: '+80' }, 1],
    ['a fraction', { ...WHOLE, MAX_IN_FLIGHT: '1.5' }, 1],
    ['one port for both servers', { ...WHOLE, PORT: '9090' }, 1],
    ['a proxy without a prefix length', { ...WHOLE, TRUSTED_PROXIES: '10.0.0.1' }, 1],
    ['a day with less than 15 minutes', { ...WHOLE, LIMIT_WRONG_PER_DAY: '4' }, 1],
    ['an empty proxy', { ...WHOLE, TRUSTED_PROXIES: '10.0.0.0/8,' }, 1],
    ['only a part of the official account', { ...WHOLE, WECHAT_TOKEN: 'token' }, 2],
  ])('refuses %s', (_title, env, count) => {
    expect(faultsOf(env)).toHaveLength(count);
  });

  it('refuses a pepper file with a broken line and does not show it', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'fangbang-pepper-')), 'pepper');
    writeFileSync(path, 'this-line-is-secret\n');
    const faults = faultsOf({ ...WHOLE, FANGBANG_PEPPER_FILE: path });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^FANGBANG_PEPPER_FILE: .*line 1/);
    expect(faults[0]).not.toContain('this-line-is-secret');
  });
});
