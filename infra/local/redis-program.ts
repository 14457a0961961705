/**
 * @module Where a Redis comes from on this machine: PATH, else Debian's package unpacked beside our other
 * things, which needs no root and changes nothing on the system.
 *
 * Failure policy: when there is none and none can be fetched, a SetupError names the command to run.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runToEnd } from './processes.ts';
import { SetupError } from './setup-error.ts';

export interface RedisProgram {
  readonly command: string;
  /** Folders of shared libraries that the program needs beyond the system's. */
  readonly libraryFolders: readonly string[];
}

/** Valkey is Redis 7.2 carried on under another name; either will do. */
const programNames = ['redis-server', 'valkey-server'];

/** The program on the search path, else one unpacked in `folder` (by an earlier run or now). */
export async function findRedis(options: {
  readonly searchPath: string;
  readonly folder: string;
  readonly say?: (line: string) => void;
}): Promise<RedisProgram> {
  const onPath = redisOnPath(options.searchPath);
  if (onPath !== undefined) return { command: onPath, libraryFolders: [] };
  const unpacked = unpackedIn(options.folder);
  if (unpacked !== undefined) return unpacked;
  options.say?.("fetching Debian's Redis package …");
  return await unpackRedis(options.folder);
}

function redisOnPath(searchPath: string): string | undefined {
  for (const folder of searchPath.split(delimiter).filter((entry) => entry !== '')) {
    for (const name of programNames) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

function unpackedIn(folder: string): RedisProgram | undefined {
  const command = join(folder, 'usr', 'bin', 'redis-server');
  return existsSync(command) ? { command, libraryFolders: libraryFoldersIn(folder) } : undefined;
}

/** Debian keeps libraries in lib/<architecture> and usr/lib/<architecture>. */
function libraryFoldersIn(folder: string): string[] {
  return ['lib', 'usr/lib']
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => [
      path,
      ...readdirSync(path)
        .filter((name) => name.includes('-linux-gnu'))
        .map((name) => join(path, name)),
    ]);
}

/**
 * Fetches Debian's package with those libraries that the system lacks and unpacks them into `folder`, all or
 * nothing. Works on Debian and its descendants, as any user.
 */
export async function unpackRedis(folder: string): Promise<RedisProgram> {
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'root'), { recursive: true, mode: 0o755 });
  try {
    await fetchInto(work);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(work, 'root'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const program = unpackedIn(folder);
  if (program === undefined) throw noRedis('the package holds no redis-server');
  return program;
}

/** The first attempt takes the system's package lists; they may be missing or old, so the second fetches its own. */
async function fetchInto(work: string): Promise<void> {
  let why = '';
  for (const ownLists of [false, true]) {
    const apt = ownLists ? await ownPackageLists(work) : [];
    why = (await fetchPackages(work, apt)) ?? '';
    if (why === '') return;
  }
  throw noRedis(why);
}

/** apt's options for lists of our own, fetched now; a source that fails is no matter if Debian's is not it. */
async function ownPackageLists(work: string): Promise<string[]> {
  const lists = join(work, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true });
  const options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
  await attempt('apt-get', [...options, '-qq', 'update'], work);
  return options;
}

/** Undefined when Redis and all its libraries are in `work/root`, else the reason. */
async function fetchPackages(work: string, apt: readonly string[]): Promise<string | undefined> {
  const root = join(work, 'root');
  // redis-server's own binary is a link into redis-tools.
  let wanted = ['redis-server', 'redis-tools'];
  const unpacked = new Set<string>();
  // The libraries of Redis need libraries of their own; two levels are known, four are allowed.
  for (let level = 0; level < 4 && wanted.length > 0; level += 1) {
    const download = await attempt('apt-get', [...apt, '-qq', 'download', ...wanted], work);
    if (download.code !== 0) return lastLine(download.output);
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      const unpack = await attempt('dpkg', ['-x', file, root], work);
      if (unpack.code !== 0) return lastLine(unpack.output);
      rmSync(join(work, file));
    }
    for (const name of wanted) unpacked.add(name);
    const missing = await missingLibraries(root);
    if (missing.length === 0) return undefined;
    wanted = (await librariesNeededBy(wanted, apt, work)).filter((name) => !unpacked.has(name));
  }
  return `no package holds ${(await missingLibraries(root)).join(', ')}`;
}

/** The shared libraries that the dynamic loader does not find. */
async function missingLibraries(root: string): Promise<string[]> {
  const { output } = await attempt('ldd', [join(root, 'usr', 'bin', 'redis-server')], root, [
    `LD_LIBRARY_PATH=${libraryFoldersIn(root).join(':')}`,
  ]);
  return [...output.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1] ?? '');
}

/** Direct dependencies that are libraries and not installed. */
async function librariesNeededBy(
  packages: readonly string[],
  apt: readonly string[],
  cwd: string,
): Promise<string[]> {
  const depends = await attempt('apt-cache', [...apt, 'depends', '--important', ...packages], cwd);
  const names = [...depends.output.matchAll(/Depends: ((?:lib|lua)\S*)/g)].map((match) => match[1] ?? '');
  const installed = await attempt('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n'], cwd);
  const present = new Set(
    [...installed.output.matchAll(/^(\S+) installed$/gm)].map((match) => match[1] ?? ''),
  );
  return [...new Set(names)].filter((name) => !present.has(name));
}

/** `settings` are added to our environment, which stays otherwise as it is: it may name a proxy. */
async function attempt(
  command: string,
  args: readonly string[],
  cwd: string,
  settings: readonly string[] = [],
): Promise<{ code: number; output: string }> {
  try {
    return await runToEnd({ command: 'env', args: ['LC_ALL=C', ...settings, command, ...args], cwd });
  } catch {
    return { code: 127, output: `${command} is not on this machine` };
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}

function noRedis(why: string): SetupError {
  return new SetupError(
    `There is no Redis here and Debian's package could not be fetched (${why}): run "sudo apt-get install redis-server", or give one with REDIS_URL.`,
  );
}
