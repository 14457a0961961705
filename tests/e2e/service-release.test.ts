/**
 * A release as the service lives it, on both runtimes and with real stores: closed, open at T, corrected,
 * rolled back, withdrawn.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeDigest } from '#results/digest.ts';
import type { Installation, TestBatch, TestCandidate } from '../helpers/batch.ts';
import {
  announceSeries,
  approveBatch,
  expectedMarks,
  fieldsOf,
  gaokaoCandidates,
  loadBatch,
  makeInstallation,
  openBatch,
  presetDefinition,
  publishBatch,
  queryOne,
  rollbackSeries,
  warmBatch,
  withRedis,
  withdrawSeries,
} from '../helpers/batch.ts';
import { NO_LIMITS } from '../helpers/proof-of-work.ts';
import type { Answer, RunningService } from '../helpers/service.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const MINE = presetDefinition('gaokao', 'zj-gaokao-2026');
const OTHER = presetDefinition('gaokao', 'js-gaokao-2026');
const LATER = presetDefinition('gaokao', 'later-gaokao-2026');
const candidates = gaokaoCandidates(MINE, 200);
const [first, second] = candidates;
const elsewhere = gaokaoCandidates(OTHER, 50, { from: 1000 });
if (first === undefined || second === undefined) throw new Error('no candidates');

/** The body of an answer without what differs between two requests. */
function plain(answer: Answer): string {
  return answer.text.replace(/"requestId":"[0-9a-f]{16}"/, '"requestId":""');
}

/** The headers without those that every answer has its own of. */
function fixedHeaders(answer: Answer): [string, string][] {
  const own = ['date', 'x-request-id', 'connection', 'keep-alive'];
  return [...answer.headers].filter(([name]) => !own.includes(name));
}

