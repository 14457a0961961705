/**
 * service/serve.ts: several instances on one port, one administration address, exchanges and deaths, on both
 * runtimes. The long form is `npm run drill:rolling`.
 */
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../infra/local/port.ts';
import { descendantsOf } from '../../loadtest/bench/cpu-time.ts';
import { connectionsMigrate } from '../../service/supervisor/kernel.ts';
import type { Truth } from '../drills/rolling/load.ts';
import { isForWantOfTime, Load, learnTruth } from '../drills/rolling/load.ts';
import { instancesOf, untilEnded, untilRolled } from '../drills/rolling/instances.ts';
import type { Installation } from '../helpers/batch.ts';
import { gaokaoCandidates, makeInstallation, openBatch, presetDefinition } from '../helpers/batch.ts';
import type { RunningService, Runtime } from '../helpers/service.ts';
import { RUNTIMES, spawnService, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const SERIES = presetDefinition('gaokao', 'zj-gaokao-2026');
const candidates = gaokaoCandidates(SERIES, 500);
const KEPT = 8;
const FRESH = 4;
/** Part of the requests that are told "later" for want of time. */
const MOST_LATER = 0.02;

const isAlive = (pid: number): boolean => {
  try {
    // A process that has ended, but was not waited for, is in state Z.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe.each(RUNTIMES)('two instances on %s', (runtime) => {
  let installation: Installation;
  let service: RunningService | undefined;

  beforeAll(async () => {
    const redis = await redisDatabase();
    installation = await makeInstallation(redis.url);
    await openBatch(installation, SERIES, candidates);
  });
  afterAll(async () => {
    await installation?.database.drop();
  });
  afterEach(async () => {
    service?.signal('SIGKILL');
    await service?.exited;
    for (const pid of service === undefined ? [] : instancesOf(service.log()))
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    service = undefined;
  });

  const environment = (): Record<string, string> => ({
    DATABASE_URL: installation.serviceUrl,
    REDIS_URL: installation.redisUrl ?? 'none',
    FANGBANG_PEPPER_FILE: installation.pepperFile,
    PORT: '0',
    ADMIN_PORT: '0',
  });

  /** Both are in service. */
  async function serve(env: Record<string, string> = {}): Promise<RunningService> {
    service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: installation.redisUrl ?? 'none',
      pepperFile: installation.pepperFile,
      program: 'serve',
      env: { INSTANCES: '2', ...env },
    });
    await untilReady(service, 2);
    return service;
  }

  async function withLoad(work: (load: Load, truths: readonly Truth[]) => Promise<void>): Promise<Load> {
    const { url } = service ?? (await serve());
    const port = Number(new URL(url).port);
    const truths = await learnTruth(port, SERIES, candidates);
    const load = new Load({ port, truths, kept: KEPT, fresh: FRESH, seed: 1 });
    try {
      await work(load, truths);
    } finally {
      await load.stop();
    }
    return load;
  }

  it('come into service although the first is killed before it listens', async () => {
    const before = new Set(descendantsOf(process.pid));
    const starting = serve({ PORT: String(await freePort()) });
    let first: number | undefined;
    await until('the first instance is there', () => {
      // The supervisor comes before what it has started.
      [, first] = descendantsOf(process.pid).filter((pid) => !before.has(pid));
      return first !== undefined;
    });
    process.kill(first ?? 0, 'SIGKILL');
    const running = await starting;
    expect(running.log()).toContainEqual(
      expect.objectContaining({ msg: 'an instance has ended', process: first, signal: 'SIGKILL' }),
    );
    await until('both listen', async () => (await running.metric('fangbang_instances_listening')) === 2);
    expect(await running.stop()).toBe(0);
  });

  it('answer side by side, and are one for whoever asks the administration port', async () => {
    const running = await serve();
    expect(instancesOf(running.log())).toHaveLength(2);
    const load = await withLoad(async (current) => until('2,000 requests', () => current.requests >= 2_000));
    expect(load.failures.filter((one) => !isForWantOfTime(one))).toEqual([]);
    expect(load.failures.length).toBeLessThan(MOST_LATER * load.requests);
    const found = 'fangbang_lookups_total{outcome="found"}';
    expect(await running.metric(found)).toBe(load.answered + candidates.length);
    const later = await running.metric('fangbang_lookups_total{outcome="unavailable"}');
    expect(later).toBeGreaterThanOrEqual(load.failures.length);
    expect(await running.metric('fangbang_lookup_seconds_count')).toBe(
      load.answered + candidates.length + later,
    );
    expect(await running.metric('fangbang_ready')).toBe(1);
    expect(await running.metric('fangbang_open_batch{series="zj-gaokao-2026"}')).toBe(1);
    expect(await running.metric('fangbang_instances_listening')).toBe(2);
    expect(await running.stop()).toBe(0);
    expect(running.log().filter(({ msg }) => msg === 'an instance has stopped')).toHaveLength(2);
  });

  it('are exchanged by SIGHUP under load: no answer is lost, no count either', async () => {
    const running = await serve();
    const before = instancesOf(running.log());
    const load = await withLoad(async (current) => {
      await until('some requests', () => current.requests > 500);
      running.signal('SIGHUP');
      await untilRolled(running, 1);
      const soFar = current.requests;
      await until('some more requests', () => current.requests > soFar + 500);
    });
    const after = instancesOf(running.log()).slice(-2);
    expect(after.some((pid) => before.includes(pid))).toBe(false);
    expect(before.some(isAlive)).toBe(false);
    // `npm run drill:rolling` allows none; here others use the two cores as well.
    const lost = load.failures.filter((one) => !isForWantOfTime(one));
    expect(load.failures.length - lost.length).toBeLessThan(MOST_LATER * load.requests);
    // What the kernel resets unless it is told not to: connections that nobody has accepted yet.
    const resets = lost.filter(({ why }) => why === 'ECONNRESET');
    expect(lost).toEqual(connectionsMigrate() ? [] : resets);
    expect(resets.length).toBeLessThanOrEqual(2 * (KEPT + FRESH));
    const found = await running.metric('fangbang_lookups_total{outcome="found"}');
    expect(found).toBe(load.answered + candidates.length);
  });

  it('an instance that is killed loses what it was at, and is back', async () => {
    const running = await serve();
    const [victim = 0] = instancesOf(running.log());
    let goneMs = 0;
    const load = await withLoad(async (current) => {
      await until('some requests', () => current.requests > 500);
      process.kill(victim, 'SIGKILL');
      // Its threads end one by one, its sockets with the last: the supervisor is told then.
      await untilEnded(running, victim);
      goneMs = performance.now();
      await untilReady(running, 2);
      const soFar = current.requests;
      await until('some more requests', () => current.requests > soFar + 500);
    });
    const lost = load.failures.filter((one) => !isForWantOfTime(one));
    expect(lost.filter(({ startedMs }) => startedMs > goneMs)).toEqual([]);
    expect(lost.length).toBeLessThanOrEqual(load.underWay);
    expect(load.failures.length - lost.length).toBeLessThan(MOST_LATER * load.requests);
    expect(await running.metric('fangbang_instance_restarts_total')).toBe(1);
    expect(running.log()).toContainEqual(
      expect.objectContaining({ msg: 'an instance has ended', process: victim, signal: 'SIGKILL' }),
    );
  });

  it('stop by themselves, in order, when the supervisor is killed', async () => {
    const running = await serve();
    const pids = instancesOf(running.log());
    running.signal('SIGKILL');
    await until('nobody is left', () => !pids.some(isAlive), 5_000);
    expect(running.log().filter(({ msg }) => msg === 'an instance has stopped')).toHaveLength(2);
  });

  it('one that is frozen holds up neither readiness nor metrics, and its counts stay in the sums', async () => {
    const running = await serve();
    await withLoad(async (current) => until('some requests', () => current.requests > 500));
    const counted = await running.metric('fangbang_lookup_seconds_count');
    const [frozen = 0] = instancesOf(running.log());
    process.kill(frozen, 'SIGSTOP');
    const startedMs = performance.now();
    expect(await running.metric('fangbang_instances_silent')).toBe(1);
    expect(await running.metric('fangbang_lookup_seconds_count')).toBe(counted);
    const ready = await fetch(`${running.adminUrl}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([200, 'ready: 1 of 2 instances\n']);
    // Three questions of a second each.
    expect(performance.now() - startedMs).toBeLessThan(6_000);
    process.kill(frozen, 'SIGCONT');
    await untilReady(running, 2);
  });

  it('a pepper file that was broken meanwhile ends the exchange and not the service', async () => {
    const pepperFile = `${installation.pepperFile}-broken`;
    writeFileSync(pepperFile, readFileSync(installation.pepperFile), { mode: 0o600 });
    const running = await serve({ FANGBANG_PEPPER_FILE: pepperFile });
    const before = instancesOf(running.log());
    writeFileSync(pepperFile, 'no pepper\n');
    running.signal('SIGHUP');
    await until('the exchange is given up', () =>
      running.log().some(({ msg }) => String(msg).startsWith('a new instance did not get ready')),
    );
    expect(running.output()).toContain('FANGBANG_PEPPER_FILE: ');
    expect(before.every(isAlive)).toBe(true);
    await untilReady(running, 2);
    rmSync(pepperFile);
  });

  it('are none when the configuration has faults: all of them are told once, with exit code 2', async () => {
    const ended = await runToEnd(runtime, { ...environment(), INSTANCES: '0', LOG_LEVEL: 'loud' });
    expect(ended.code).toBe(2);
    expect(ended.stderr.match(/INSTANCES: /g)).toHaveLength(1);
    expect(ended.stderr.match(/LOG_LEVEL: /g)).toHaveLength(1);
  });

  it('take no port that somebody has, not even another set that would share it', async () => {
    const running = await serve();
    const holder = createServer();
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const taken = [Number(new URL(running.url).port), (holder.address() as AddressInfo).port];
    for (const port of taken) {
      const ended = await runToEnd(runtime, { ...environment(), PORT: String(port) });
      expect(ended).toEqual({
        code: 1,
        stderr: expect.stringContaining(`port ${port} on 127.0.0.1 is taken`) as string,
      });
    }
    holder.close();
  });

  it('drain when the supervisor is told to stop, and end at once when it is told twice', async () => {
    const running = await serve();
    const pids = instancesOf(running.log());
    running.signal('SIGTERM');
    await until('it says so', async () => (await fetch(`${running.adminUrl}/readyz`)).status === 503);
    running.signal('SIGTERM');
    expect((await running.exited).code).toBe(1);
    await until('nobody is left', () => !pids.some(isAlive), 2_000);
  });
});

async function untilReady(service: RunningService, count: number): Promise<void> {
  await until(`${count} are ready`, async () => {
    const answer = await fetch(`${service.adminUrl}/readyz`);
    return (await answer.text()) === `ready: ${count} of ${count} instances\n`;
  });
}

async function runToEnd(
  runtime: Runtime,
  env: Record<string, string>,
): Promise<{ code: number | null; stderr: string }> {
  const child = spawnService(runtime, env, 'serve');
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}
