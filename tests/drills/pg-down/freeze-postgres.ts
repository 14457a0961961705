/**
 * @module A Postgres that stands still as a whole: its sessions too, which go on when only the server is stopped.
 *
 * Failure policy: rejects when Postgres does not answer; then it is stopped in part, and `thaw` is still to be called.
 */
import { withClient, type OwnServer } from '../../helpers/stores.ts';

export interface Freezer {
  readonly freeze: () => Promise<void>;
  /** Does nothing when it is not frozen. */
  readonly thaw: () => void;
}

export function freezerOf(postgres: OwnServer): Freezer {
  let stopped: readonly number[] = [];
  return {
    freeze: () =>
      withClient(postgres.url, async (client) => {
        // First, so that no session is born after they have been listed by one that is there.
        postgres.freeze();
        const { rows } = await client.query<{ pid: number }>(
          'select pid from pg_stat_activity where pid <> pg_backend_pid()',
        );
        stopped = rows.map(({ pid }) => pid);
        signalAll(stopped, 'SIGSTOP');
      }),
    thaw: () => {
      signalAll(stopped, 'SIGCONT');
      stopped = [];
      postgres.thaw();
    },
  };
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (fault) {
      // A session may have ended since it was listed.
      if ((fault as NodeJS.ErrnoException).code !== 'ESRCH') throw fault;
    }
  }
}
