import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';
import { startOwnPostgres, startOwnRedis, withClient, type OwnServer } from '../helpers/stores.ts';

const ENTRIES = 20_000;
const CLOSED = 'redis://127.0.0.1:1';

let desk: CliDesk;
let batch: DeskBatch;
let ownRedis: OwnServer;

beforeAll(async () => {
  desk = await openCliDesk();
  batch = await desk.makeBatch('zj-gaokao-2026', ENTRIES);
  ownRedis = await startOwnRedis();
});
afterAll(async () => {
  await ownRedis.discard();
  await desk.close();
});

/** Warms slowly, and does something to it when about a fifth is written. */
async function warmUntil(
  redisUrl: string,
  disturb: (child: { kill(signal: NodeJS.Signals): boolean }) => unknown,
): Promise<CliResult> {
  const redis = new Redis(redisUrl);
  redis.on('error', () => {});
  const ended = new AbortController();
  let disturbed: Promise<unknown> | undefined;
  const result = await desk.asLoader(
    ['warm', String(batch.number), '--rate', '5000', '--json', '--redis-url', redisUrl],
    {
      onStart: (child) => {
        disturbed = (async () => {
          while (!ended.signal.aborted && (await redis.dbsize()) < ENTRIES / 5) await sleep(20);
          await disturb(child);
        })();
      },
    },
  );
  ended.abort();
  await disturbed;
  redis.disconnect();
  return result;
}

async function expectWarm(redisUrl: string): Promise<void> {
  const verified = await desk.asLoader(['verify', String(batch.number), '--json', '--redis-url', redisUrl]);
  expect(jsonOf(verified)).toMatchObject({ entries: ENTRIES, redis: { missing: 0, altered: 0 } });
}

describe('a warm that breaks off', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    'by %s ends with exit code %i, and the next one goes on where it was',
    async (signal, exitCode) => {
      const interrupted = await warmUntil(desk.redisUrl, (child) => child.kill(signal));
      expect(refusalOf(interrupted)).toEqual({ code: 'interrupted', exitCode });
      const unreleased = await desk.asLoader(['publish', String(batch.number), '--at', 'now', '--json']);
      expect(unreleased.exitCode).toBe(4);

      const resumed = await desk.asLoader(['warm', String(batch.number), '--json']);
      expect(resumed.stderr).toContain('an earlier warm broke off: going on after');
      const { resumedAfter, entries } = jsonOf(resumed);
      expect(entries).toBe(ENTRIES);
      expect(resumedAfter).toBeGreaterThan(0);
      expect(resumedAfter).toBeLessThan(ENTRIES);
      await expectWarm(desk.redisUrl);
      const cooled = jsonOf(await desk.asLoader(['cool', String(batch.number), '--json']));
      expect(cooled).toMatchObject({ removed: ENTRIES });
    },
  );

  it('by kill -9 is gone on with too', async () => {
    const killed = await warmUntil(desk.redisUrl, (child) => child.kill('SIGKILL'));
    expect(killed.exitCode).toBeNull();
    const resumed = jsonOf(await desk.asLoader(['warm', String(batch.number), '--json']));
    expect(resumed['resumedAfter']).toBeGreaterThan(0);
    await expectWarm(desk.redisUrl);
  });

  it('writes everything again with --from-start', async () => {
    await warmUntil(desk.redisUrl, (child) => child.kill('SIGKILL'));
    const redis = new Redis(desk.redisUrl);
    const [some] = await redis.keysBuffer('r*');
    await redis.set(some ?? '', 'damaged');
    const again = jsonOf(await desk.asLoader(['warm', String(batch.number), '--from-start', '--json']));
    expect(again).toMatchObject({ entries: ENTRIES, resumedAfter: 0 });
    expect(await redis.exists(`warming:${batch.number}`)).toBe(0);
    redis.disconnect();
    await expectWarm(desk.redisUrl);
  });

  it('because Redis died says so, and begins at the start when Redis came back empty', async () => {
    const broken = await warmUntil(ownRedis.url, () => ownRedis.kill());
    expect(refusalOf(broken)).toEqual({ code: 'redis-away', exitCode: 5 });
    await ownRedis.start();
    const again = jsonOf(
      await desk.asLoader(['warm', String(batch.number), '--json', '--redis-url', ownRedis.url]),
    );
    expect(again).toMatchObject({ entries: ENTRIES, resumedAfter: 0 });
    await expectWarm(ownRedis.url);
  });

  it('because Redis has no memory left says so', async () => {
    const redis = new Redis(ownRedis.url);
    await redis.flushall();
    await redis.config('SET', 'maxmemory', String(2 * 1024 * 1024));
    const full = await desk.asLoader(['warm', String(batch.number), '--json', '--redis-url', ownRedis.url]);
    expect(refusalOf(full)).toEqual({ code: 'redis-away', exitCode: 5 });
    expect(full.stderr).toContain('Redis has no memory left');
    await redis.config('SET', 'maxmemory', '0');

    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const warned = await desk.asLoader(['warm', String(batch.number), '--json', '--redis-url', ownRedis.url]);
    expect(warned.exitCode).toBe(0);
    expect(warned.stderr).toContain('set it to noeviction');
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    redis.disconnect();
    await expectWarm(ownRedis.url);
  });
});

