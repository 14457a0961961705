/**
 * @module webdis as a contestant: the document by its key over HTTP, without any authentication.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningPeer } from './peer.ts';
import { startPeer } from './peer.ts';
import type { Stage } from './stage.ts';
import type { Tool } from './tools.ts';
import { environmentOf } from './tools.ts';

/** Starts webdis against the stage's Redis. */
export async function startWebdis(
  stage: Stage,
  tool: Tool,
  { cores, name }: { cores: readonly number[]; name: string },
): Promise<RunningPeer> {
  const folder = join(stage.folder, name);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'webdis.json');
  const logfile = join(folder, 'webdis.log');
  return await startPeer({
    name,
    cores,
    logFile: logfile,
    command: tool.command,
    args: (port) => {
      const settings = {
        redis_host: '127.0.0.1',
        redis_port: Number(new URL(stage.redisUrl).port),
        redis_auth: null,
        http_host: '127.0.0.1',
        http_port: port,
        // One core: a second thread would only switch.
        threads: 1,
        pool_size: 20,
        daemonize: false,
        database: 0,
        // Errors only: it logs every request at higher ones.
        verbosity: 0,
        logfile,
      };
      writeFileSync(config, JSON.stringify(settings));
      return [config];
    },
    env: environmentOf(tool),
  });
}
