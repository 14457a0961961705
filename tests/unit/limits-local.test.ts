/**
 * What one process counts by itself: the budget while Redis is away, networks, counters that are closed.
 */
import { describe, expect, it } from 'vitest';
import { OPEN, closedUntil, formatCounter, parseCounter } from '#lookup/limits/counter-value.ts';
import { CounterWatch } from '#lookup/limits/counter-watch.ts';
import { LocalBudget } from '#lookup/limits/local-budget.ts';
import { NetworkWatch } from '#lookup/limits/network-watch.ts';
import { judge } from '#lookup/limits/verdict.ts';
import { LimitCounter } from '#results/limit-keys.ts';

const NOW = Date.UTC(2026, 5, 25, 1);
const counter = (field: number): LimitCounter => new LimitCounter(field);

describe('a marker', () => {
  it('tells how many and until when', () => {
    const value = { count: 4, endsAtMs: NOW + 900_000 };
    expect(parseCounter(formatCounter(value))).toEqual(value);
    expect(parseCounter(Buffer.from(formatCounter(value)))).toEqual(value);
    expect(Number.isSafeInteger(Number(formatCounter(closedUntil(Date.UTC(2200, 0)))))).toBe(true);
  });

  it('that is closed is above every limit', () => {
    expect(parseCounter(formatCounter(closedUntil(NOW)))?.count).toBeGreaterThan(65_535);
  });

  it.each([['x'], [''], ['-1'], ['1e9'], ['12345678901234567'], ['away'], [undefined], [{}]])(
    'that is %j is none',
    (value) => expect(parseCounter(value)).toBeUndefined(),
  );

  it('that is not there stands against nothing', () => expect(parseCounter(null)).toEqual(OPEN));
});

describe('a judgement', () => {
  const at = (...counts: number[]): { count: number; endsAtMs: number }[] =>
    counts.map((count, i) => ({ count, endsAtMs: NOW + i }));

  it.each([
    [[0, 0], undefined],
    [[2, 0], undefined],
    [[3, 0], { kind: 'proofRequired', untilMs: NOW }],
    [[3, 4], { kind: 'proofRequired', untilMs: NOW + 1 }],
    [[5, 4], { kind: 'limited', untilMs: NOW }],
    [[0, 5], { kind: 'limited', untilMs: NOW + 1 }],
    [[6, 5], { kind: 'limited', untilMs: NOW + 1 }],
  ])('of %j is %j', (counts, verdict) => expect(judge(at(...counts), 5, 3)).toEqual(verdict));

  it('asks for no proof from who has brought one, and limits all the same', () => {
    expect(judge(at(4), 5, undefined)).toBeUndefined();
    expect(judge(at(5), 5, undefined)).toMatchObject({ kind: 'limited' });
  });
});

describe('the budget while Redis is away', () => {
  it('is one wrong attempt per counter and 15 minutes, in either direction', () => {
    let now = 100;
    const budget = new LocalBudget(1, () => now);
    expect(budget.secondsClosed([counter(1), counter(2)])).toBe(0);
    expect(budget.spend([counter(1), counter(2)], 7)).toBe(0);
    expect(budget.spend([counter(1), counter(3)], 8)).toBe(900);
    expect(budget.spend([counter(4), counter(2)], 9)).toBe(900);
    expect(budget.spend([counter(3), counter(4)], 9)).toBe(0);
    expect(budget.secondsClosed([counter(1), counter(5)])).toBe(900);
    expect(budget.secondsClosed([counter(5)])).toBe(0);
    now += 899;
    expect(budget.spend([counter(1), counter(2)], 8)).toBe(1);
    now += 1;
    expect(budget.spend([counter(1), counter(2)], 8)).toBe(0);
  });

  it.each([2 ** 24 - 900, 2 ** 24 - 1, 2 ** 24, 2 ** 31, 2 ** 32])(
    'holds in a process that has run for %i seconds',
    (seconds) => {
      let now = seconds;
      const budget = new LocalBudget(1, () => now);
      expect(budget.spend([counter(1)], 7)).toBe(0);
      now += 899;
      expect(budget.spend([counter(1)], 8)).toBe(1);
      now += 1;
      expect(budget.spend([counter(1)], 8)).toBe(0);
    },
  );

  it('is not spent by the same attempt again, which tells nobody anything new', () => {
    const budget = new LocalBudget(1, () => 100);
    for (let i = 0; i < 5; i += 1) expect(budget.spend([counter(1), counter(2)], 7)).toBe(0);
    expect(budget.spend([counter(1), counter(2)], 8)).toBe(900);
    // But other right credentials are refused: the answer to them would be one more verdict.
    expect(budget.secondsClosed([counter(1)])).toBe(900);
  });

  it('gets stricter and not larger when very many are tried', () => {
    const budget = new LocalBudget(1, () => 100);
    for (let field = 0; field < 2 ** 20; field += 1) budget.spend([counter(field)], field);
    let allowed = 0;
    for (let i = 0; i < 1000; i += 1)
      if (budget.spend([counter(Math.floor(Math.random() * 2 ** 22))], 2 ** 31 + i) === 0) allowed += 1;
    expect(allowed).toBe(0);
  });

  it.each([2, 5])('can be %i', (allowed) => {
    const budget = new LocalBudget(allowed, () => 100);
    const verdicts = Array.from({ length: 20 }, (_, i) => budget.spend([counter(1)], i) === 0);
    expect(verdicts.filter(Boolean)).toHaveLength(allowed);
  });
});

