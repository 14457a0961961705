import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliTime } from '../../infra/local/cli-time.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk, type DeskBatch } from '../helpers/cli-desk.ts';
import type { CliResult } from '../helpers/cli.ts';
import { withClient } from '../helpers/stores.ts';

const SERIES = 'zj-gaokao-2026';
const HEAD = /^[1-9][0-9]*:[0-9a-f]{64}$/;

let desk: CliDesk;
let first: DeskBatch;
let second: DeskBatch;
let redis: Redis;

beforeAll(async () => {
  desk = await openCliDesk();
  first = await desk.makeBatch(SERIES, 60);
  second = await desk.makeBatch(SERIES, 60, 1);
  redis = new Redis(desk.redisUrl);
});
afterAll(async () => {
  redis.disconnect();
  await desk.close();
});

async function openTo(batch: DeskBatch): Promise<void> {
  const number = String(batch.number);
  const steps = [
    await desk.asLoader(['warm', number]),
    await desk.asLoader(['verify', number]),
    await desk.asApprover(['approve', number, '--checksum', batch.checksum, '--not-before', 'now']),
  ];
  expect(steps.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
}

describe('a batch on its way to the opening', () => {
  it('is refused while nobody approved it', async () => {
    const result = await desk.asLoader(['publish', String(first.number), '--at', 'now', '--json']);
    expect(refusalOf(result)).toEqual({ code: 'not-approved', exitCode: 4 });
    expect(result.stderr).toContain(`fangbang approve ${first.number} --checksum ${first.checksum}`);
  });

  it('is not approved by whoever loaded it', async () => {
    const result = await desk.asLoader([
      'approve',
      String(first.number),
      '--checksum',
      first.checksum,
      '--not-before',
      'now',
      '--json',
    ]);
    expect(refusalOf(result)).toEqual({ code: 'approver-is-loader', exitCode: 4 });
    expect(result.stderr).toContain('let a second person approve it');
  });

  it('is not approved under another checksum', async () => {
    const result = await desk.asApprover([
      'approve',
      String(first.number),
      '--checksum',
      second.checksum,
      '--not-before',
      'now',
      '--json',
    ]);
    expect(refusalOf(result)).toEqual({ code: 'checksum-differs', exitCode: 4 });
  });

  it('is refused while it is not warmed', async () => {
    const approved = await desk.asApprover([
      'approve',
      String(first.number),
      '--checksum',
      first.checksum,
      '--not-before',
      '2020-01-01T08:00:00+08:00',
      '--json',
    ]);
    expect(jsonOf(approved)).toMatchObject({
      batch: first.number,
      series: SERIES,
      checksum: first.checksum,
      notBefore: '2020-01-01T00:00:00.000Z',
      single: false,
      head: expect.stringMatching(HEAD),
    });
    const result = await desk.asLoader(['publish', String(first.number), '--at', 'now', '--json']);
    expect(refusalOf(result)).toEqual({ code: 'not-warmed', exitCode: 4 });
  });

  it('is refused while it is not verified since it was warmed', async () => {
    const warmed = await desk.asLoader(['warm', String(first.number), '--json']);
    expect(jsonOf(warmed)).toMatchObject({ batch: first.number, entries: 60, resumedAfter: 0 });
    expect(await redis.get(`warm:${first.number}`)).toBe('60');
    const result = await desk.asLoader(['publish', String(first.number), '--at', 'now', '--json']);
    expect(refusalOf(result)).toEqual({ code: 'not-verified', exitCode: 4 });
  });

  it('is verified against its file, Postgres and Redis', async () => {
    const verified = await desk.asLoader(['verify', String(first.number), '--file', first.file, '--json']);
    expect(jsonOf(verified)).toMatchObject({
      batch: first.number,
      checksum: first.checksum,
      entries: 60,
      redis: { missing: 0, altered: 0 },
      file: { candidates: 60, missingInPostgres: 0, extraInPostgres: 0, differing: 0 },
    });
  });

  it('is refused before the time that the approver allowed', async () => {
    const inAnHour = inMinutes(60);
    await desk.asApprover([
      'approve',
      String(first.number),
      '--checksum',
      first.checksum,
      '--not-before',
      inAnHour,
    ]);
    const result = await desk.asLoader(['publish', String(first.number), '--at', 'now', '--json']);
    expect(refusalOf(result)).toEqual({ code: 'before-approved-opening', exitCode: 4 });
    await desk.asApprover([
      'approve',
      String(first.number),
      '--checksum',
      first.checksum,
      '--not-before',
      'now',
    ]);
  });

  it('does not open in the past', async () => {
    await desk.asApprover([
      'approve',
      String(first.number),
      '--checksum',
      first.checksum,
      '--not-before',
      '2020-01-01T00:00:00Z',
    ]);
    const result = await desk.asLoader([
      'publish',
      String(first.number),
      '--at',
      '2020-06-25T09:00:00+08:00',
      '--json',
    ]);
    expect(refusalOf(result)).toEqual({ code: 'opening-in-the-past', exitCode: 4 });
  });

  it('needs an opening with an offset', async () => {
    const result = await desk.asLoader([
      'publish',
      String(first.number),
      '--at',
      '2026-06-25T09:00:00',
      '--json',
    ]);
    expect(refusalOf(result)).toEqual({ code: 'usage', exitCode: 2 });
    expect(result.stderr).toContain('--at needs an offset from UTC');
    expect(result.stderr).toContain('2026-06-25T09:00:00+08:00');
  });

  it('shows as draft and, once announced, as scheduled', async () => {
    expect(await stateOf(SERIES)).toBe('draft');
    const announced = await desk.asLoader([
      'announce',
      SERIES,
      '--at',
      '2036-06-25T09:00:00+08:00',
      '--json',
    ]);
    expect(jsonOf(announced)).toMatchObject({ series: SERIES, releaseAt: '2036-06-25T01:00:00.000Z' });
    expect(await stateOf(SERIES)).toBe('scheduled');
  });

  it('opens, with the epoch in Redis before that is acknowledged', async () => {
    const result = await desk.asLoader(['publish', String(first.number), '--at', 'now', '--json']);
    const published = jsonOf(result);
    expect(published).toMatchObject({
      batch: first.number,
      series: SERIES,
      epoch: 2,
      redisEpoch: true,
      moved: false,
    });
    expect(published['head']).toMatch(HEAD);
    expect(new Date(String(published['opensAt'])).getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(await redis.get('epoch')).toBe('2');
    expect(await stateOf(SERIES)).toBe('open');
  });
});

describe('a series with an open batch', () => {
  it('has nothing to roll back to from its first batch', async () => {
    expect(refusalOf(await desk.asLoader(['rollback', SERIES, '--json']))).toEqual({
      code: 'nothing-to-roll-back',
      exitCode: 4,
    });
  });

  it('moves a planned opening', async () => {
    await openTo(second);
    const plan = (minutes: number): Promise<Record<string, unknown>> =>
      desk.asLoader(['publish', String(second.number), '--at', inMinutes(minutes), '--json']).then(jsonOf);
    expect(await plan(60)).toMatchObject({ moved: false });
    expect(await plan(90)).toMatchObject({ moved: true });
    expect(jsonOf(await desk.asLoader(['status', SERIES, '--json']))['series']).toMatchObject([
      { current: { batch: first.number }, next: { batch: second.number } },
    ]);
  });

  it('keeps the open, the next and the previous batch in Redis', async () => {
    for (const batch of [first, second]) {
      const result = await desk.asLoader(['cool', String(batch.number), '--json']);
      expect(refusalOf(result)).toEqual({ code: 'batch-is-in-use', exitCode: 4 });
    }
    await desk.asLoader(['publish', String(second.number), '--at', 'now']);
    const previous = await desk.asLoader(['cool', String(first.number), '--json']);
    expect(refusalOf(previous)).toEqual({ code: 'batch-is-in-use', exitCode: 4 });
    expect(previous.stderr).toContain('what a rollback opens');
    expect(await redis.dbsize()).toBe(60 + 60 + 3);
  });

  it('rolls back to the batch before', async () => {
    const rolledBack = jsonOf(await desk.asLoader(['rollback', SERIES, '--json']));
    expect(rolledBack).toMatchObject({ series: SERIES, batch: first.number, redisEpoch: true });
    expect(await redis.get('epoch')).toBe(String(rolledBack['epoch']));
  });

  it('is withdrawn only with a reason, and then not rolled back', async () => {
    const without = await desk.asLoader(['withdraw', SERIES, '--json']);
    expect(refusalOf(without)).toEqual({ code: 'usage', exitCode: 2 });
    const blank = await desk.asLoader(['withdraw', SERIES, '--reason', ' ', '--json']);
    expect(refusalOf(blank)).toEqual({ code: 'reason-missing', exitCode: 2 });

    const withdrawn = await desk.asLoader([
      'withdraw',
      SERIES,
      '--reason',
      'physics marks are wrong',
      '--json',
    ]);
    expect(jsonOf(withdrawn)).toMatchObject({
      series: SERIES,
      reason: 'physics marks are wrong',
      redisEpoch: true,
    });
    expect(await stateOf(SERIES)).toBe('withdrawn');
    expect(refusalOf(await desk.asLoader(['rollback', SERIES, '--json']))).toEqual({
      code: 'nothing-to-roll-back',
      exitCode: 4,
    });
  });

  it('lets go of a cooled batch, which must be warmed before it opens again', async () => {
    const cooled = await desk.asLoader(['cool', String(second.number), '--json']);
    expect(jsonOf(cooled)).toMatchObject({ batch: second.number, removed: 60 });
    expect(await redis.exists(`warm:${second.number}`)).toBe(0);
    expect(await redis.dbsize()).toBe(60 + 2);
    const result = await desk.asLoader(['publish', String(second.number), '--at', 'now', '--json']);
    expect(refusalOf(result)).toEqual({ code: 'not-warmed', exitCode: 4 });
  });
});

describe('status', () => {
  it('is a table for people', async () => {
    const { exitCode, stdout } = await desk.asLoader(['status', SERIES]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`${SERIES}  withdrawn  definition version 1`);
    expect(stdout).toMatch(/batch +candidates +loaded by/);
    expect(stdout).toContain(first.checksum);
  });

  it('shows a flushed cache', async () => {
    await redis.flushdb();
    const { stdout } = await desk.asLoader(['status', SERIES]);
    expect(stdout).toContain('LOST: fangbang warm');
    expect(stdout).toContain('Redis has no epoch');
    expect(jsonOf(await desk.asLoader(['status', SERIES, '--json']))['redis']).toMatchObject({
      state: 'reachable',
      epoch: null,
      warm: { [first.number]: false },
    });
  });

  it('does not know a series that was never added', async () => {
    expect(refusalOf(await desk.asLoader(['status', 'no-such-series', '--json']))).toEqual({
      code: 'series-unknown',
      exitCode: 4,
    });
  });
});

function verify(batch: DeskBatch, ...more: string[]): Promise<CliResult> {
  return desk.asLoader(['verify', String(batch.number), '--json', ...more]);
}

function inMinutes(minutes: number): string {
  return cliTime(Date.now() + minutes * 60_000);
}

describe('verify', () => {
  it('counts what is missing and what is altered in Redis, and does not let it pass', async () => {
    await desk.asLoader(['warm', String(second.number), '--from-start']);
    const keys = await redis.keysBuffer('r*');
    expect(keys).toHaveLength(60);
    const [one, two, three] = keys;
    if (one === undefined || two === undefined || three === undefined) throw new Error('no keys');
    await redis.del(one);
    // Somebody else's sealed value, and one with a bit turned over.
    await redis.set(two, (await redis.getBuffer(three)) ?? '');
    const turned = (await redis.getBuffer(three)) ?? Buffer.alloc(1);
    turned[0] = (turned[0] ?? 0) ^ 1;
    await redis.set(three, turned);

    const result = await verify(second);
    expect(refusalOf(result)).toEqual({ code: 'verification-failed', exitCode: 3 });
    expect(jsonOf(result)).toMatchObject({
      entries: 60,
      redis: { missing: 1, altered: 2 },
      error: { faults: ['missing in Redis: 1', 'altered in Redis: 2'] },
    });
    expect(result.stderr).toContain(`fangbang warm ${second.number} --from-start`);
    const refused = await desk.asLoader(['publish', String(second.number), '--at', 'now', '--json']);
    expect(refusalOf(refused)).toEqual({ code: 'not-verified', exitCode: 4 });
  });

  it('compares file and Postgres alone without Redis', async () => {
    const result = await verify(second, '--redis-url', 'none', '--file', second.file);
    expect(result.exitCode).toBe(0);
    expect(jsonOf(result)).toMatchObject({ redis: 'none', file: { candidates: 60 } });
    expect(result.stderr).toContain('not compared with Redis');
  });

  it.each([
    [
      'a name was changed',
      'differing between file and Postgres: 1',
      (csv: string) => csv.replace('03,林', '03,张'),
    ],
    [
      'a candidate was left out',
      'extra in Postgres: 1',
      (csv: string) => csv.replace(/^26330101000003,.*\n/m, ''),
    ],
    [
      'a candidate has another number',
      'missing in Postgres: 1',
      (csv: string) => csv.replace('26330101000003,', '26330101900003,'),
    ],
    [
      'a line is rejected',
      'lines of the file that are rejected: 1',
      (csv: string) => csv.replace('26330101000003,', '2633010100003,'),
    ],
    [
      'it is another batch’s',
      'differing between file and Postgres: 60',
      () => readFileSync(first.file, 'utf8'),
    ],
  ])('refuses a file when %s', async (_, fault, change) => {
    const path = join(desk.folder, 'changed.csv');
    writeFileSync(path, change(readFileSync(second.file, 'utf8')));
    const result = await verify(second, '--redis-url', 'none', '--file', path);
    expect(refusalOf(result)).toEqual({ code: 'verification-failed', exitCode: 3 });
    expect(result.stderr).toContain(fault);
    expect(result.stderr).toContain('the file has another checksum than the batch');
    expect(result.stderr).toContain('do not publish it');
  });

  it('finds rows that somebody changed, removed or added in Postgres', async () => {
    const changes = [
      'update fangbang.slip set payload = payload || payload',
      'delete from fangbang.slip',
      `insert into fangbang.slip select batch, sha512(digest), credential_set, candidate_number || 'x', payload from fangbang.slip`,
    ];
    for (const change of changes) {
      const batch = await desk.makeBatch('altered-2026', 5);
      expect((await verify(batch, '--redis-url', 'none', '--file', batch.file)).exitCode).toBe(0);
      await withClient(desk.database.url, (client) =>
        client.query(`${change} where batch = ${batch.number} and candidate_number = '26330101000002'`),
      );
      const result = await verify(batch, '--redis-url', 'none');
      expect(refusalOf(result)).toEqual({ code: 'verification-failed', exitCode: 3 });
      expect(result.stderr).toContain('what Postgres holds has another checksum');
    }
  });

  it('refuses a pepper file that does not hold the batch’s pepper', async () => {
    const other = join(desk.folder, 'other-pepper');
    writeFileSync(other, `${Buffer.alloc(32, 7).toString('base64')}\n`);
    const result = await desk.asLoader(['verify', String(second.number), '--json'], {
      env: { FANGBANG_PEPPER_FILE: other },
    });
    expect(refusalOf(result)).toEqual({ code: 'pepper-unknown', exitCode: 4 });
  });
});

describe('without Redis', () => {
  it('a batch opens, warmed in name only', async () => {
    const batch = await desk.makeBatch('no-redis-2026', 3);
    const none = ['--redis-url', 'none'];
    const warmed = await desk.asLoader(['warm', String(batch.number), '--json', ...none]);
    expect(jsonOf(warmed)).toMatchObject({ entries: 0, redis: 'none' });
    expect((await desk.asLoader(['verify', String(batch.number), ...none])).exitCode).toBe(0);
    await desk.asApprover([
      'approve',
      String(batch.number),
      '--checksum',
      batch.checksum,
      '--not-before',
      'now',
    ]);
    const published = await desk.asLoader([
      'publish',
      String(batch.number),
      '--at',
      'now',
      '--json',
      ...none,
    ]);
    expect(jsonOf(published)).toMatchObject({ batch: batch.number, redisEpoch: false });
    expect(published.stderr).toContain('there is no Redis to tell: waiting 12 s');
    expect((await desk.asLoader(['status', 'no-redis-2026', ...none])).stdout).toContain('without Redis');
  });
});

async function stateOf(series: string): Promise<unknown> {
  const status = jsonOf(await desk.asLoader(['status', series, '--json'])) as {
    series: { state: unknown }[];
  };
  return status.series[0]?.state;
}

it('no verb has printed a name or an identity number', () => {
  const printed = desk.printed();
  expect(printed).toContain(SERIES);
  for (const { identityNumber, slip } of [...first.candidates, ...second.candidates]) {
    expect(printed).not.toContain(identityNumber);
    expect(printed).not.toContain(slip.name);
  }
});
