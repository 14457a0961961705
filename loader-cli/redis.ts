/**
 * Redis as the CLI writes it; the service has a client of its own, which only reads and counts.
 *
 * Failure policy: connecting takes at most 5 s, an answer at most 15 s, nothing is tried twice here.
 * Whatever goes wrong surfaces as FangbangError `redis-away` with the reason. Every write of ours can
 * be repeated: a broken warm goes on where it was, a missed epoch is raised by the next act or by the
 * instances themselves.
 */
import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { FangbangError } from '#results/errors.ts';
import type { RedisAddress } from '#results/redis-address.ts';
import { accessOptions } from '#results/redis-address.ts';
import { catchForgottenAsking } from '#results/redis-cluster-nodes.ts';
import { EPOCH_KEY, RAISE_EPOCH_SCRIPT, clusterKeys } from '#results/redis-keys.ts';
import { clusterBulk, singleBulk } from './redis-bulk.ts';
import type { Bulk } from './redis-bulk.ts';
import { LOOK_AT_TLS, mapRedisError } from './redis-errors.ts';

const CONNECT_TIMEOUT_MS = 3000;
/** From the first packet until it takes commands; Sentinels and Clusters are asked in between. */
const READY_WITHIN_MS = 5000;
/** Above what the largest command of ours takes on a busy Redis, below what a person waits for. */
const COMMAND_TIMEOUT_MS = 15_000;

const OPTIONS = {
  lazyConnect: true,
  connectTimeout: CONNECT_TIMEOUT_MS,
  commandTimeout: COMMAND_TIMEOUT_MS,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  autoResendUnfulfilledCommands: false,
} satisfies RedisOptions;

export class RedisWriter implements Bulk {
  readonly #client: Redis | Cluster;
  readonly #bulk: Bulk;
  #isClosed = false;

  private constructor(client: Redis | Cluster) {
    this.#client = client;
    this.#bulk = client instanceof Cluster ? clusterBulk(client) : singleBulk(client);
  }

  /** @throws FangbangError `redis-away` */
  static async connect(address: Exclude<RedisAddress, { kind: 'none' }>): Promise<RedisWriter> {
    const client = makeClient(address);
    // ioredis rejects connect() with "Connection is closed." and tells the reason only here.
    let reason: unknown;
    client.on('error', (error: unknown) => {
      reason = error;
    });
    let timer: NodeJS.Timeout | undefined;
    // A frozen Redis accepts the connection and answers nothing on it; a Cluster that is not up leaves
    // ioredis's connect() (6.0.0) unsettled for ever.
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('timed out')), READY_WITHIN_MS);
    });
    try {
      await Promise.race([client.connect(), late]);
      return new RedisWriter(client);
    } catch (error) {
      client.disconnect();
      throw mapRedisError(reason ?? error, address.isTls ? LOOK_AT_TLS : undefined);
    } finally {
      clearTimeout(timer);
    }
  }

  /** False once the connection has ended: a new one is needed. */
  get isUsable(): boolean {
    return !this.#isClosed && this.#client.status === 'ready';
  }

  /** Sets every key, with no expiry. When it throws, some may be set. */
  async setMany(keys: readonly Buffer[], values: readonly Buffer[]): Promise<void> {
    await guard(() => this.#bulk.setMany(keys, values));
  }

  /** The values in the order of the keys. */
  async getMany(keys: readonly Buffer[]): Promise<(Buffer | null)[]> {
    return await guard(() => this.#bulk.getMany(keys));
  }

  /** Removes the keys; answers how many were there. */
  async unlinkMany(keys: readonly Buffer[]): Promise<number> {
    return await guard(() => this.#bulk.unlinkMany(keys));
  }

  /**
   * Sets fields of 16 bits to 0, in a table that is there; answers what they held together.
   * @param table a string that BITFIELD works on.
   */
  async clearFields(table: string, fields: readonly number[]): Promise<number> {
    return await guard(async () => {
      if ((await this.#client.exists(table)) === 0) return 0;
      const held: unknown = await this.#client.call(
        'bitfield',
        table,
        ...fields.flatMap((field) => ['SET', 'u16', `#${field}`, 0]),
      );
      return Array.isArray(held) ? held.reduce((sum: number, one) => sum + Number(one), 0) : 0;
    });
  }

  async get(key: string): Promise<string | null> {
    return await guard(() => this.#client.get(key));
  }

  /** Sets a value on every master: under `base`, on a Cluster under each of its `clusterKeys`. */
  async setEverywhere(base: string, value: string): Promise<void> {
    const keys = this.#everywhere(base);
    await this.setMany(
      keys,
      keys.map(() => Buffer.from(value)),
    );
  }

  /** What `setEverywhere` has set, key by key; null where it is gone. */
  async getEverywhere(base: string): Promise<(string | null)[]> {
    const values = await this.getMany(this.#everywhere(base));
    return values.map((value) => value?.toString() ?? null);
  }

  async removeEverywhere(base: string): Promise<void> {
    await this.unlinkMany(this.#everywhere(base));
  }

  #everywhere(base: string): Buffer[] {
    const keys = this.#client instanceof Cluster ? clusterKeys(base) : [base];
    return keys.map((key) => Buffer.from(key));
  }

  /** Raises the epoch that every lookup reads, never lowers it; answers the one that stands then. */
  async raiseEpoch(epoch: number): Promise<number> {
    return Number(await guard(() => this.#client.eval(RAISE_EPOCH_SCRIPT, 1, EPOCH_KEY, String(epoch))));
  }

  /** The maxmemory-policy of every master; undefined where Redis does not tell. */
  async evictionPolicies(): Promise<(string | undefined)[]> {
    const masters = this.#client instanceof Cluster ? this.#client.nodes('master') : [this.#client];
    return await Promise.all(
      masters.map(async (master) => {
        // Managed services hide CONFIG more often than INFO.
        const info = await guard(() => master.info('memory'));
        return /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
      }),
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#client.disconnect();
  }
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw mapRedisError(error);
  }
}

function makeClient(address: Exclude<RedisAddress, { kind: 'none' }>): Redis | Cluster {
  switch (address.kind) {
    case 'single':
      return new Redis(address.url, OPTIONS);
    case 'sentinel':
      return new Redis({
        ...OPTIONS,
        sentinels: [...address.sentinels],
        name: address.master,
        sentinelRetryStrategy: () => null,
        ...accessOptions(address),
      });
    case 'cluster': {
      const { retryStrategy: _, lazyConnect, ...forNodes } = OPTIONS;
      const cluster = new Cluster([...address.nodes], {
        lazyConnect,
        clusterRetryStrategy: () => null,
        slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
        redisOptions: { ...forNodes, ...accessOptions(address) },
      });
      catchForgottenAsking(cluster);
      return cluster;
    }
    default:
      throw new FangbangError('config-invalid', 'REDIS_URL has an unknown form');
  }
}
