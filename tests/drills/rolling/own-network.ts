/**
 * @module A network of the drill's own, in which the kernel hands waiting connections from a closing listener to
 * another, or does not: the machine's setting is its owner's and stays as it is.
 *
 * Failure policy: where no such network can be made (it takes root, unshare and ip), a SetupError says which
 * setting the machine needs instead.
 */
import { spawn } from 'node:child_process';
import { SetupError } from '../../../infra/local/setup-error.ts';
import { MIGRATION_HINT } from '../../../service/supervisor/kernel.ts';

/** Set for the program inside. */
const INSIDE = 'FANGBANG_DRILL_OWN_NETWORK';
/** Exit code of the shell when the network could not be made; no drill's own. */
const NOT_MADE = 77;
const ENTER = `{ ip link set lo up && echo "$1" > /proc/sys/net/ipv4/tcp_migrate_req; } || exit ${NOT_MADE}
shift
exec "$@"`;

/** Runs this program once more, inside. @returns its exit code; undefined when this is inside already. */
export async function runInOwnNetwork(migrate: boolean): Promise<number | undefined> {
  if (process.env[INSIDE] !== undefined) return undefined;
  const words = ['--net', '/bin/sh', '-c', ENTER, 'network', migrate ? '1' : '0'];
  const child = spawn('unshare', [...words, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  // Ctrl-C reaches the program inside by itself; what is sent to us alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('error', () => resolve(NOT_MADE));
  child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 130)));
  const code = await promise;
  if (code === NOT_MADE || (code === 1 && process.getuid?.() !== 0))
    throw new SetupError(
      `A network of its own needs root, unshare and ip; without them: ${MIGRATION_HINT}, and run the drill again.`,
    );
  return code;
}
