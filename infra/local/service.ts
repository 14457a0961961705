/**
 * @module The lookup service as a child of `npm start`.
 *
 * Failure policy: a service that does not get ready is stopped, and is a SetupError with the last lines of
 * its log, which say what is wrong with its configuration.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { checkout } from './checkout.ts';
import { runtimeFlags } from './hand-over.mjs';
import { startChild, waitUntilReady, type Child } from './processes.ts';
import { SetupError } from './setup-error.ts';

export interface ServiceOptions {
  readonly runtime: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** http://host:port of its administration port. */
  readonly adminUrl: string;
}

/** Starts it; /readyz has answered 200 when this returns. */
export async function startService(options: ServiceOptions): Promise<Child> {
  const { logFile } = options;
  const logStart = existsSync(logFile) ? statSync(logFile).size : 0;
  const child = await startChild({
    name: 'The service',
    command: options.runtime,
    args: [...runtimeFlags(options.runtime), join(checkout, 'service', 'main.ts')],
    env: options.env,
    cwd: checkout,
    logFile,
    // It lets running requests end first.
    stopSignals: [{ signal: 'SIGTERM', waitMs: 15_000 }],
  });
  try {
    await waitUntilReady(child, () => isReady(options.adminUrl), {
      timeoutMs: 60_000,
      failure: (why) => {
        const words = readFileSync(logFile, 'utf8').slice(logStart).trim().split('\n').slice(-8).join('\n  ');
        return new SetupError(`The service does not start (${why}), see ${logFile}:\n  ${words}`);
      },
    });
    return child;
  } catch (fault) {
    await child.stop();
    throw fault;
  }
}

async function isReady(adminUrl: string): Promise<boolean> {
  try {
    const answer = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
