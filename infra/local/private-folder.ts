/**
 * @module Folders for a server that, when we are root, runs under another user: Postgres refuses to be root.
 *
 * Failure policy: a folder that can't be made is a SetupError or the system's own error.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, keep } from './checkout.ts';
import { guardFolder } from './guardian.ts';
import { SetupError } from './setup-error.ts';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user that Postgres runs as: undefined is ourselves. As root it is the number that Debian calls nobody;
 * it needs no entry in /etc/passwd, and nothing is added to the system.
 */
export function unprivilegedUser(): User | undefined {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
}

/**
 * The folder `.fangbang/<name>`, which `user` can enter. Where a parent of the checkout is closed to that user
 * (a checkout in /root, say), a folder under /var/tmp, named after the checkout, stands in for it: the one
 * thing outside `.fangbang/` that a local run keeps.
 */
export function persistentFolder(name: string, user: User | undefined): string {
  const kept = keep(name);
  if (user === undefined || canEnter(kept, user)) return kept;
  const hash = createHash('sha256').update(checkout).digest('hex').slice(0, 12);
  const standIn = join('/var/tmp', `fangbang-${name}-${hash}`);
  mkdirSync(standIn, { recursive: true });
  const found = lstatSync(standIn);
  // Anybody may create this name before us; what root does in it must not be theirs to steer.
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new SetupError(`${standIn} belongs to somebody else: remove it and run the command again.`);
  }
  chmodSync(standIn, 0o755);
  return standIn;
}

export interface ThrowAwayFolder {
  readonly path: string;
  readonly remove: () => void;
}

/** A new empty folder for throw-away data, which `user` can enter. It also goes when we die suddenly. */
export function throwAwayFolder(name: string, user: User | undefined): ThrowAwayFolder {
  for (const parent of [tmpdir(), '/var/tmp']) {
    if (user !== undefined && !canEnter(parent, user)) continue;
    const path = mkdtempSync(join(parent, `fangbang-${name}-`));
    const dismissGuardian = guardFolder(path);
    if (user !== undefined) chmodSync(path, 0o755);
    const remove = (): void => {
      rmSync(path, { recursive: true, force: true });
      dismissGuardian();
    };
    return { path, remove };
  }
  throw new SetupError(
    `Postgres may not run as root, and user 65534 can enter neither ${tmpdir()} nor /var/tmp: run this as an ordinary user.`,
  );
}

/** Asks the system itself, so that access lists and mount options count too. */
function canEnter(folder: string, user: User): boolean {
  const probe = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'probe', folder], {
    ...user,
    cwd: '/',
    stdio: 'ignore',
  });
  if (probe.error !== undefined) {
    throw new SetupError(
      'Postgres may not run as root, and this root may not start a program as another user: run this as an ordinary user.',
    );
  }
  return probe.status === 0;
}
