import { describe, expect, it } from 'vitest';
import type { ActFacts, BatchFacts, SeriesFacts } from '#lookup/publication-source.ts';
import { buildTimeline, definitionsOf } from '#lookup/series-timeline.ts';
import { presetDefinition } from '../helpers/batch.ts';

const definition = presetDefinition('gaokao', 'zj');
const NINE = Date.UTC(2026, 5, 25, 1);

function batch(number: number): BatchFacts {
  return {
    number,
    definitionVersion: number,
    pepperFingerprint: '00'.repeat(8),
    nonceSalt: '00'.repeat(8),
    codecVersion: 1,
    candidates: 1,
    entries: 1,
    filterBits: 64,
    filterSha256: '00'.repeat(32),
    rehearsal: false,
  };
}

function act(opensAtMs: number, ofBatch: number | null): ActFacts {
  return { epoch: 2, opensAtMs, corrected: false, batch: ofBatch === null ? null : batch(ofBatch) };
}

function build(facts: Partial<SeriesFacts>): ReturnType<typeof buildTimeline> {
  return buildTimeline(
    { id: 'zj', announced: null, current: null, next: null, previous: null, ...facts },
    {
      definition: () => definition,
      slot: (number) => ({ number, loaded: undefined, state: 'loading' }),
      answer: (_key, compile) => compile(),
    },
  );
}

const announced = { definitionVersion: 1, releaseAtMs: NINE };

describe('a series', () => {
  it('that is announced is scheduled for the announced time, in its own zone', () => {
    const { now, next, nextAtMs } = build({ announced });
    expect(now).toMatchObject({
      state: 'scheduled',
      releaseAt: '2026-06-25T09:00:00+08:00',
      batch: undefined,
    });
    expect(next).toBeUndefined();
    expect(nextAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('that is announced without a time has none', () => {
    const { now } = build({ announced: { definitionVersion: 1, releaseAtMs: null } });
    expect(now).toMatchObject({ state: 'scheduled', releaseAtMs: null, releaseAt: null });
  });

  it('that is published for later is scheduled for that time, whatever was announced, and open from then', () => {
    const timeline = build({ announced, next: act(NINE + 3_600_000, 3) });
    expect(timeline.now).toMatchObject({
      state: 'scheduled',
      releaseAtMs: NINE + 3_600_000,
      batch: undefined,
    });
    expect(timeline.next).toMatchObject({ state: 'open', batch: { number: 3 } });
    expect(timeline.nextAtMs).toBe(NINE + 3_600_000);
  });

  it('that is open says when it opened, and stays open until the next batch', () => {
    const timeline = build({ current: act(NINE, 3), next: act(NINE + 60_000, 4), previous: batch(2) });
    expect(timeline.now).toMatchObject({ state: 'open', releaseAtMs: NINE, batch: { number: 3 } });
    expect(timeline.next).toMatchObject({ state: 'open', batch: { number: 4 } });
  });

  it.each([
    ['after', NINE + 60_000],
    ['just before', NINE - 60_000],
  ])('that is withdrawn %s the announced time has no release time', (_title, atMs) => {
    const { now } = build({ announced, current: act(atMs, null) });
    expect(now).toMatchObject({ state: 'withdrawn', releaseAtMs: null, releaseAt: null, batch: undefined });
  });

  it('that is withdrawn and published again for later has the new time', () => {
    const { now } = build({ announced, current: act(NINE, null), next: act(NINE + 60_000, 4) });
    expect(now).toMatchObject({ state: 'withdrawn', releaseAtMs: NINE + 60_000, batch: undefined });
  });

  it('asks for what the batch that will open asks for, else what was announced, else the latest', () => {
    const facts = { id: 'zj', announced, current: null, next: null, previous: null };
    expect(definitionsOf({ ...facts, next: act(NINE, 3) })).toContainEqual({ series: 'zj', version: 3 });
    expect(definitionsOf(facts)).toEqual([{ series: 'zj', version: 1 }]);
    expect(definitionsOf({ ...facts, announced: null })).toEqual([{ series: 'zj', version: undefined }]);
  });

  it('whose definition cannot be used has no view, before and after the next opening alike', () => {
    const facts = { id: 'zj', announced, current: act(NINE, 1), next: act(NINE + 1, 2), previous: null };
    const timeline = buildTimeline(facts, {
      definition: ({ version }) => (version === 2 ? undefined : definition),
      slot: (number) => ({ number, loaded: undefined, state: 'loading' }),
      answer: (_key, compile) => compile(),
    });
    expect(timeline.now?.state).toBe('open');
    expect(timeline.next).toBeUndefined();
    expect(timeline.nextAtMs).toBe(NINE + 1);
  });
});
