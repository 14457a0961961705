/**
 * @module Our service as a contestant: service/main.ts as users run it, with everything on.
 *
 * Failure policy: a service that does not get ready is a SetupError with the end of its log.
 */
import { join } from 'node:path';
import { checkout } from '../../infra/local/checkout.ts';
import { runtimeFlags, runtimePath } from '../../infra/local/hand-over.mjs';
import { freePort } from '../../infra/local/port.ts';
import type { RunningPeer } from './peer.ts';
import { startPeer } from './peer.ts';
import type { Stage } from './stage.ts';

export interface FangbangOptions {
  readonly runtime: 'bun' | 'node';
  readonly cores: readonly number[];
  /** For its log. */
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts one instance; it has said that it is ready when this returns. */
export async function startFangbang(
  stage: Pick<Stage, 'databaseUrl' | 'redisUrl' | 'pepperFile' | 'folder'>,
  options: FangbangOptions,
): Promise<RunningPeer> {
  const adminPort = await freePort();
  const runtime = runtimePath(options.runtime);
  return await startPeer({
    name: `fangbang on ${options.runtime}`,
    cores: options.cores,
    logFile: join(stage.folder, `${options.name}.log`),
    command: runtime,
    args: [...runtimeFlags(runtime), join(checkout, 'service', 'main.ts')],
    env: (port) => ({
      PATH: '/usr/bin:/bin',
      DATABASE_URL: stage.databaseUrl,
      REDIS_URL: stage.redisUrl,
      FANGBANG_PEPPER_FILE: stage.pepperFile,
      // The wrong guesses come from an address each, which only a trusted proxy may say.
      TRUSTED_PROXIES: '127.0.0.1/32',
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      ...options.env,
    }),
    isReady: async () => {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/readyz`, {
        signal: AbortSignal.timeout(2_000),
      });
      await answer.arrayBuffer();
      return answer.ok;
    },
  });
}