describe('with Redis away', () => {
  it.each([
    ['one Redis', CLOSED],
    ['Sentinels', 'redis+sentinel://127.0.0.1:1,127.0.0.1:2/results'],
    ['a Cluster', 'redis+cluster://127.0.0.1:1,127.0.0.1:2'],
  ])('warm and cool end with exit code 5 (%s)', async (_, url) => {
    for (const verb of ['warm', 'cool']) {
      const result = await desk.asLoader([verb, String(batch.number), '--json', '--redis-url', url]);
      expect(refusalOf(result)).toEqual({ code: 'redis-away', exitCode: 5 });
    }
  });

  it('status says so and shows the rest', async () => {
    const result = await desk.asLoader(['status', '--redis-url', CLOSED]);
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain('Redis is away: Redis cannot be reached (ECONNREFUSED)');
    expect(result.stdout).toContain(batch.checksum);
  });

  it('acts are done, and acknowledged after the time in which instances stop by themselves', async () => {
    const number = String(batch.number);
    await desk.asApprover(['approve', number, '--checksum', batch.checksum, '--not-before', 'now']);
    const published = await desk.asLoader([
      'publish',
      number,
      '--at',
      'now',
      '--json',
      '--redis-url',
      CLOSED,
    ]);
    expect(jsonOf(published)).toMatchObject({ epoch: 2, redisEpoch: false });
    expect(published.exitCode).toBe(0);
    expect(published.stderr).toContain('the act is committed as epoch 2, but Redis cannot be reached');

    // Frozen: it takes the connection and answers nothing.
    ownRedis.freeze();
    const frozen = await desk.asLoader([
      'withdraw',
      'zj-gaokao-2026',
      '--reason',
      'a test',
      '--json',
      '--redis-url',
      ownRedis.url,
    ]);
    ownRedis.thaw();
    expect(jsonOf(frozen)).toMatchObject({ epoch: 3, redisEpoch: false });
    expect(frozen.stderr).toContain('waiting 12 s');
  });

  it('an act raises the epoch of a Redis that comes back while it waits, and never lowers one', async () => {
    const number = String(batch.number);
    ownRedis.freeze();
    const act = desk.asLoader(['publish', number, '--at', 'now', '--json', '--redis-url', ownRedis.url]);
    await sleep(2500);
    ownRedis.thaw();
    expect(jsonOf(await act)).toMatchObject({ epoch: 4, redisEpoch: true });
    const redis = new Redis(ownRedis.url);
    expect(await redis.get('epoch')).toBe('4');
    await redis.set('epoch', '99');
    await desk.asLoader(['withdraw', 'zj-gaokao-2026', '--reason', 'a test', '--redis-url', ownRedis.url]);
    expect(await redis.get('epoch')).toBe('99');
    redis.disconnect();
  });

  it('an act that is interrupted while it waits stands, and says so', async () => {
    const result = await desk.asLoader(
      ['publish', String(batch.number), '--at', 'now', '--json', '--redis-url', CLOSED],
      {
        onStart: (child) => void sleep(4000).then(() => child.kill('SIGINT')),
      },
    );
    expect(result.exitCode).toBe(0);
    expect(jsonOf(result)).toMatchObject({ epoch: 6, redisEpoch: false });
    expect(result.stderr).toContain('not waiting any longer');
    const status = await desk.asLoader(['status', '--json']);
    expect(jsonOf(status)).toMatchObject({ epoch: 6 });
  });
});