describe('a network', () => {
  it('has to bring a proof of work beyond its limit, until the window ends', () => {
    const networks = new NetworkWatch(2);
    for (let i = 0; i < 2; i += 1) networks.add(7, NOW + 900_000, NOW);
    expect(networks.proofUntilMs(7, NOW)).toBeUndefined();
    networks.add(7, NOW + 950_000, NOW);
    expect(networks.proofUntilMs(7, NOW)).toBe(NOW + 900_000);
    expect(networks.proofUntilMs(8, NOW)).toBeUndefined();
    expect(networks.proofUntilMs(7, NOW + 900_000)).toBeUndefined();
    networks.add(7, NOW + 1_900_000, NOW + 1_000_000);
    expect(networks.proofUntilMs(7, NOW + 1_000_000)).toBeUndefined();
  });

  it('is known by what all instances have counted', () => {
    const networks = new NetworkWatch(2);
    networks.learn(7, 2, NOW + 900_000);
    expect(networks.proofUntilMs(7, NOW)).toBeUndefined();
    networks.learn(7, 3, NOW + 900_000);
    expect(networks.proofUntilMs(7, NOW)).toBe(NOW + 900_000);
    networks.learn(7, 1, NOW + 950_000);
    expect(networks.proofUntilMs(7, NOW)).toBe(NOW + 900_000);
  });

  it('is not even asked for while none is known', () => {
    const networks = new NetworkWatch(0);
    expect(networks.isEmpty(NOW)).toBe(true);
    networks.add(7, NOW + 900_000, NOW);
    networks.add(8, NOW + 100_000, NOW);
    expect(networks.isEmpty(NOW + 899_999)).toBe(false);
    expect(networks.isEmpty(NOW + 900_000)).toBe(true);
  });

  it('gives way to newer ones when there are very many', () => {
    const networks = new NetworkWatch(0);
    for (let i = 0; i < 70_000; i += 1) networks.add(i, NOW + 900_000, NOW);
    expect(networks.proofUntilMs(0, NOW)).toBeUndefined();
    expect(networks.proofUntilMs(69_999, NOW)).toBeDefined();
  });
});

describe('a counter that is closed', () => {
  const closed = { count: 5, endsAtMs: NOW + 900_000 };

  it('is remembered for 5 s and no longer, so that an unlocking is noticed', () => {
    const watch = new CounterWatch(3);
    watch.learn([counter(1), counter(2)], [closed, { count: 2, endsAtMs: NOW + 900_000 }], NOW);
    expect(watch.standing([counter(1), counter(9)], NOW + 4_999)).toEqual([closed]);
    expect(watch.standing([counter(2)], NOW)).toEqual([]);
    expect(watch.standing([counter(1)], NOW + 5_000)).toEqual([]);
  });

  it('is not remembered beyond its own end', () => {
    const watch = new CounterWatch(3);
    watch.learn([counter(1)], [{ count: 5, endsAtMs: NOW + 100 }], NOW);
    expect(watch.standing([counter(1)], NOW + 100)).toEqual([]);
  });
});
