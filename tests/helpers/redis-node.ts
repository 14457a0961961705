/**
 * @module One Redis server of a set (a Cluster, or Sentinels and what they watch), with a client of the test's
 * own on it. It goes when the test ends, however it ends (infra/local/processes.ts).
 */
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { keep } from '../../infra/local/checkout.ts';
import { freePort } from '../../infra/local/port.ts';
import { throwAwayFolder } from '../../infra/local/private-folder.ts';
import { startChild, type Child } from '../../infra/local/processes.ts';
import { findRedis } from '../../infra/local/redis-program.ts';
import { authorityText, type ServerTls } from './tls-authority.ts';

export interface RedisNode {
  readonly port: number;
  /** Of the Cluster's bus; 0 outside a Cluster. */
  readonly busPort: number;
  /** Connects again by itself; a command to a node that is down waits. */
  readonly client: Redis;
  readonly kill: () => Promise<void>;
  /** It keeps its connections and answers nothing (SIGSTOP). */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** After `kill`: the same port and the same folder, without data. */
  readonly start: () => Promise<void>;
  /** The fields of INFO. */
  readonly info: (section: string) => Promise<Map<string, string>>;
  /** Stops it and removes its folder. */
  readonly discard: () => Promise<void>;
}

/** Settings as redis.conf has them. */
export type RedisSettings = Readonly<Record<string, string | number>>;

export interface RedisNodeOptions {
  /** For people. */
  readonly name: string;
  readonly settings?: RedisSettings;
  /** Lines of a Sentinel's configuration, which it rewrites. */
  readonly sentinel?: readonly string[];
  readonly isClusterNode?: boolean;
  /** All its connections are by TLS: clients', the Cluster's bus, replication, the Sentinels'. */
  readonly tls?: ServerTls | undefined;
}

/** Starts a server on a free port of 127.0.0.1; it has answered PING when this returns. */
export async function startRedisNode(options: RedisNodeOptions): Promise<RedisNode> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnFreePorts(options);
    } catch (fault) {
      // Somebody else may have taken a free port before the server did.
      if (attempt === 4) throw fault;
    }
  }
}

async function startOnFreePorts({
  name,
  settings,
  sentinel,
  isClusterNode = false,
  tls,
}: RedisNodeOptions): Promise<RedisNode> {
  const program = await findRedis({
    searchPath: process.env['PATH'] ?? '',
    folder: join(keep('redis'), 'program'),
  });
  const folder = throwAwayFolder(name, undefined);
  const port = await portOfOurOwn();
  // The bus's usual port, 10,000 above, may be above all ports.
  const busPort = isClusterNode ? await portOfOurOwn() : 0;
  const options: RedisSettings = {
    port,
    bind: '127.0.0.1',
    dir: folder.path,
    ...(isClusterNode ? { 'cluster-enabled': 'yes', 'cluster-port': busPort } : {}),
    ...(tls === undefined ? {} : tlsSettings(tls, port)),
    ...settings,
  };
  const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
  if (sentinel !== undefined) {
    const file = join(folder.path, 'sentinel.conf');
    writeFileSync(file, sentinel.map((line) => `${line}\n`).join(''));
    args.unshift(file, '--sentinel');
  } else {
    args.push('--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction');
  }
  const begin = (): Promise<Child> =>
    startChild({
      name,
      command: program.command,
      args,
      env: {
        PATH: '/usr/bin:/bin',
        LC_ALL: 'C',
        ...(program.libraryFolders.length === 0 ? {} : { LD_LIBRARY_PATH: program.libraryFolders.join(':') }),
      },
      cwd: folder.path,
      logFile: join(folder.path, 'log'),
      stopSignals: [{ signal: 'SIGTERM', waitMs: 5_000 }],
    });
  let child = await begin();
  const client = new Redis({
    host: '127.0.0.1',
    port,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
    ...(tls === undefined ? {} : { tls: { ca: authorityText(tls), checkServerIdentity: () => undefined } }),
  });
  client.on('error', () => {});
  const answers = async (): Promise<void> => {
    const late = sleep(15_000, undefined, { ref: false });
    if ((await Promise.race([client.ping(), child.exited, late])) !== 'PONG')
      throw new Error(`${name} does not start on port ${port}`);
  };
  try {
    await answers();
  } catch (fault) {
    client.disconnect();
    await child.stop();
    folder.remove();
    throw fault;
  }
  return {
    port,
    busPort,
    client,
    kill: async () => {
      child.signal('SIGKILL');
      await child.exited;
    },
    freeze: () => child.signal('SIGSTOP'),
    thaw: () => child.signal('SIGCONT'),
    start: async () => {
      child = await begin();
      await answers();
    },
    info: async (section) => {
      const text = await client.info(section);
      const fields = [...text.matchAll(/^([^#:\r\n]+):([^\r\n]*)/gm)];
      return new Map(fields.map(([, field = '', value = '']) => [field, value]));
    },
    discard: async () => {
      client.disconnect();
      child.signal('SIGCONT');
      await child.stop();
      folder.remove();
    },
  };
}

function tlsSettings({ certificateFile, keyFile, authorityFile }: ServerTls, port: number): RedisSettings {
  return {
    port: 0,
    'tls-port': port,
    'tls-cert-file': certificateFile,
    'tls-key-file': keyFile,
    'tls-ca-cert-file': authorityFile,
    // Who asks shows a password in practice, not a certificate.
    'tls-auth-clients': 'no',
    'tls-replication': 'yes',
    'tls-cluster': 'yes',
  };
}

/**
 * Below the ports that the system gives to outgoing connections (32768 and up on Linux): nobody takes it while a
 * server that was killed is away.
 */
function portOfOurOwn(): Promise<number> {
  return freePort(randomInt(20_000, 32_000));
}

/** Starts several side by side; none is left when one does not start. */
export async function startRedisNodes(options: readonly RedisNodeOptions[]): Promise<RedisNode[]> {
  const started = await Promise.allSettled(options.map(startRedisNode));
  const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = started.find((one) => one.status === 'rejected');
  if (failed === undefined) return nodes;
  await Promise.all(nodes.map((node) => node.discard()));
  throw failed.reason;
}
