/**
 * When Postgres is asked for a slip, and when not.
 */
import type pg from 'pg';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PostgresFallback } from '../../service/lookup/postgres-fallback.ts';
import { computeDigest, makePepper } from '../../service/results/digest.ts';

const quiet = (): void => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const observer = {
  lookup: quiet,
  redis: quiet,
  postgres: quiet,
  filter: quiet,
  poll: quiet,
  heal: quiet,
  limit: quiet,
};
const pepper = makePepper(Buffer.alloc(32, 7));
const digestOf = (name: string) => computeDigest(pepper, 'zj', 'number', [name]);

class Rig {
  queries = 0;
  isAway = false;
  readonly #pool = {
    query: async () => {
      this.queries += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (this.isAway) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
      return { rows: [{ open: true, payload: Buffer.from('slip') }] };
    },
  };
  readonly fallback = new PostgresFallback(
    this.#pool as unknown as pg.Pool,
    { connections: 5, waiting: 3, sharedForMs: 100 },
    { log, observer },
  );

  async ask(name: string): Promise<string> {
    const asked = this.fallback.find(1, digestOf(name));
    await vi.advanceTimersByTimeAsync(10);
    return (await asked).kind;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('a slip that was found is not asked for again by a read of Redis that was under way', async () => {
  const rig = new Rig();
  expect(await rig.ask('a')).toBe('found');
  await vi.advanceTimersByTimeAsync(80);
  expect(await rig.ask('a')).toBe('found');
  expect(rig.queries).toBe(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(await rig.ask('a')).toBe('found');
  expect(rig.queries).toBe(2);
});

it('what was found just now takes no place of those who wait', async () => {
  const rig = new Rig();
  for (let i = 0; i < 20; i += 1) expect(await rig.ask(`${i}`)).toBe('found');
  const asked = Array.from({ length: 9 }, (_, i) => rig.fallback.find(1, digestOf(`more ${i}`)));
  await vi.advanceTimersByTimeAsync(10);
  expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual([
    ...Array.from({ length: 8 }, () => 'found'),
    'refused',
  ]);
});

it('when it has been away for half a second, one asks in half a second, until it answers', async () => {
  const rig = new Rig();
  rig.isAway = true;
  for (let i = 0; i < 100; i += 1) expect(await rig.ask(`${i}`)).toBe('away');
  const before = rig.queries;
  expect(before).toBeLessThanOrEqual(53);
  await vi.advanceTimersByTimeAsync(500);
  for (let i = 0; i < 100; i += 1) expect(await rig.ask(`again ${i}`)).toBe('away');
  expect(rig.queries - before).toBeLessThanOrEqual(3);
  rig.isAway = false;
  await vi.advanceTimersByTimeAsync(500);
  expect(await rig.ask('one')).toBe('found');
  expect(await rig.ask('and all')).toBe('found');
});

it('failures long ago do not keep anybody from asking', async () => {
  const rig = new Rig();
  rig.isAway = true;
  for (let i = 0; i < 100; i += 1) await rig.ask(`${i}`);
  rig.isAway = false;
  await vi.advanceTimersByTimeAsync(10_000);
  const asked = ['a', 'b', 'c'].map((name) => rig.fallback.find(1, digestOf(name)));
  await vi.advanceTimersByTimeAsync(10);
  expect((await Promise.all(asked)).map(({ kind }) => kind)).toEqual(['found', 'found', 'found']);
});
