/**
 * The service as a process: how it starts, refuses to start, becomes ready and stops, on both runtimes.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Installation } from '../helpers/batch.ts';
import {
  approveBatch,
  expectedMarks,
  fieldsOf,
  gaokaoCandidates,
  loadBatch,
  makeInstallation,
  makePepperFile,
  openBatch,
  presetDefinition,
  publishBatch,
  queryOne,
  warmBatch,
  withdrawSeries,
} from '../helpers/batch.ts';
import { EASY_PROOFS, lookupWithProof } from '../helpers/proof-of-work.ts';
import type { RunningService, Runtime, ServiceOptions } from '../helpers/service.ts';
import { RUNTIMES, spawnService, startService } from '../helpers/service.ts';
import { createDatabase, redisDatabase } from '../helpers/stores.ts';
import { startTcpProxy, throughProxy } from '../../infra/local/tcp-proxy.ts';
import { until } from '../helpers/until.ts';

const SERIES = presetDefinition('gaokao', 'zj-gaokao-2026');
const OTHER = presetDefinition('gaokao', 'js-gaokao-2026');
const candidates = gaokaoCandidates(SERIES, 50);
const [first] = candidates;
if (first === undefined) throw new Error('no candidates');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the service until it ends by itself. */
async function runToEnd(runtime: Runtime, env: Record<string, string>): Promise<Ended> {
  const child = spawnService(runtime, env);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe.each(RUNTIMES)('the service on %s', (runtime) => {
  let installation: Installation;
  let options: ServiceOptions;

  beforeAll(async () => {
    const redis = await redisDatabase();
    installation = await makeInstallation(redis.url);
    await openBatch(installation, SERIES, candidates);
    options = {
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: redis.url,
      pepperFile: installation.pepperFile,
    };
  });
  afterAll(async () => {
    await installation?.database.drop();
  });

  const environment = (): Record<string, string> => ({
    DATABASE_URL: options.databaseUrl,
    REDIS_URL: options.redisUrl,
    FANGBANG_PEPPER_FILE: options.pepperFile,
    PORT: '0',
    ADMIN_PORT: '0',
  });

  it('reports every fault of its configuration at once and exits with code 2', async () => {
    const { code, stdout, stderr } = await runToEnd(runtime, {
      ...environment(),
      DATABASE_URL: 'mysql://secret-word@host/db',
      PORT: 'eighty',
      FANGBANG_PEPPER_FILE: '/nowhere/pepper',
      WECHAT_TOKEN: 'token',
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.split('\n').map((line) => line.trim().split(':')[0])).toEqual([
      'fangbang',
      'DATABASE_URL',
      'PORT',
      'FANGBANG_PEPPER_FILE',
      'WECHAT_AES_KEY',
      'WECHAT_APP_ID',
      '',
    ]);
    expect(stderr).not.toContain('secret-word');
  });

  it('says in one sentence that a port is taken and exits with code 1', async () => {
    const holder = createServer();
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    for (const variable of ['PORT', 'ADMIN_PORT']) {
      const { code, stderr } = await runToEnd(runtime, { ...environment(), [variable]: String(port) });
      expect(code).toBe(1);
      expect(stderr).toBe(
        `fangbang: port ${port} on 127.0.0.1 is taken: stop the program that listens there, or set ${variable} to a free port\n`,
      );
    }
    holder.close();
  });

  it('says in one sentence that an address is none of this machine and exits with code 1', async () => {
    const { code, stderr } = await runToEnd(runtime, { ...environment(), HOST: '192.0.2.1' });
    expect(code).toBe(1);
    expect(stderr).toBe('fangbang: 192.0.2.1 is no address of this machine: set HOST to one\n');
  });

  it('keeps the operators off the public port and the public off theirs', async () => {
    const service = await startService(options);
    for (const path of ['/metrics', '/readyz', '/livez'])
      expect((await fetch(`${service.url}${path}`)).status).toBe(404);
    expect((await fetch(`${service.adminUrl}/v1/series`)).status).toBe(404);
    expect((await fetch(`${service.adminUrl}/livez`)).status).toBe(200);
    await service.stop();
  });

  it('starts without its stores, says that it is not ready, and gets ready when they come', async () => {
    const toPostgres = await startTcpProxy(Number(new URL(options.databaseUrl).port));
    const toRedis = await startTcpProxy(Number(new URL(options.redisUrl).port));
    toPostgres.cut();
    toRedis.cut();
    const service = await startService({
      ...options,
      databaseUrl: throughProxy(options.databaseUrl, toPostgres),
      redisUrl: throughProxy(options.redisUrl, toRedis),
      until: 'listening',
    });
    expect((await fetch(`${service.adminUrl}/livez`)).status).toBe(200);
    expect((await fetch(`${service.adminUrl}/readyz`)).status).toBe(503);
    expect(await service.lookup(SERIES.id, fieldsOf(SERIES, first))).toMatchObject({
      status: 503,
      retryAfterSeconds: expect.any(Number) as number,
    });
    expect((await fetch(`${service.url}/v1/series`)).status).toBe(503);
    toPostgres.mend();
    toRedis.mend();
    await until('it is ready', async () => (await fetch(`${service.adminUrl}/readyz`)).status === 200);
    await until(
      'it answers',
      async () => (await service.lookup(SERIES.id, fieldsOf(SERIES, first))).status === 200,
    );
    expect(await service.stop()).toBe(0);
    await Promise.all([toPostgres.close(), toRedis.close()]);
  });

  it('tells what to do when the database was never migrated', async () => {
    const empty = await createDatabase();
    const service = await startService({ ...options, databaseUrl: empty.url, until: 'listening' });
    await until('it has said so', () => service.output().includes('fangbang db migrate'));
    expect((await fetch(`${service.adminUrl}/readyz`)).status).toBe(503);
    await service.stop();
    await empty.drop();
  });

  it('serves every candidate without Redis, and none from the moment of a withdrawal', async () => {
    const short = presetDefinition('gaokao', 'short-gaokao-2026');
    await openBatch(installation, short, candidates);
    const service = await startService({ ...options, redisUrl: 'none', env: EASY_PROOFS });
    for (const candidate of candidates) {
      const answer = await service.lookup(short.id, fieldsOf(short, candidate));
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject(expectedMarks(short, candidate));
    }
    const wrong = { ...fieldsOf(short, first), candidateNumber: '26330199999999' };
    expect((await lookupWithProof(service.url, short.id, wrong)).status).toBe(404);
    await withdrawSeries(installation, short.id);
    for (const candidate of candidates)
      expect((await service.lookup(short.id, fieldsOf(short, candidate))).status).toBe(403);
    await service.stop();
  });

  it('answers 503 rather than the slip of another candidate, wherever it came from', async () => {
    const mixed = presetDefinition('gaokao', 'mixed-gaokao-2026');
    const [one, two] = gaokaoCandidates(mixed, 2);
    if (one === undefined || two === undefined) throw new Error('no candidates');
    const swapped = [
      { credentials: one.credentials, slip: two.slip },
      { credentials: two.credentials, slip: one.slip },
    ];
    await openBatch(installation, mixed, swapped);
    const service = await startService(options);
    const answer = await service.lookup(mixed.id, fieldsOf(mixed, one));
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain(two.credentials['name']);
    expect(await service.metric('fangbang_redis_reads_total{outcome="damaged"}')).toBe(1);
    expect(service.log().some(({ level, msg }) => level === 'error' && String(msg).includes('damaged'))).toBe(
      true,
    );
    await service.stop();
  });

  it('answers 503 for a batch of a pepper that it does not have, logs it, and serves the others', async () => {
    const stranger = { ...installation, ...makePepperFile() };
    const batch = await openBatch(stranger, OTHER, gaokaoCandidates(OTHER, 5));
    const service = await startService(options);
    expect((await service.lookup(OTHER.id, fieldsOf(OTHER, first))).status).toBe(503);
    expect((await service.lookup(SERIES.id, fieldsOf(SERIES, first))).status).toBe(200);
    expect(service.log()).toContainEqual(
      expect.objectContaining({
        level: 'error',
        fault: 'pepper-unknown',
        series: OTHER.id,
        batch: batch.number,
      }),
    );
    await service.stop();
  });

  it('answers 503 for a batch whose filter is damaged, logs it, and serves the others', async () => {
    const damaged = presetDefinition('gaokao', 'damaged-gaokao-2026');
    const batch = await loadBatch(installation, damaged, gaokaoCandidates(damaged, 5));
    await warmBatch(installation, batch);
    await approveBatch(installation, batch);
    await queryOne(
      installation.database.url,
      `update fangbang.filter_chunk set bytes = set_byte(bytes, 0, get_byte(bytes, 0) # 1) where batch = $1`,
      [batch.number],
    );
    await publishBatch(installation, batch);
    const service = await startService(options);
    expect((await service.lookup(damaged.id, fieldsOf(damaged, first))).status).toBe(503);
    expect((await service.lookup(SERIES.id, fieldsOf(SERIES, first))).status).toBe(200);
    expect(service.log()).toContainEqual(
      expect.objectContaining({ level: 'error', fault: 'stored-data-damaged', batch: batch.number }),
    );
    await service.stop();
  });

  it('loses no request of clients that go elsewhere when told, and exits with code 0', async () => {
    const services = [await startService(options), await startService(options)];
    const { failures, answered, moved } = await trafficDuring(services, async () => {
      await sleep(300);
      services[0]?.signal('SIGTERM');
      expect((await services[0]?.exited)?.code).toBe(0);
      await sleep(200);
    });
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(100);
    expect(moved).toBe(12);
    expect(await services[1]?.stop()).toBe(0);
  });

  it('says that it is not ready as soon as it stops, and ends at once on a second signal', async () => {
    const service = await startService(options);
    service.signal('SIGTERM');
    await until('it says so', async () => (await fetch(`${service.adminUrl}/readyz`)).status === 503);
    service.signal('SIGINT');
    expect((await service.exited).code).toBe(1);
    expect(service.log().some(({ msg }) => msg === 'stopped')).toBe(false);
  });
});

interface Traffic {
  readonly failures: string[];
  readonly answered: number;
  /** Clients that were told to go elsewhere. */
  readonly moved: number;
}

/**
 * Twelve clients with kept connections, first all at the first service. An answer with `Connection: close` sends
 * a client on to the next one, as a balancer does it.
 */
async function trafficDuring(
  services: readonly RunningService[],
  work: () => Promise<void>,
): Promise<Traffic> {
  const failures: string[] = [];
  const state = { answered: 0, moved: 0, isOver: false };
  const clients = Array.from({ length: 12 }, async (_, n) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let at = 0;
    for (let i = n; !state.isOver; i += 1) {
      const candidate = candidates[i % candidates.length];
      if (candidate === undefined) continue;
      try {
        const { status, close } = await post(
          agent,
          services[at]?.url ?? '',
          JSON.stringify(fieldsOf(SERIES, candidate)),
        );
        state.answered += 1;
        if (status !== 200) failures.push(`status ${status}`);
        if (close) {
          at += 1;
          state.moved += 1;
        }
      } catch (error) {
        failures.push(String(error));
      }
    }
    agent.destroy();
  });
  await work();
  state.isOver = true;
  await Promise.all(clients);
  return { failures, answered: state.answered, moved: state.moved };
}

function post(agent: Agent, url: string, body: string): Promise<{ status: number; close: boolean }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}/v1/series/${SERIES.id}/lookup`,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, close: response.headers.connection === 'close' }),
        );
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}
