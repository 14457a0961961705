/**
 * @module Guardians: what must not outlive us, even when we die without a word (kill -9, a crash). A guardian is a
 * shell that waits for its standard input, which the system closes when we are gone.
 *
 * Failure policy: where no guardian can be started all works but that; the next start takes over what is left.
 */
import { spawn } from 'node:child_process';

/** A closed standard input without the word "done" means that we are gone. */
const waitForOurEnd = `
read -r word
[ "$word" = done ] && exit 0
`;

/** Ten seconds for an orderly end, then SIGKILL; a frozen process is woken first. */
const stopProcess = `${waitForOurEnd}
kill -CONT "$1" 2>/dev/null
kill -INT "$1" 2>/dev/null
waited=0
while kill -0 "$1" 2>/dev/null && [ "$waited" -lt 100 ]; do sleep 0.1; waited=$((waited + 1)); done
kill -KILL "$1" 2>/dev/null
exit 0
`;

/** A server that is just ending may still write into the folder, so it is tried for twenty seconds. */
const removeFolder = `${waitForOurEnd}
tries=0
while [ -e "$1" ] && [ "$tries" -lt 80 ]; do rm -rf -- "$1" 2>/dev/null; sleep 0.25; tries=$((tries + 1)); done
exit 0
`;

/** Stops the process after our sudden death. Returns the function that dismisses the guardian. */
export function guardProcess(pid: number): () => void {
  return startGuardian(stopProcess, String(pid));
}

/** Removes the folder after our sudden death. Returns the function that dismisses the guardian. */
export function guardFolder(path: string): () => void {
  return startGuardian(removeFolder, path);
}

function startGuardian(script: string, argument: string): () => void {
  const guardian = spawn('/bin/sh', ['-c', script, 'guardian', argument], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A session of its own: Ctrl-C is for us.
    detached: true,
    cwd: '/',
  });
  guardian.on('error', () => {});
  guardian.stdin.on('error', () => {});
  guardian.unref();
  return () => guardian.stdin.end('done\n');
}