describe.each(RUNTIMES)('a release on %s', (runtime) => {
  let installation: Installation;
  let service: RunningService;
  let batch: TestBatch;
  let otherBatch: TestBatch;

  const ask = (candidate: TestCandidate, changed: Record<string, unknown> = {}): Promise<Answer> =>
    service.lookup(MINE.id, { ...fieldsOf(MINE, candidate), ...changed });

  beforeAll(async () => {
    const redis = await redisDatabase();
    installation = await makeInstallation(redis.url);
    // Counts the calls of one_slip by everybody.
    await queryOne(
      installation.database.url,
      `alter database "${installation.database.name}" set track_functions = 'all'`,
    );
    batch = await loadBatch(installation, MINE, candidates);
    await warmBatch(installation, batch);
    await approveBatch(installation, batch);
    otherBatch = await openBatch(installation, OTHER, elsewhere);
    service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: redis.url,
      pepperFile: installation.pepperFile,
      // Hundreds of wrong guesses; what limits them is in limits-guessing.test.ts.
      env: NO_LIMITS,
    });
  });
  afterAll(async () => {
    await service?.stop();
    await installation?.database.drop();
  });

  it('is not there before it is announced', async () => {
    expect(await ask(first)).toMatchObject({
      status: 404,
      json: { type: 'urn:fangbang:problem:series-not-found' },
    });
    const list = (await (await fetch(`${service.url}/v1/series`)).json()) as { series: { id: string }[] };
    expect(list.series.map(({ id }) => id)).toEqual([OTHER.id]);
  });

  it('is not released before T, whatever the credentials, and open from T on without any act', async () => {
    await announceSeries(installation, MINE, new Date('2099-01-01T00:00:00Z'));
    await until('the announcement is known', async () => (await ask(first)).status === 403);
    expect((await ask(first)).json).toMatchObject({ releaseAt: '2099-01-01T08:00:00+08:00' });

    const { opensAtMs } = await publishBatch(installation, batch, 4000);
    await until('the time is known', async () => !(await ask(first)).text.includes('2099'));
    const right = await ask(first);
    const wrongNumber = await ask(first, { candidateNumber: '26330199999999' });
    const wrongDocument = await ask(first, { identityNumber: second.credentials['identityNumber'] });
    for (const answer of [right, wrongNumber, wrongDocument]) {
      expect(answer.status).toBe(403);
      expect(answer.json['type']).toBe('urn:fangbang:problem:not-released');
      expect(Date.parse(String(answer.json['releaseAt']))).toBe(Math.floor(opensAtMs / 1000) * 1000);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(4);
    }
    expect(plain(wrongNumber)).toBe(plain(right));
    expect(plain(wrongDocument)).toBe(plain(right));

    // Malformed comes before not released.
    expect((await ask(first, { identityNumber: '110105194912310021' })).json).toMatchObject({
      status: 400,
      field: 'identityNumber',
      fault: 'wrong-check-character',
    });
    // Redis holds the slips already; no store and no other number lets anybody at them.
    const digest = computeDigest(
      installation.pepper,
      MINE.id,
      'number-and-identity',
      Object.values(fieldsOf(MINE, first)),
    );
    expect(
      await queryOne(installation.serviceUrl, 'select open, payload from fangbang.one_slip($1, $2)', [
        batch.number,
        digest,
      ]),
    ).toEqual({ open: false, payload: null });
    expect((await service.lookup(OTHER.id, fieldsOf(MINE, first))).status).toBe(404);

    let answer = right;
    while (answer.status === 403) {
      await sleep(10);
      answer = await ask(first);
    }
    expect(answer.status).toBe(200);
    // Asked after the answer came: if the service was early, this is before T.
    const now = await queryOne(
      installation.database.url,
      'select extract(epoch from clock_timestamp())::float8 * 1000 as ms',
    );
    expect(Number(now['ms'])).toBeGreaterThanOrEqual(opensAtMs);
    expect(answer.json['batch']).toEqual({
      number: batch.number,
      publishedAt: right.json['releaseAt'],
      corrected: false,
    });
  });

  it('gives every candidate the marks of the batch', async () => {
    for (const candidate of candidates) {
      const answer = await ask(candidate);
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject(expectedMarks(MINE, candidate));
      expect(answer.json['status']).toMatchObject({ code: 'scored' });
      expect(answer.headers.get('cache-control')).toBe('no-store, private');
    }
    expect(await service.metric('fangbang_redis_reads_total{outcome="miss"}')).toBe(0);
    expect(await service.metric('fangbang_postgres_reads_total{outcome="found"}')).toBe(0);
  });

  it('takes credentials as people type them', async () => {
    const typed = await ask(first, {
      candidateNumber: ` ${first.credentials['candidateNumber']?.replace(/[0-9]/g, (d) => String.fromCharCode(d.charCodeAt(0) + 0xfee0))} `,
      identityNumber: first.credentials['identityNumber']?.replace(/^(.{6})(.{8})/, '$1 $2 ').toLowerCase(),
    });
    expect(typed.json).toMatchObject(expectedMarks(MINE, first));
  });

  it('answers every wrong combination with the same bytes, status and headers', async () => {
    const stranger = elsewhere[0] ?? first;
    const wrong = await Promise.all([
      ask(first, { candidateNumber: '26330101999999' }),
      ask(first, { candidateNumber: second.credentials['candidateNumber'] }),
      ask(first, { identityNumber: second.credentials['identityNumber'] }),
      ask(first, { identityNumber: '11010519491231002X' }),
      ask(stranger),
    ]);
    const [model] = wrong;
    for (const answer of wrong) {
      expect(answer.status).toBe(404);
      expect(answer.text).toHaveLength(model.text.length);
      expect(plain(answer)).toBe(plain(model));
      expect(fixedHeaders(answer)).toEqual(fixedHeaders(model));
    }
    // The same stranger is somebody where he belongs.
    expect((await service.lookup(OTHER.id, fieldsOf(OTHER, stranger))).json).toMatchObject(
      expectedMarks(OTHER, stranger),
    );
    expect((await service.lookup(OTHER.id, fieldsOf(OTHER, stranger))).json['batch']).toMatchObject({
      number: otherBatch.number,
    });
  });

  it('asks Postgres for none of 500 wrong guesses', async () => {
    const calls = async (): Promise<number> =>
      Number(
        (
          await queryOne(
            installation.database.url,
            `select coalesce(sum(calls), 0)::int as calls from pg_stat_user_functions where funcname = 'one_slip'`,
          )
        )['calls'],
      );
    const maybeBefore = await service.metric('fangbang_filter_checks_total{outcome="maybe"}');
    const before = await calls();
    for (let i = 0; i < 500; i += 1) {
      const digits = String(i).padStart(8, '0');
      expect((await ask(first, { candidateNumber: `263301${digits}` })).status).toBe(404);
    }
    // The filter lets 0.05% through: none or one of these.
    const let500 = (await service.metric('fangbang_filter_checks_total{outcome="maybe"}')) - maybeBefore;
    expect(let500).toBeLessThanOrEqual(2);
    // A control whose call must be seen, since Postgres counts with a delay.
    const lost = batch.sealed[5];
    await withRedis(installation.redisUrl ?? '', (redis) => redis.del(lost?.key ?? ''));
    expect((await ask(candidates[5] ?? first)).status).toBe(200);
    await until('Postgres has counted', async () => (await calls()) > before);
    expect(await calls()).toBe(before + 1 + let500);
  });

  it('is corrected and rolled back within 2 s, on the credentials that stay the same', async () => {
    const corrected = gaokaoCandidates(MINE, 201, { shift: 5 });
    const next = await loadBatch(installation, MINE, corrected);
    await warmBatch(installation, next);
    await approveBatch(installation, next);
    await publishBatch(installation, next);
    await sleep(2000);
    for (const candidate of corrected) {
      const answer = await ask(candidate);
      expect(answer.json).toMatchObject(expectedMarks(MINE, candidate));
      expect(answer.json['batch']).toMatchObject({ number: next.number, corrected: true });
    }
    await rollbackSeries(installation, MINE.id);
    await sleep(2000);
    for (const candidate of candidates.slice(0, 50)) {
      const answer = await ask(candidate);
      expect(answer.json).toMatchObject(expectedMarks(MINE, candidate));
      expect(answer.json['batch']).toMatchObject({ number: batch.number, corrected: false });
    }
    expect((await ask(corrected[200] ?? first)).status).toBe(404);
  });

  it('is never answered from the old batch after an act was acknowledged, under load', async () => {
    const stale: unknown[] = [];
    const seen = new Set<number>();
    let acknowledged = { batch: batch.number };
    const load = { isOver: false };
    const workers = Array.from({ length: 8 }, async (_, i) => {
      for (let n = i; !load.isOver; n += 1) {
        const { batch: expected } = acknowledged;
        const answer = await ask(candidates[n % candidates.length] ?? first);
        seen.add(answer.status);
        const number = (answer.json['batch'] as { number?: number } | undefined)?.number ?? 0;
        // Redis has the epoch when the act is acknowledged, so not even the 2 s are needed.
        if (answer.status === 200 && number < expected) stale.push({ number, expected });
      }
    });
    for (let n = 1; n <= 3; n += 1) {
      const next = await openBatch(installation, MINE, gaokaoCandidates(MINE, 200, { shift: 5 + n }));
      acknowledged = { batch: next.number };
      await sleep(300);
    }
    load.isOver = true;
    await Promise.all(workers);
    expect(stale).toEqual([]);
    expect(seen).toContain(200);
    expect([...seen].every((status) => status === 200 || status === 503)).toBe(true);
  });

  it('is closed within 2 s by a withdrawal, for right and wrong credentials alike', async () => {
    await withdrawSeries(installation, MINE.id);
    await sleep(2000);
    const right = await ask(first);
    const wrong = await ask(first, { candidateNumber: '26330199999999' });
    expect(right).toMatchObject({ status: 403, json: { releaseAt: null } });
    expect(plain(wrong)).toBe(plain(right));
    const list = (await (await fetch(`${service.url}/v1/series`)).json()) as {
      series: Record<string, unknown>[];
    };
    expect(list.series.map(({ id, state, releaseAt }) => [id, state, releaseAt])).toEqual([
      [OTHER.id, 'open', expect.any(String)],
      [MINE.id, 'withdrawn', null],
    ]);
  });

  it('opens for none of 1,000 requests before T', async () => {
    const later = gaokaoCandidates(LATER, 20);
    await openBatch(installation, LATER, later, 60_000);
    await until(
      'the series is known',
      async () => (await service.lookup(LATER.id, fieldsOf(LATER, first))).status === 403,
    );
    const statuses = new Set<number>();
    for (let i = 0; i < 1000; i += 1)
      statuses.add((await service.lookup(LATER.id, fieldsOf(LATER, later[i % 20] ?? first))).status);
    expect(statuses).toEqual(new Set([403]));
  });

  it('leaves nothing of a candidate in the log, in any form, nor in the metrics', async () => {
    const metrics = await (await fetch(`${service.adminUrl}/metrics`)).text();
    const written = service.output() + metrics;
    expect(written).toContain('a batch is ready');
    for (const { credentials } of candidates) {
      for (const value of Object.values(credentials)) {
        for (const form of [
          value,
          Buffer.from(value).toString('hex'),
          Buffer.from(value).toString('base64'),
          createHash('sha256').update(value).digest('hex'),
        ]) {
          expect(written.includes(form), `a credential as ${form.length} characters`).toBe(false);
        }
      }
    }
  });
});
