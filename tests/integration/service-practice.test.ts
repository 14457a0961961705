/**
 * What an instance does before it is ready, so that its first answers are as quick as its later ones.
 */
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogFields, Logger } from '../../service/lookup/observer.ts';
import { DEFAULT_LIMITS } from '../../service/lookup/limits/settings.ts';
import { practise } from '../../service/practice/practice.ts';
import type { Installation } from '../helpers/batch.ts';
import {
  fieldsOf,
  gaokaoCandidates,
  makeInstallation,
  openBatch,
  presetDefinition,
} from '../helpers/batch.ts';
import { RUNTIMES, startService } from '../helpers/service.ts';
import { redisDatabase } from '../helpers/stores.ts';

/** The made-up series has the preset's id: an own one of that id is not touched by it. */
const SERIES = presetDefinition('gaokao', 'zj-gaokao-2026');
const candidates = gaokaoCandidates(SERIES, 3);

function listening(): { log: Logger; said: { message: string; fields: LogFields }[] } {
  const said: { message: string; fields: LogFields }[] = [];
  const note = (message: string, fields: LogFields = {}): void => void said.push({ message, fields });
  return { log: { debug: note, info: note, warn: note, error: note }, said };
}

describe('practice', () => {
  it('answers made-up lookups rightly, with Redis or without, or however Redis answers', async () => {
    for (const fetchMany of [undefined, () => Promise.reject(new Error('away')), () => Promise.resolve()]) {
      const { log, said } = listening();
      await practise({
        lookups: 480,
        limits: DEFAULT_LIMITS,
        fetchMany,
        isBusy: () => fetchMany === undefined,
        log,
      });
      expect(said).toEqual([{ message: 'practised', fields: expect.objectContaining({ count: 480 }) }]);
    }
  });

  it('of none is none', async () => {
    const { log, said } = listening();
    await practise({ lookups: 0, limits: DEFAULT_LIMITS, fetchMany: undefined, isBusy: () => false, log });
    expect(said).toEqual([]);
  });
});

describe.each(RUNTIMES)('an instance on %s', (runtime) => {
  let installation: Installation;
  let redis: Redis;

  beforeAll(async () => {
    const database = await redisDatabase();
    redis = new Redis(database.url);
    installation = await makeInstallation(database.url);
    await openBatch(installation, SERIES, candidates);
  });
  afterAll(async () => {
    redis?.disconnect();
    await installation?.database.drop();
  });

  it('is ready when it has practised, which counts nothing and leaves nothing', async () => {
    const keys = (await redis.keys('*')).toSorted();
    const service = await startService({
      runtime,
      databaseUrl: installation.serviceUrl,
      redisUrl: installation.redisUrl ?? '',
      pepperFile: installation.pepperFile,
      env: { PRACTICE_LOOKUPS: '4800' },
    });
    try {
      expect(service.log()).toContainEqual(expect.objectContaining({ msg: 'practised', count: 4_800 }));
      for (const outcome of ['found', 'absent', 'limited', 'unavailable'])
        expect(await service.metric(`fangbang_lookups_total{outcome="${outcome}"}`)).toBe(0);
      expect((await redis.keys('*')).toSorted()).toEqual(keys);
      for (const candidate of candidates) {
        const answer = await service.lookup(SERIES.id, fieldsOf(SERIES, candidate));
        expect(answer.status).toBe(200);
        expect(answer.json['candidate']).toMatchObject({ number: candidate.slip.candidateNumber });
      }
      expect(await service.metric('fangbang_lookups_total{outcome="found"}')).toBe(candidates.length);
    } finally {
      await service.stop();
    }
  });
});
