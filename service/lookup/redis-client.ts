/**
 * Clients of Redis: one Redis, Sentinel or Cluster, with the settings that keep a fault short. The
 * defaults of the library let every request hang while Redis is frozen (measured: 768 of 768 for
 * 4 s); with these the queue stays below 40.
 *
 * Failure policy: the program starts and goes on without Redis; a command fails at once while there
 * is no connection, and after 200 ms when there is no answer. The client connects again by itself.
 */
import { Cluster, Redis } from 'ioredis';
import type { RedisAddress } from '#results/redis-address.ts';
import { accessOptions } from '#results/redis-address.ts';
import { catchForgottenAsking } from '#results/redis-cluster-nodes.ts';
import type { Logger } from './observer.ts';
import { faultName } from './observer.ts';

export type RedisClient = Redis | Cluster;

/**
 * Milliseconds. Longer than a lookup waits (redis-reader.ts): the library's timer fails a command
 * whose answer is already there when this process was held up, since timers come before sockets.
 */
const COMMAND_TIMEOUT_MS = 200;

/** Quick, since nothing is served from the cache meanwhile; spread, since all instances do it. */
function reconnectAfterMs(attempt: number): number {
  return Math.min(50 * attempt, 400) * (0.75 + Math.random() / 2);
}

const HARDENED = {
  commandTimeout: COMMAND_TIMEOUT_MS,
  // Without data for so long, while some is awaited, a connection is given up.
  socketTimeout: 200,
  connectTimeout: 500,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  // After a failover the old master refuses writes: go and find the new one (redis/ioredis#144).
  reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
} as const;

/**
 * Makes a client, which connects in the background.
 * @param name for CLIENT LIST, and for the log.
 */
export function connectRedis(
  address: Exclude<RedisAddress, { kind: 'none' }>,
  name: string,
  log: Logger,
): RedisClient {
  const client = makeClient(address, `fangbang-${name}`);
  let lastFault: string | undefined;
  client.on('error', (error: unknown) => {
    const fault = faultName(error);
    // Said once and not at every attempt.
    if (fault !== lastFault) log.warn('Redis is away', { store: 'redis', fault });
    lastFault = fault;
  });
  client.on('ready', () => {
    log.info('Redis is connected', { store: 'redis' });
    lastFault = undefined;
  });
  connectAgainWhenGivenUp(client, log);
  return client;
}

/**
 * The library (ioredis 6.0.0) ends a client for good when its failover detector hears of the new master just while
 * the client asks the Sentinels for it: every later command fails at once, until the process is restarted.
 */
function connectAgainWhenGivenUp(client: RedisClient, log: Logger): void {
  let isWanted = true;
  let attempts = 0;
  const disconnect = client.disconnect.bind(client);
  client.disconnect = (reconnect = false) => {
    if (!reconnect) isWanted = false;
    disconnect(reconnect);
  };
  client.on('ready', () => {
    attempts = 0;
  });
  client.on('end', () => {
    if (!isWanted) return;
    log.warn('the client of Redis had ended and is started again', { store: 'redis' });
    attempts += 1;
    setTimeout(() => {
      if (isWanted) client.connect().catch(() => {});
    }, reconnectAfterMs(attempts));
  });
}

function makeClient(address: Exclude<RedisAddress, { kind: 'none' }>, connectionName: string): RedisClient {
  const options = { ...HARDENED, connectionName };
  switch (address.kind) {
    case 'single':
      return new Redis(address.url, {
        ...options,
        enableOfflineQueue: false,
        retryStrategy: reconnectAfterMs,
      });
    case 'sentinel':
      return new Redis({
        ...options,
        ...accessOptions(address),
        enableOfflineQueue: false,
        retryStrategy: reconnectAfterMs,
        sentinels: [...address.sentinels],
        name: address.master,
        // Sentinel tells of a failover, instead of waiting for the old master's connection to end.
        failoverDetector: true,
        socketTimeout: 300,
        sentinelCommandTimeout: 500,
        sentinelRetryStrategy: reconnectAfterMs,
        sentinelReconnectStrategy: reconnectAfterMs,
      });
    case 'cluster': {
      const cluster = new Cluster([...address.nodes], {
        // At this level: inside redisOptions it has no effect (redis/ioredis#581).
        enableOfflineQueue: false,
        // A lookup has 50 ms: two redirections, and no waiting for a failover.
        maxRedirections: 3,
        retryDelayOnFailover: 0,
        retryDelayOnClusterDown: 0,
        retryDelayOnTryAgain: 5,
        clusterRetryStrategy: reconnectAfterMs,
        clusterNodeRetryStrategy: reconnectAfterMs,
        slotsRefreshTimeout: 500,
        slotsRefreshInterval: 2_000,
        redisOptions: { ...options, ...accessOptions(address) },
      });
      catchForgottenAsking(cluster);
      askForSlotsWhenNodesLeave(cluster);
      return cluster;
    }
  }
}

/**
 * Whoever is connected to a master that has gone hears of its successor from nobody: no other node is asked for
 * its slots, so none answers MOVED. Each attempt to connect again that fails asks for the slots.
 */
function askForSlotsWhenNodesLeave(cluster: Cluster): void {
  cluster.on('+node', (node: Redis) => {
    node.on('close', () => {
      if (cluster.status === 'ready') cluster.refreshSlotsCache();
    });
  });
}
