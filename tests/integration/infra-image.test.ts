/**
 * @module The image's contents, laid out as the Dockerfile does and run by the pinned Bun; the stores' settings
 * of compose.yaml, given to real stores.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { keep } from '../../infra/local/checkout.ts';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { freePort } from '../../infra/local/port.ts';
import { findRedis } from '../../infra/local/redis-program.ts';
import { testDatabaseUrl, withClient } from '../helpers/stores.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const compose = parse(read('infra/compose.yaml'), { merge: true }) as {
  services: Record<string, { command?: string[] }>;
};

describe('what the Dockerfile copies', () => {
  let app: string;

  beforeAll(() => {
    app = mkdtempSync(join(tmpdir(), 'fangbang-image-'));
    for (const [, words = ''] of read('infra/image/Dockerfile').matchAll(/^COPY (?!--)(.*)$/gm)) {
      const parts = words.split(' ');
      const to = join(app, parts.at(-1) ?? '');
      for (const from of parts.slice(0, -1)) {
        const target = parts.at(-1)?.endsWith('/') === true ? join(to, from) : to;
        cpSync(join(ROOT, from), target, { recursive: true });
      }
    }
    layOutProductionPackages(join(app, 'node_modules'));
  });
  afterAll(() => rmSync(app, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(runtimePath('bun'), [...runtimeFlags(runtimePath('bun')), ...args], {
      cwd: app,
      env: { PATH: '/usr/bin:/bin', BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
      encoding: 'utf8',
    });

  test('is enough for the CLI, without any development package', () => {
    const help = run('loader-cli/main.ts', '--help');
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('publish');
    const preset = run('loader-cli/main.ts', 'series', 'preset', 'gaokao');
    expect(preset.stdout).toBe(read('service/results/presets/gaokao.yaml'));
  });

  test.each(['main', 'serve'])(
    'is enough for service/%s.ts, which tells every fault of an empty configuration',
    (program) => {
      const started = run(`service/${program}.ts`);
      expect(started.status).toBe(2);
      for (const name of ['DATABASE_URL', 'REDIS_URL', 'FANGBANG_PEPPER_FILE'])
        expect(started.stderr).toContain(`${name}: is not set`);
    },
  );
});

/** Links to the packages that `npm ci --omit=dev` installs, by the lockfile. */
function layOutProductionPackages(folder: string): void {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
  };
  for (const [path, { dev, devOptional, optional }] of Object.entries(packages)) {
    if (!/^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path) || dev || devOptional || optional) continue;
    const link = join(folder, path.replace('node_modules/', ''));
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, path), link);
  }
}

describe.each(['bun', 'node'] as const)('the script healthy on %s', (runtime) => {
  test.each([
    [200, 'livez', 0],
    [503, 'readyz', 1],
  ])('at status %d for %s ends with exit code %d', async (status, path, code) => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const ended = await runHealthy(runtime, path, (server.address() as AddressInfo).port);
    server.close();
    expect({ ended, seen }).toEqual({ ended: code, seen: [`/${path}`] });
  });

  test('nobody there is not healthy', async () => {
    // Port 9 (discard) is below those that anybody is given.
    expect(await runHealthy(runtime, 'livez', 9)).toBe(1);
  });
});

/** The other runtime is not to be found. */
async function runHealthy(runtime: 'bun' | 'node', path: string, port: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-healthy-'));
  symlinkSync(runtimePath(runtime), join(folder, runtime));
  const child = spawn('/bin/sh', [join(ROOT, 'infra/image/healthy'), path], {
    env: { PATH: folder, FANGBANG_RUNTIME: runtime, ADMIN_PORT: String(port) },
    stdio: 'ignore',
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('exit', (code) => resolve(code ?? -1));
  const code = await promise;
  rmSync(folder, { recursive: true });
  return code;
}

describe('the scripts that the Dockerfile copies', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fangbang-scripts-'));
    const [, scripts = ''] =
      /^COPY --chmod=0755 (.+) \/usr\/local\/bin\/$/m.exec(read('infra/image/Dockerfile')) ?? [];
    for (const script of scripts.split(' ')) cpSync(join(ROOT, script), join(folder, basename(script)));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(['serve', 'fangbang', 'healthy'])('%s refuses a runtime that there is not', (script) => {
    const env = { PATH: '/usr/bin:/bin', FANGBANG_RUNTIME: 'deno' };
    const ended = spawnSync('/bin/sh', [join(folder, script)], { env, encoding: 'utf8' });
    expect(ended).toMatchObject({ status: 2, stderr: 'fangbang: FANGBANG_RUNTIME must be node or bun\n' });
  });
});

test('Redis takes the settings of compose.yaml: it forgets nothing, keeps nothing, and wants the password', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-redis-'));
  const auth = join(folder, 'redis-auth.conf');
  writeFileSync(auth, 'requirepass a-b_c\n');
  const port = await freePort();
  const [, , ...settings] = compose.services['redis']?.command ?? [];
  const program = await findRedis({
    searchPath: process.env['PATH'] ?? '',
    folder: join(keep('redis'), 'program'),
  });
  const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const server = spawn(program.command, [auth, ...settings, ...where], {
    stdio: 'ignore',
    env: { PATH: '/usr/bin:/bin', LD_LIBRARY_PATH: program.libraryFolders.join(':') },
  });
  const connect = (password?: string): Redis =>
    new Redis(port, '127.0.0.1', {
      retryStrategy: (times) => (times < 100 ? 50 : null),
      ...(password === undefined ? {} : { password }),
    });
  const client = connect('a-b_c');
  client.on('error', () => {});
  try {
    const setting = async (name: string): Promise<string | undefined> =>
      (await client.config('GET', name))[1];
    expect(await setting('maxmemory-policy')).toBe('noeviction');
    expect(await setting('maxmemory')).toBe(String(1024 ** 3));
    expect(await setting('save')).toBe('');
    expect(await setting('appendonly')).toBe('no');
    const stranger = connect();
    stranger.on('error', () => {});
    await expect(stranger.get('epoch')).rejects.toThrow('NOAUTH');
    stranger.disconnect();
  } finally {
    client.disconnect();
    server.kill('SIGTERM');
    while (server.exitCode === null && server.signalCode === null) await sleep(20);
    rmSync(folder, { recursive: true, force: true });
  }
});

test('every setting that compose.yaml gives to Postgres exists there and takes the value', async () => {
  const settings = (compose.services['postgres']?.command ?? [])
    .filter((word) => word.includes('='))
    .map((word) => word.split('='));
  expect(settings.length).toBeGreaterThan(5);
  await withClient(testDatabaseUrl(), async (client) => {
    for (const [name, value] of settings) {
      const found = await client.query<{ vartype: string; enumvals: string[] | null }>(
        'select vartype, enumvals from pg_settings where lower(name) = lower($1)',
        [name],
      );
      expect([name, found.rows.length]).toEqual([name, 1]);
      const { vartype = '', enumvals } = found.rows[0] ?? {};
      const fits =
        enumvals == null
          ? vartype === 'string' || /^\d+(MB)?$/.test(value ?? '')
          : enumvals.includes(value ?? '');
      expect([name, value, fits]).toEqual([name, value, true]);
    }
  });
});
