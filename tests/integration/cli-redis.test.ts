import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keySlot } from '../../service/results/redis-slot.ts';
import { RedisWriter } from '../../loader-cli/redis.ts';
import { parseRedisUrl, type RedisAddress } from '../../service/results/redis-address.ts';
import { startRedisNode, type RedisNode } from '../helpers/redis-node.ts';
import { redisDatabase } from '../helpers/stores.ts';

/** More than one command's worth, and binary: braces, line ends and NUL among them. */
const KEYS = Array.from({ length: 700 }, () => randomBytes(21));
const VALUES = KEYS.map((key, i) => Buffer.concat([key, Buffer.from([i & 0xff, 0, 13, 10])]));
const BRACES = ['{}{a}', 'a{}b}c', '{a}b', 'x{ab}{cd}', '{', '}', 'a}b{c', '{{a}}', ''].map((text) =>
  Buffer.from(text),
);

async function connect(url: string): Promise<RedisWriter> {
  const address: RedisAddress = parseRedisUrl(url);
  if (address.kind === 'none') throw new TypeError('no Redis');
  return await RedisWriter.connect(address);
}

/** The same facts hold for one Redis and for a Cluster. */
function writesAndReads(url: () => string): void {
  it('many keys are set, read in their order and removed', async () => {
    const redis = await connect(url());
    await redis.setMany(KEYS, VALUES);
    expect(await redis.getMany(KEYS)).toEqual(VALUES);
    const absent = randomBytes(21);
    expect(await redis.getMany([absent, ...KEYS.slice(0, 2)])).toEqual([null, ...VALUES.slice(0, 2)]);
    expect(await redis.unlinkMany([absent, ...KEYS.slice(0, 300)])).toBe(300);
    expect(await redis.unlinkMany(KEYS)).toBe(400);
    expect(await redis.getMany(KEYS)).toEqual(KEYS.map(() => null));
    redis.close();
  });

  it('keys with braces by chance are found', async () => {
    const redis = await connect(url());
    const values = BRACES.map((key) => Buffer.concat([Buffer.from('v'), key]));
    await redis.setMany(BRACES, values);
    expect(await redis.getMany(BRACES)).toEqual(values);
    await redis.unlinkMany(BRACES);
    redis.close();
  });

  it('the epoch is raised and never lowered, whoever comes last', async () => {
    const redis = await connect(url());
    const raised = await Promise.all([7, 3, 9, 2, 5].map((epoch) => redis.raiseEpoch(epoch)));
    expect(Math.max(...raised)).toBe(9);
    expect(await redis.get('epoch')).toBe('9');
    expect(await redis.raiseEpoch(8)).toBe(9);
    // As numbers, not as text.
    expect(await redis.raiseEpoch(10)).toBe(10);
    redis.close();
  });

  it('every master tells its eviction policy', async () => {
    const redis = await connect(url());
    expect(new Set(await redis.evictionPolicies())).toEqual(new Set(['noeviction']));
    redis.close();
  });
}

describe('one Redis', () => {
  let url: string;
  beforeAll(async () => {
    ({ url } = await redisDatabase());
  });
  writesAndReads(() => url);

  it('tells when its connection has ended', async () => {
    const redis = await connect(url);
    expect(redis.isUsable).toBe(true);
    redis.close();
    expect(redis.isUsable).toBe(false);
    await expect(redis.get('epoch')).rejects.toMatchObject({ code: 'redis-away' });
  });
});

const startClusterNode = (): Promise<RedisNode> =>
  startRedisNode({
    name: 'cluster-node',
    isClusterNode: true,
    settings: { 'cluster-node-timeout': 2_000 },
  });

it('a Cluster that is not up is away', async () => {
  const node = await startClusterNode();
  await expect(connect(`redis+cluster://127.0.0.1:${node.port}`)).rejects.toMatchObject({
    code: 'redis-away',
  });
  await node.discard();
});

describe('a Cluster of three', () => {
  const nodes: RedisNode[] = [];
  let url: string;

  beforeAll(async () => {
    for (let i = 0; i < 3; i += 1) {
      const node = await startClusterNode();
      nodes.push(node);
      const [from, to] = [Math.floor((16_384 * i) / 3), Math.floor((16_384 * (i + 1)) / 3) - 1];
      await node.client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      await nodes[0]?.client.call('CLUSTER', 'MEET', '127.0.0.1', node.port, node.busPort);
    }
    for (const { client } of nodes)
      while (!/cluster_state:ok[^]*cluster_slots_ok:16384/.test(String(await client.call('CLUSTER', 'INFO'))))
        await sleep(50);
    url = `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`;
  });
  afterAll(async () => {
    for (const node of nodes) await node.discard();
  });

  writesAndReads(() => url);

  it('has the slots that we compute', async () => {
    const [node] = nodes;
    const keys = [
      ...KEYS,
      ...BRACES,
      ...Array.from({ length: 300 }, () => randomBytes(4).map((b) => [0x7b, 0x7d, 0x61][b % 3] ?? 0)),
    ];
    for (const key of keys)
      expect(await node?.client.call('CLUSTER', 'KEYSLOT', Buffer.from(key))).toBe(keySlot(Buffer.from(key)));
  });

  it('spreads the keys over all its nodes', async () => {
    const redis = await connect(url);
    await redis.setMany(KEYS, VALUES);
    const sizes = await Promise.all(nodes.map(({ client }) => client.dbsize()));
    for (const size of sizes) expect(size).toBeGreaterThan(100);
    await redis.unlinkMany(KEYS);
    redis.close();
  });

  it('loses nothing while slots are moved from node to node', async () => {
    const redis = await connect(url);
    await redis.setMany(KEYS, VALUES);
    const [from, to] = nodes;
    if (from === undefined || to === undefined) throw new Error('no nodes');
    const ids = await Promise.all([from, to].map(({ client }) => client.call('CLUSTER', 'MYID')));
    const slots = [...new Set(KEYS.map(keySlot))].filter((slot) => slot < 5461).slice(0, 40);
    for (const [i, slot] of slots.entries()) {
      await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(ids[0]));
      await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(ids[1]));
      const keys = (await from.client.callBuffer('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as Buffer[];
      await from.client.call('MIGRATE', '127.0.0.1', to.port, '', 0, 1000, 'KEYS', ...keys);
      // Every other slot stays half moved: ASK; the others are moved: MOVED.
      if (i % 2 === 0) continue;
      for (const { client } of [to, from])
        await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', String(ids[1]));
    }
    expect(await redis.getMany(KEYS)).toEqual(VALUES);
    const changed = VALUES.map((value) => Buffer.concat([value, Buffer.from('2')]));
    await redis.setMany(KEYS, changed);
    expect(await redis.getMany(KEYS)).toEqual(changed);
    expect(await redis.unlinkMany(KEYS)).toBe(KEYS.length);
    redis.close();
  });
});
