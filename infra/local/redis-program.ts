/**
 * @module Where a Redis comes from on this machine: PATH, else Debian's package unpacked beside our other
 * things, which needs no root and changes nothing on the system.
 *
 * Failure policy: when there is none and none can be fetched, a SetupError names the command to run.
 */
import { join } from 'node:path';
import { programOnPath, unpackPackages, unpackedIn, type UnpackedPackages } from './debian-package.ts';
import { SetupError } from './setup-error.ts';

export interface RedisProgram {
  readonly command: string;
  /** Folders of shared libraries that the program needs beyond the system's. */
  readonly libraryFolders: readonly string[];
}

/** Valkey is Redis 7.2 carried on under another name; either will do. */
const programNames = ['redis-server', 'valkey-server'];
const packagedProgram = 'usr/bin/redis-server';

/** The program on the search path, else one unpacked in `folder` (by an earlier run or now). */
export async function findRedis(options: {
  readonly searchPath: string;
  readonly folder: string;
  readonly say?: (line: string) => void;
}): Promise<RedisProgram> {
  const { folder } = options;
  const onPath = programOnPath(programNames, options.searchPath);
  if (onPath !== undefined) return { command: onPath, libraryFolders: [] };
  const unpacked = unpackedIn({ folder, files: [packagedProgram] });
  if (unpacked !== undefined) return programIn(unpacked);
  options.say?.("fetching Debian's Redis package …");
  return await unpackRedis(folder);
}

/** Fetches Debian's package into `folder`. */
export async function unpackRedis(folder: string): Promise<RedisProgram> {
  try {
    // redis-server's own binary is a link into redis-tools.
    const packages = ['redis-server', 'redis-tools'];
    return programIn(await unpackPackages({ folder, packages, files: [packagedProgram] }));
  } catch (fault) {
    throw noRedis(fault instanceof Error ? fault.message : String(fault));
  }
}

function programIn({ folder, libraryFolders }: UnpackedPackages): RedisProgram {
  return { command: join(folder, packagedProgram), libraryFolders };
}

function noRedis(why: string): SetupError {
  return new SetupError(
    `There is no Redis here and Debian's package could not be fetched (${why}): run "sudo apt-get install redis-server", or give one with REDIS_URL.`,
  );
}
