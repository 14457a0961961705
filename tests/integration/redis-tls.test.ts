/**
 * Redis by TLS, for the service's client and the CLI's: a set of servers whose authority is known is read and
 * written, one whose authority is not known, or that shows another's name, is refused.
 */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RedisWriter } from '../../loader-cli/redis.ts';
import { connectRedis } from '../../service/lookup/redis-client.ts';
import { parseRedisUrl, type RedisAddress } from '../../service/results/redis-address.ts';
import { startRedisCluster } from '../helpers/redis-cluster.ts';
import { startRedisNode } from '../helpers/redis-node.ts';
import { startRedisSentinels } from '../helpers/redis-sentinels.ts';
import {
  authorityText,
  makeTlsAuthority,
  type ServerTls,
  type TlsAuthority,
} from '../helpers/tls-authority.ts';
import { until } from '../helpers/until.ts';

/** What Node trusts by itself. */
const usual = getCACertificates('default');
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let authority: TlsAuthority;
beforeAll(async () => {
  authority = await makeTlsAuthority();
});
afterAll(() => {
  setDefaultCACertificates(usual);
  authority?.remove();
});

const trust = (...files: readonly ServerTls[]): void =>
  setDefaultCACertificates([...usual, ...files.map(authorityText)]);

const KINDS: Readonly<
  Record<string, (tls: ServerTls) => Promise<{ url: string; discard: () => Promise<void> }>>
> = {
  'one Redis': async (tls) => {
    const node = await startRedisNode({ name: 'redis-by-tls', tls });
    return { url: `rediss://127.0.0.1:${node.port}`, discard: node.discard };
  },
  Sentinels: (tls) => startRedisSentinels({ tls }),
  'a Cluster': (tls) => startRedisCluster({ masters: 3, replicas: 0, tls }),
};

function addressOf(url: string): Exclude<RedisAddress, { kind: 'none' }> {
  const address = parseRedisUrl(url);
  if (address.kind === 'none') throw new Error('an address');
  return address;
}

describe.each(Object.entries(KINDS))('%s by TLS', (_kind, start) => {
  let set: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    set = await start(authority.server);
  });
  afterAll(() => set?.discard());

  it('is written by the CLI and read by the service, when the authority is known', async () => {
    trust(authority.server);
    const address = addressOf(set.url);
    const writer = await RedisWriter.connect(address);
    const keys = ['a', 'b', 'c'].map((key) => Buffer.from(key));
    await writer.setMany(keys, keys);
    writer.close();
    const client = connectRedis(address, 'read', quiet);
    await until('the client is ready', () => client.status === 'ready');
    expect(await Promise.all(keys.map((key) => client.getBuffer(key)))).toEqual(keys);
    client.disconnect();
  });

  it('is refused by both, when it is not', async () => {
    trust();
    await expectRefused(set.url);
  });
});

it('a server that shows the name of another is refused', async () => {
  trust(authority.elsewhere);
  const node = await startRedisNode({ name: 'redis-elsewhere', tls: authority.elsewhere });
  try {
    await expectRefused(`rediss://127.0.0.1:${node.port}`);
  } finally {
    await node.discard();
  }
});

async function expectRefused(url: string): Promise<void> {
  const address = addressOf(url);
  await expect(RedisWriter.connect(address)).rejects.toMatchObject({
    code: 'redis-away',
    hint: expect.stringContaining('TLS'),
  });
  const faults: unknown[] = [];
  const client = connectRedis(address, 'read', { ...quiet, warn: (_, fields) => faults.push(fields) });
  await until('the client has failed', () => faults.length > 0);
  expect(client.status).not.toBe('ready');
  await expect(client.get('a')).rejects.toBeInstanceOf(Error);
  client.disconnect();
}