/** The loader's URL, changed. */
function login(change: (url: URL) => void): string {
  const url = new URL(desk.loader.url);
  change(url);
  return url.href;
}

describe('with the database away', () => {
  it.each([
    [
      'nobody listens',
      () => 'postgres://127.0.0.1:1/fangbang',
      'the database cannot be reached (ECONNREFUSED)',
    ],
    [
      'the name is unknown',
      () => login((url) => (url.pathname = '/no_such_database')),
      'no database of this name',
    ],
    [
      'the server has no TLS',
      () => login((url) => (url.search = '?sslmode=verify-full')),
      'the server offers no TLS',
    ],
  ])('every verb ends with exit code 5 when %s', async (_, url, why) => {
    for (const args of [['status'], ['withdraw', 'zj-gaokao-2026', '--reason', 'x'], ['db', 'migrate']]) {
      const result = await desk.asLoader([...args, '--json', '--database-url', url()]);
      expect(refusalOf(result)).toEqual({ code: 'database-away', exitCode: 5 });
      expect(result.stderr).toContain(why);
    }
  });

  it('a server that refuses the password is named as such', async () => {
    const own = await startOwnPostgres();
    const url = new URL(own.url);
    url.password = 'wrong';
    const result = await desk.asLoader(['status', '--json', '--database-url', url.href]);
    await own.discard();
    expect(refusalOf(result)).toEqual({ code: 'database-away', exitCode: 5 });
    expect(result.stderr).toContain('the database refuses this login');
    expect(result.stderr).not.toContain('wrong');
  });

  it('a connection that breaks off in mid-run ends the verb', async () => {
    await desk.asLoader(['warm', String(batch.number), '--from-start']);
    const redis = new Redis(desk.redisUrl);
    await redis.flushdb();
    redis.disconnect();
    const broken = await warmUntil(desk.redisUrl, () =>
      withClient(desk.database.url, (client) =>
        client.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
          desk.loader.name,
        ]),
      ),
    );
    expect(refusalOf(broken)).toEqual({ code: 'database-away', exitCode: 5 });
  });
});

describe('a login without the rights', () => {
  it('of a loader is told which role it takes', async () => {
    const serviceUrl = await desk.database.urlFor('fangbang_service');
    for (const args of [['withdraw', 'zj-gaokao-2026', '--reason', 'x'], ['status'], ['audit']]) {
      const result = await desk.asLoader([...args, '--json', '--database-url', serviceUrl]);
      expect(refusalOf(result)).toEqual({ code: 'not-permitted', exitCode: 4 });
      expect(result.stderr).toContain('it takes the role fangbang_loader');
    }
  });

  it('of the owner may neither migrate nor allow one person to do both', async () => {
    const migrated = await desk.asLoader(['db', 'migrate', '--json']);
    expect(refusalOf(migrated)).toEqual({ code: 'not-permitted', exitCode: 4 });
    expect(migrated.stderr).toContain('it takes the role fangbang_owner');
  });
});

describe('single approval', () => {
  it('is possible after the owner allowed it, and is named in the preview', async () => {
    const small = await desk.makeBatch('rehearsal-2026', 3);
    const approve = [
      'approve',
      String(small.number),
      '--checksum',
      small.checksum,
      '--not-before',
      'now',
      '--json',
    ];
    expect((await desk.asLoader(approve)).exitCode).toBe(4);
    const allowed = await desk.asSuperuser(['db', 'migrate', '--allow-single', 'yes', '--json']);
    expect(jsonOf(allowed)).toMatchObject({ allowSingle: true });
    expect(jsonOf(await desk.asLoader(approve))).toMatchObject({ single: true });
    const [one] = small.candidates;
    const input = `${one?.candidateNumber}\n${one?.identityNumber}\n`;
    expect(jsonOf(await desk.asLoader(['preview', String(small.number)], { input }))).toMatchObject({
      series: { rehearsal: true },
    });
    await desk.asSuperuser(['db', 'migrate', '--allow-single', 'no']);
    expect((await desk.asLoader(approve)).exitCode).toBe(4);
  });
});
