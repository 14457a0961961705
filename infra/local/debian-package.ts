/**
 * @module Programs from Debian's packages, unpacked beside our other things: needs no root, changes nothing on
 * the system and starts nothing. Works on Debian and its descendants.
 *
 * Failure policy: all or nothing; what cannot be fetched is an Error whose message is the reason alone, for the
 * caller to say what it was wanted for.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runToEnd } from './processes.ts';

export interface UnpackedPackages {
  /** Paths below it are those of an installed system: usr/bin and so on. */
  readonly folder: string;
  /** Folders of shared libraries that its programs need beyond the system's. */
  readonly libraryFolders: readonly string[];
}

export interface PackagesOptions {
  readonly folder: string;
  /** Names of Debian's packages. */
  readonly packages: readonly string[];
  /** Programs and shared objects, relative to the folder, which must be there with all their libraries. */
  readonly files: readonly string[];
}

/** The first of the programs that is in a folder of the search path. */
export function programOnPath(names: readonly string[], searchPath: string): string | undefined {
  for (const folder of searchPath.split(delimiter).filter((entry) => entry !== '')) {
    for (const name of names) {
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

/** What an earlier run unpacked; undefined when a file is missing. */
export function unpackedIn(options: Omit<PackagesOptions, 'packages'>): UnpackedPackages | undefined {
  const { folder, files } = options;
  return files.every((file) => existsSync(join(folder, file)))
    ? { folder, libraryFolders: libraryFoldersIn(folder) }
    : undefined;
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

/** Fetches the packages with those libraries that the system lacks and unpacks them into `folder`. */
export async function unpackPackages(options: PackagesOptions): Promise<UnpackedPackages> {
  const { folder, files } = options;
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'root'), { recursive: true, mode: 0o755 });
  try {
    await fetchInto(work, options);
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(work, 'root'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const unpacked = unpackedIn(options);
  if (unpacked === undefined) throw new Error(`the packages do not hold ${files.join(', ')}`);
  return unpacked;
}

/** The first attempt takes the system's package lists; they may be missing or old, so the second fetches its own. */
async function fetchInto(work: string, options: PackagesOptions): Promise<void> {
  let why = '';
  for (const ownLists of [false, true]) {
    const apt = ownLists ? await ownPackageLists(work) : [];
    why = (await fetchPackages(work, apt, options)) ?? '';
    if (why === '') return;
  }
  throw new Error(why);
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

/** Undefined when the packages and all libraries of the files are in `work/root`, else the reason. */
async function fetchPackages(
  work: string,
  apt: readonly string[],
  { packages, files }: PackagesOptions,
): Promise<string | undefined> {
  const root = join(work, 'root');
  let wanted = [...packages];
  const unpacked = new Set<string>();
  // Libraries need libraries of their own; two levels are known (Redis), four are allowed.
  for (let level = 0; level < 4 && wanted.length > 0; level += 1) {
    const download = await attempt('apt-get', [...apt, '-qq', 'download', ...wanted], work);
    if (download.code !== 0) return lastLine(download.output);
    for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
      const unpack = await attempt('dpkg', ['-x', file, root], work);
      if (unpack.code !== 0) return lastLine(unpack.output);
      rmSync(join(work, file));
    }
    for (const name of wanted) unpacked.add(name);
    const missing = await missingLibraries(root, files);
    if (missing.length === 0) return undefined;
    wanted = (await librariesNeededBy(wanted, apt, work)).filter((name) => !unpacked.has(name));
  }
  return `no package holds ${(await missingLibraries(root, files)).join(', ')}`;
}

/** The shared libraries that the dynamic loader does not find. */
async function missingLibraries(root: string, files: readonly string[]): Promise<string[]> {
  const { output } = await attempt(
    'ldd',
    files.map((file) => join(root, file)),
    root,
    [`LD_LIBRARY_PATH=${libraryFoldersIn(root).join(':')}`],
  );
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
