/**
 * @module A real set of Sentinels on the loopback interface: a master, two replicas, three Sentinels that are
 * quick to replace it.
 */
import { startRedisNodes, type RedisNode } from './redis-node.ts';
import type { ServerTls } from './tls-authority.ts';
import { until } from './until.ts';

const MASTER = 'results';
/** In production 5 s or so. */
const DOWN_AFTER_MS = 700;
/** Between two tries of the same Sentinel lies twice as much. */
const FAILOVER_TIMEOUT_MS = 2_000;

export interface RedisSentinels {
  readonly url: string;
  readonly nodes: readonly RedisNode[];
  readonly sentinels: readonly RedisNode[];
  /** As the Sentinels say it. */
  readonly master: () => Promise<RedisNode>;
  /** Until all agree on a master and both others follow it, but for `without`. */
  readonly settled: (without?: RedisNode) => Promise<void>;
  readonly discard: () => Promise<void>;
}

export async function startRedisSentinels({ tls }: { tls?: ServerTls } = {}): Promise<RedisSentinels> {
  const nodes = await startRedisNodes(
    [0, 1, 2].map((i) => ({
      name: `redis-${i}`,
      tls,
      settings: { 'repl-diskless-sync': 'yes', 'repl-diskless-sync-delay': 0 },
    })),
  );
  const sentinels: RedisNode[] = [];
  const set = makeSet(nodes, sentinels, tls === undefined ? 'redis' : 'rediss');
  try {
    const [first, ...others] = nodes;
    if (first === undefined) throw new Error('no nodes');
    for (const { client } of others) await client.replicaof('127.0.0.1', first.port);
    await until('both replicas follow', async () => {
      const info = await first.info('replication');
      return [0, 1].every((i) => /state=online/.test(info.get(`slave${i}`) ?? ''));
    });
    const conf = [
      `sentinel monitor ${MASTER} 127.0.0.1 ${first.port} 2`,
      `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
      `sentinel failover-timeout ${MASTER} ${FAILOVER_TIMEOUT_MS}`,
      `sentinel parallel-syncs ${MASTER} 2`,
    ];
    sentinels.push(
      ...(await startRedisNodes([0, 1, 2].map((i) => ({ name: `sentinel-${i}`, sentinel: conf, tls })))),
    );
    await set.settled();
  } catch (fault) {
    await set.discard();
    throw fault;
  }
  return set;
}

function makeSet(
  nodes: readonly RedisNode[],
  sentinels: readonly RedisNode[],
  scheme: 'redis' | 'rediss',
): RedisSentinels {
  const masterPorts = (): Promise<number[]> =>
    Promise.all(
      sentinels.map(async ({ client }) => {
        const address = await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER);
        return Array.isArray(address) ? Number(address[1]) : 0;
      }),
    );
  const ofPort = (port: number | undefined): RedisNode => {
    const node = nodes.find((one) => one.port === port);
    if (node === undefined) throw new Error(`no node has port ${port}`);
    return node;
  };
  return {
    get url() {
      return `${scheme}+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER}`;
    },
    nodes,
    sentinels,
    master: async () => ofPort((await masterPorts())[0]),
    settled: async (without) => {
      await until('the Sentinels agree, and the replicas follow', async () => {
        for (const { client } of sentinels) {
          const state = fieldsOf(await client.call('SENTINEL', 'MASTER', MASTER));
          if (state.get('flags') !== 'master') return false;
          if (state.get('num-other-sentinels') !== '2' || state.get('num-slaves') !== '2') return false;
        }
        const ports = new Set(await masterPorts());
        if (ports.size !== 1) return false;
        const [port] = ports;
        for (const node of nodes) {
          if (node === without) continue;
          const replication = await node.info('replication');
          const role = replication.get('role');
          if (role !== (node.port === port ? 'master' : 'slave')) return false;
          if (role === 'slave' && replication.get('master_link_status') !== 'up') return false;
        }
        return true;
      });
    },
    discard: async () => {
      await Promise.all([...sentinels, ...nodes].map((node) => node.discard()));
    },
  };
}

/** A flat list of names and values, as Redis answers it. */
function fieldsOf(reply: unknown): Map<string, string> {
  const list: unknown[] = Array.isArray(reply) ? reply : [];
  return new Map(
    Array.from({ length: list.length / 2 }, (_, i) => [String(list[2 * i]), String(list[2 * i + 1])]),
  );
}
