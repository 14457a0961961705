/**
 * The nginx peers do what the bench says they do: what is compared with our service is no straw man, and "equal
 * duties" are duties.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { throwAwayFolder, type ThrowAwayFolder } from '../../infra/local/private-folder.ts';
import { forgetWrongAttempts } from '../../loadtest/bench/counters.ts';
import { startNginx, type NginxRole } from '../../loadtest/bench/nginx.ts';
import type { RunningPeer } from '../../loadtest/bench/peer.ts';
import { documentKeys } from '../../loadtest/bench/peers/document-key.mjs';
import { findNginx, Unavailable, type NginxTool } from '../../loadtest/bench/tools.ts';
import { startOwnRedis, type OwnServer } from '../helpers/stores.ts';

const NUMBER = '26330101000001';
const IDENTITY = '11010519491231002X';
const DOCUMENT = '{"a":"成绩"}';
const JSON_TYPE = { 'content-type': 'application/json' };

let folder: ThrowAwayFolder;
let store: OwnServer;
let tool: NginxTool | undefined;

beforeAll(async () => {
  folder = throwAwayFolder('bench-nginx', undefined);
  store = await startOwnRedis();
  const pepperFile = join(folder.path, 'pepper');
  writeFileSync(pepperFile, `${Buffer.alloc(32, 9).toString('base64')}\n`);
  const redis = new Redis(store.url);
  const now = Date.now() / 1_000;
  await redis.set('bench:releases', JSON.stringify({ open: now - 60, scheduled: now + 3_600 }));
  const { binary } = documentKeys(pepperFile)('open', NUMBER, IDENTITY);
  await redis.set(binary, DOCUMENT);
  redis.disconnect();
  try {
    tool = await findNginx({ searchPath: process.env['PATH'] ?? '', say: () => {} });
  } catch (fault) {
    // A machine without Debian's packages; the bench leaves these rows out there.
    if (!(fault instanceof Unavailable)) throw fault;
  }
});
afterAll(async () => {
  await store.discard();
  folder.remove();
});

async function withNginx(role: NginxRole, use: (url: string, redis: Redis) => Promise<void>): Promise<void> {
  if (tool === undefined) return;
  const own = join(folder.path, role);
  mkdirSync(own, { recursive: true });
  const stage = {
    folder: own,
    redisUrl: store.url,
    pepperFile: join(folder.path, 'pepper'),
    documents: [DOCUMENT],
  };
  const peer: RunningPeer = await startNginx(stage, tool, { role, cores: [0], name: role });
  const redis = new Redis(store.url);
  try {
    await use(`http://127.0.0.1:${peer.port}`, redis);
  } finally {
    redis.disconnect();
    await peer.stop();
  }
}

function ask(url: string, fields: unknown, series = 'open', init: RequestInit = {}): Promise<Response> {
  return fetch(`${url}/v1/series/${series}/lookup`, {
    method: 'POST',
    headers: JSON_TYPE,
    body: typeof fields === 'string' ? fields : JSON.stringify(fields),
    ...init,
  });
}

const right = { candidateNumber: NUMBER, identityNumber: IDENTITY };

/** Publications are polled once a second. */
async function whenPolled(url: string): Promise<void> {
  const until = Date.now() + 20_000;
  while ((await ask(url, right)).status !== 200) {
    if (Date.now() > until) throw new Error('the publications were never read');
  }
}

describe('plain nginx + Lua + Redis', () => {
  it('gives the stored document for the right pair alone', async () => {
    await withNginx('plain', async (url) => {
      const found = await ask(url, right);
      expect([found.status, await found.text()]).toEqual([200, DOCUMENT]);
      expect((await ask(url, { ...right, candidateNumber: '26330101000002' })).status).toBe(404);
    });
  });
});

describe('nginx that answers a constant', () => {
  it('gives the document whatever is asked', async () => {
    await withNginx('constant', async (url) => {
      const found = await ask(url, 'anything');
      expect([found.status, await found.text()]).toEqual([200, DOCUMENT]);
    });
  });
});

describe('nginx + Lua + Redis with equal duties', () => {
  it('answers, refuses and limits as our service does', async () => {
    await withNginx('equal', async (url, redis) => {
      await whenPolled(url);
      const found = await ask(url, right);
      expect(await found.text()).toBe(DOCUMENT);
      expect(found.headers.get('cache-control')).toBe('no-store, private');
      expect(found.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
      expect(found.headers.get('x-frame-options')).toBe('DENY');

      const statusOf = async (...args: Parameters<typeof ask>): Promise<number> =>
        (await ask(...args)).status;
      // Normalised: the same person.
      expect(await statusOf(url, { ...right, identityNumber: ' 11010519491231002x' })).toBe(200);
      expect(await statusOf(url, right, 'scheduled')).toBe(403);
      expect(await statusOf(url, right, 'unknown')).toBe(404);
      expect(await statusOf(url, 'no json')).toBe(400);
      expect(await statusOf(url, { candidateNumber: NUMBER })).toBe(400);
      expect(await statusOf(url, { ...right, more: '1' })).toBe(400);
      expect(await statusOf(url, { ...right, candidateNumber: '2633010100000' })).toBe(400);
      // Wrong check character; the 30th of February; the 31st of June.
      expect(await statusOf(url, { ...right, identityNumber: '110105194912310021' })).toBe(400);
      expect(await statusOf(url, { ...right, identityNumber: '110105194902300020' })).toBe(400);
      expect(await statusOf(url, { ...right, identityNumber: '110105194906310023' })).toBe(400);
      expect(await statusOf(url, right, 'open', { headers: { 'content-type': 'text/plain' } })).toBe(415);
      expect(await statusOf(url, 'x'.repeat(9_000))).toBe(413);
      const url405 = `${url}/v1/series/open/lookup`;
      expect((await fetch(url405)).status).toBe(405);

      // Five wrong guesses at a number, then nothing more is told of it, not even to the right person.
      const guesses: number[] = [];
      for (let i = 0; i < 6; i += 1) {
        const wrong = { ...right, candidateNumber: '26330101000009', identityNumber: `M${12345670 + i}` };
        guesses.push(await statusOf(url, wrong));
      }
      expect(guesses).toEqual([404, 404, 404, 404, 404, 429]);

      // At once too: the counters are raised first, and what comes back decides.
      const atOnce = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          statusOf(url, { ...right, candidateNumber: '26330101000008', identityNumber: `M${22345670 + i}` }),
        ),
      );
      expect(atOnce.filter((status) => status === 404)).toHaveLength(5);
      expect(atOnce.filter((status) => status === 429)).toHaveLength(35);

      // Between two contestants the guesses are forgotten, and nothing else.
      await forgetWrongAttempts(store.url);
      const afterwards = { ...right, candidateNumber: '26330101000008', identityNumber: 'M32345670' };
      expect(await statusOf(url, afterwards)).toBe(404);
      expect(await statusOf(url, right)).toBe(200);

      // An act that nginx has not read of yet: it waits rather than serve what may be taken back.
      await redis.set('epoch', '7');
      expect([200, 503]).toContain(await statusOf(url, right));
      await whenPolled(url);
    });
  });
});
