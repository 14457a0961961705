/**
 * @module A real Redis Cluster on the loopback interface: masters with a replica each, quick to notice that a
 * node is gone, and slots that can be moved while they are in use.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SLOTS, keySlot } from '../../service/results/redis-slot.ts';
import { startRedisNodes, type RedisNode } from './redis-node.ts';
import type { ServerTls } from './tls-authority.ts';
import { until } from './until.ts';

/** After so long without an answer a node is suspected; in production 5 to 15 s. */
const NODE_TIMEOUT_MS = 1_000;

export interface RedisCluster {
  readonly url: string;
  readonly nodes: readonly RedisNode[];
  /** The master that holds a slot, by what the others agree on. */
  readonly masterOf: (slot: number) => Promise<RedisNode>;
  readonly masters: () => Promise<RedisNode[]>;
  /** Slots in which a master has keys, smallest first. */
  readonly slotsInUse: (node: RedisNode) => Promise<number[]>;
  /** Moves slots with all their keys, half of them `openMs` before the others; answers how many keys. */
  readonly moveSlots: (
    from: RedisNode,
    to: RedisNode,
    slots: readonly number[],
    openMs: number,
  ) => Promise<number>;
  /** Until every slot is served and every master but `without` has a replica that is in step. */
  readonly settled: (without?: RedisNode) => Promise<void>;
  readonly discard: () => Promise<void>;
}

export interface RedisClusterOptions {
  readonly masters?: number;
  /** Of each master: 0 or 1. */
  readonly replicas?: number;
  readonly tls?: ServerTls;
}

export async function startRedisCluster({
  masters = 3,
  replicas = 1,
  tls,
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const nodes = await startRedisNodes(
    Array.from({ length: masters * (1 + replicas) }, (_, i) => ({
      name: `cluster-node-${i}`,
      isClusterNode: true,
      tls,
      settings: {
        'cluster-node-timeout': NODE_TIMEOUT_MS,
        // A replica that was cut off for long may still take over: it is a cache.
        'cluster-replica-validity-factor': 0,
        'repl-diskless-sync': 'yes',
        'repl-diskless-sync-delay': 0,
      },
    })),
  );
  const cluster = makeCluster(nodes, tls === undefined ? 'redis' : 'rediss');
  try {
    await join(nodes, masters);
    await cluster.settled();
  } catch (fault) {
    await cluster.discard();
    throw fault;
  }
  return cluster;
}

async function join(nodes: readonly RedisNode[], masters: number): Promise<void> {
  const [first] = nodes;
  for (const [i, { client, port, busPort }] of nodes.entries()) {
    const [from, to] = [(SLOTS * i) / masters, (SLOTS * (i + 1)) / masters].map(Math.floor);
    if (i < masters) await client.call('CLUSTER', 'ADDSLOTSRANGE', from ?? 0, (to ?? 0) - 1);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    if (i > 0) await first?.client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
  }
  await until('all nodes know one another', async () => {
    const known = await Promise.all(nodes.map(async ({ client }) => linesOf(await client.cluster('NODES'))));
    return known.every((lines) => lines.length === nodes.length && lines.every((l) => !/handshake/.test(l)));
  });
  for (const [i, { client }] of nodes.entries())
    if (i >= masters) await client.call('CLUSTER', 'REPLICATE', await idOf(nodes[i - masters]));
}

function makeCluster(nodes: readonly RedisNode[], scheme: 'redis' | 'rediss'): RedisCluster {
  const byPort = new Map(nodes.map((node) => [node.port, node]));
  /** By a node that is up: those that are down leave a command waiting. */
  const view = async (): Promise<string[]> =>
    linesOf(await Promise.any(nodes.map(({ client }) => client.cluster('NODES'))));
  const mastersNow = async (): Promise<{ node: RedisNode; ranges: [number, number][] }[]> =>
    (await view()).flatMap((line) => {
      const [, address = '', flags = '', , , , , , ...slots] = line.split(' ');
      const node = byPort.get(Number(/:(\d+)@/.exec(address)?.[1]));
      if (node === undefined || !/master/.test(flags) || /fail|noaddr/.test(flags)) return [];
      const ranges = slots.flatMap((text): [number, number][] => {
        const [from, to = from] = text.split('-').map(Number);
        return text.startsWith('[') || from === undefined ? [] : [[from, to ?? from]];
      });
      return ranges.length === 0 ? [] : [{ node, ranges }];
    });
  const isIn =
    (slot: number) =>
    ([from, to]: [number, number]) =>
      slot >= from && slot <= to;
  return {
    url: `${scheme}+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    masters: async () => (await mastersNow()).map(({ node }) => node),
    masterOf: async (slot) => {
      const found = (await mastersNow()).find(({ ranges }) => ranges.some(isIn(slot)));
      if (found === undefined) throw new Error(`nobody holds slot ${slot}`);
      return found.node;
    },
    slotsInUse: async ({ client }) =>
      [...new Set((await client.keysBuffer('*')).map(keySlot))].sort((a, b) => a - b),
    moveSlots,
    settled: async (without) => {
      await until('every slot is served, every replica is in step', async () => {
        for (const node of nodes) {
          if (node === without) continue;
          const cluster = await node.client.cluster('INFO');
          if (!/cluster_state:ok[^]*cluster_slots_ok:16384/.test(cluster)) return false;
          const replication = await node.info('replication');
          if (replication.get('role') === 'slave' && replication.get('master_link_status') !== 'up')
            return false;
        }
        return true;
      });
    },
    discard: async () => {
      await Promise.all(nodes.map((node) => node.discard()));
    },
  };
}

/**
 * All slots are opened, then half of each one's keys are moved, so that keys are asked for here and there (ASK)
 * while they are open; then the rest, and both masters are told (MOVED). Gossip tells the others.
 */
async function moveSlots(
  from: RedisNode,
  to: RedisNode,
  slots: readonly number[],
  openMs: number,
): Promise<number> {
  const [fromId, toId] = [await idOf(from), await idOf(to)];
  const each = (work: (slot: number) => Promise<unknown>): Promise<unknown> => Promise.all(slots.map(work));
  const keysIn = async (slot: number): Promise<number> =>
    Number(await from.client.call('CLUSTER', 'COUNTKEYSINSLOT', slot));
  let moved = 0;
  const migrate = async (slot: number, atMost: number): Promise<void> => {
    const keys = (await from.client.callBuffer('CLUSTER', 'GETKEYSINSLOT', slot, atMost)) as Buffer[];
    if (keys.length === 0) return;
    await from.client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 1_000, 'KEYS', ...keys);
    moved += keys.length;
  };
  await each((slot) => to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId));
  await each((slot) => from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId));
  await each(async (slot) => await migrate(slot, Math.ceil((await keysIn(slot)) / 2)));
  await sleep(openMs);
  await each(async (slot) => {
    while ((await keysIn(slot)) > 0) await migrate(slot, 1_000);
  });
  await each((slot) => to.client.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId));
  await each((slot) => from.client.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId));
  return moved;
}

async function idOf(node: RedisNode | undefined): Promise<string> {
  if (node === undefined) throw new Error('there is no such node');
  return String(await node.client.call('CLUSTER', 'MYID'));
}

function linesOf(text: unknown): string[] {
  return String(text).trim().split('\n');
}
