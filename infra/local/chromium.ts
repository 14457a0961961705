/**
 * @module Where the browser of the page's tests comes from: PATH, else Debian's package: installed when we
 * are root, else unpacked beside our other things with the libraries and the Chinese font that it needs.
 *
 * Failure policy: when there is none and none can be fetched, a SetupError names the command to run.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { keep } from './checkout.ts';
import { runToEnd } from './processes.ts';
import { SetupError } from './setup-error.ts';

export interface Chromium {
  readonly command: string;
  /** What it needs in its environment beyond ours. */
  readonly env: Readonly<Record<string, string>>;
}

const programNames = ['chromium', 'chromium-browser', 'google-chrome'];
/** Without a font that has Chinese characters, screenshots show boxes and widths are wrong. */
const packages = ['chromium', 'fonts-noto-cjk'];
/** Another apt may be at work. */
const lockTimeout = ['-o', 'DPkg::Lock::Timeout=300'];

/** The program on the search path, else the system's or our own copy of Debian's, fetched now if need be. */
export async function findChromium(options: {
  readonly searchPath: string;
  readonly isRoot: boolean;
  /** Of our own copy; by default under `.fangbang/`. */
  readonly folder?: string;
  readonly say?: (line: string) => void;
}): Promise<Chromium> {
  const folder = options.folder ?? join(keep('chromium'), 'program');
  const found = onPath(options.searchPath) ?? unpackedIn(folder);
  if (found !== undefined) return found;
  options.say?.("fetching Debian's Chromium package …");
  let why = '';
  if (options.isRoot) {
    why = await install();
    const installed = onPath(options.searchPath);
    if (why === '' && installed !== undefined) return installed;
  } else {
    why = await unpack(folder);
    const unpacked = unpackedIn(folder);
    if (why === '' && unpacked !== undefined) return unpacked;
  }
  throw new SetupError(
    `There is no Chromium here and Debian's package could not be fetched (${why || 'it holds no program'}): run "sudo apt-get install ${packages.join(' ')}".`,
  );
}

function onPath(searchPath: string): Chromium | undefined {
  for (const folder of searchPath.split(delimiter).filter((entry) => entry !== '')) {
    for (const name of programNames) {
      const command = join(folder, name);
      try {
        accessSync(command, constants.X_OK);
        return { command, env: {} };
      } catch {
        // Not here.
      }
    }
  }
  return undefined;
}

function unpackedIn(folder: string): Chromium | undefined {
  const command = join(folder, 'usr', 'lib', 'chromium', 'chromium');
  if (!existsSync(command)) return undefined;
  const libraries = ['lib', 'usr/lib']
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) =>
      readdirSync(path)
        .filter((name) => name.includes('-linux-gnu'))
        .map((name) => join(path, name)),
    );
  return {
    command,
    // Fontconfig looks for fonts below XDG_DATA_HOME.
    env: { LD_LIBRARY_PATH: libraries.join(':'), XDG_DATA_HOME: join(folder, 'usr', 'share') },
  };
}

/** Empty when it is installed, else the reason why not. */
async function install(): Promise<string> {
  const args = [...lockTimeout, '-y', '-qq', '--no-install-recommends', 'install', ...packages];
  const first = await attempt('apt-get', args, '/');
  if (first.code === 0) return '';
  // The package lists may be missing or old.
  await attempt('apt-get', [...lockTimeout, '-qq', 'update'], '/');
  const second = await attempt('apt-get', args, '/');
  return second.code === 0 ? '' : lastLine(second.output);
}

/** All or nothing; empty when it is there, else the reason why not. */
async function unpack(folder: string): Promise<string> {
  const work = `${folder}.${process.pid}`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'root'), { recursive: true });
  try {
    const first = await fetchInto(work, []);
    // The second attempt takes package lists of our own, fetched now.
    const why = first === '' ? '' : await fetchInto(work, await ownPackageLists(work));
    if (why !== '') return why;
    rmSync(folder, { recursive: true, force: true });
    renameSync(join(work, 'root'), folder);
    return '';
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function ownPackageLists(work: string): Promise<string[]> {
  const lists = join(work, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true });
  const options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
  await attempt('apt-get', [...options, '-qq', 'update'], work);
  return options;
}

/** What an installation would install, downloaded and unpacked: apt knows best what is missing here. */
async function fetchInto(work: string, apt: readonly string[]): Promise<string> {
  const plan = await attempt(
    'apt-get',
    [...apt, '-s', '--no-install-recommends', 'install', ...packages],
    work,
  );
  if (plan.code !== 0) return lastLine(plan.output);
  const missing = [...plan.output.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? '');
  const wanted = new Set([...packages, ...missing]);
  const download = await attempt('apt-get', [...apt, '-qq', 'download', ...wanted], work);
  if (download.code !== 0) return lastLine(download.output);
  for (const file of readdirSync(work).filter((name) => name.endsWith('.deb'))) {
    const unpacked = await attempt('dpkg', ['-x', file, join(work, 'root')], work);
    if (unpacked.code !== 0) return lastLine(unpacked.output);
    rmSync(join(work, file));
  }
  return '';
}

async function attempt(
  command: string,
  args: readonly string[],
  cwd: string,
): Promise<{ code: number; output: string }> {
  try {
    return await runToEnd({
      command: 'env',
      args: ['LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive', command, ...args],
      cwd,
    });
  } catch {
    return { code: 127, output: `${command} is not on this machine` };
  }
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? '';
}
