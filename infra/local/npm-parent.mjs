/**
 * @module Noticing that the npm which started us is gone. npm passes SIGTERM and SIGINT on to its shell alone;
 * where the shell does not become our program but waits for it, the shell dies and we would go on running.
 *
 * Failure policy: where the system does not tell whose child a process is (no /proc), only our direct parent is
 * watched; nothing here fails.
 */
import { readFileSync } from 'node:fs';

const lookEveryMs = 500;

/**
 * Calls `act` once when npm, or its shell, ends before us. Does nothing when npm did not start us: who starts a
 * program in the background and goes means it to stay.
 * @param {() => void} act
 * @param {NodeJS.ProcessEnv} env our environment, in which npm names the script that it runs
 */
export function whenNpmEnds(act, env) {
  if (env['npm_lifecycle_event'] === undefined) return;
  const parent = process.ppid;
  // npm's shell: npm is the one before it.
  const grandparent = isShell(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    // Orphans are given to another process; and a killed npm leaves its shell waiting for us.
    if (process.ppid === parent && (grandparent === undefined || parentOf(parent) === grandparent)) return;
    clearInterval(timer);
    act();
  }, lookEveryMs);
  timer.unref();
}

/** @param {number} pid */
function isShell(pid) {
  return readOr(`/proc/${pid}/cmdline`).split('\0')[1] === '-c';
}

/**
 * The fourth field of stat; the second, a name in brackets, may hold anything.
 * @param {number} pid
 */
function parentOf(pid) {
  const stat = readOr(`/proc/${pid}/stat`);
  const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  return parent > 0 ? parent : undefined;
}

/** @param {string} path */
function readOr(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
