/**
 * What the bench computes from what it measured.
 */
import { describe, expect, it } from 'vitest';
import { parseCoreList } from '../../loadtest/bench/cores.ts';
import { coreTimeIn, cpuTimeUs, ticksIn } from '../../loadtest/bench/cpu-time.ts';
import type { Figures } from '../../loadtest/bench/measure.ts';
import { faultOf, Overtaxed, WrongAnswers } from '../../loadtest/bench/measure.ts';
import { makeReport } from '../../loadtest/bench/report.ts';
import type { RowName } from '../../loadtest/bench/rows.ts';
import { orderOfRound, pairedRatio, spreadOf } from '../../loadtest/bench/statistics.ts';
import { showReport } from '../../loadtest/bench/table.ts';
import type { WrkResult } from '../../loadtest/bench/wrk.ts';

describe('statistics', () => {
  it('a median is the middle value, or the mean of the two middle ones', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9 });
    expect(spreadOf([9, 1, 5, 6])).toEqual({ median: 5.5, min: 1, max: 9 });
    expect(() => spreadOf([])).toThrow(RangeError);
  });

  it('a ratio is paired by round, so that a slow round does not count', () => {
    // In round 2 everything took ten times as long.
    expect(pairedRatio([10, 100, 12], [20, 200, 20])?.median).toBe(0.5);
  });

  it('a round in which one of the two could not be measured gives no ratio', () => {
    expect(pairedRatio([10, undefined, 30], [10, 10, undefined])).toEqual({ median: 1, min: 1, max: 1 });
    expect(pairedRatio([undefined], [10])).toBeUndefined();
  });

  it('every round has all contestants, in another order', () => {
    const items = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const orders = [0, 1, 2, 3, 4].map((round) => orderOfRound(items, round));
    for (const order of orders) expect(order.toSorted()).toEqual(items);
    expect(new Set(orders.map((order) => order.join(''))).size).toBe(5);
    expect(new Set(orders.map((order) => order[0])).size).toBe(5);
  });
});

describe('times from /proc', () => {
  it('user and system time are found behind a program name with blanks and brackets', () => {
    const numbers = Array.from({ length: 50 }, (_, i) => String(i + 4)).join(' ');
    expect(ticksIn(`77 (a ) S (b) S ${numbers}`)).toBe(14 + 15);
  });

  it('a process that computes for a while has used about that CPU time', () => {
    const before = cpuTimeUs(process.pid);
    const startedUs = process.cpuUsage();
    while (process.cpuUsage(startedUs).user < 200_000);
    const usedUs = cpuTimeUs(process.pid) - before;
    expect(usedUs).toBeGreaterThanOrEqual(180_000);
  });

  it('the time of a core is that of user, nice and system, and what was stolen', () => {
    const stat = 'cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 900 5 6 7 8 0 0\ncpu1 10 20 30 900 50 60 70 80 0 0\n';
    expect(coreTimeIn(stat, [0])).toEqual({ processesUs: 60_000, stolenUs: 80_000 });
    expect(coreTimeIn(stat, [0, 1])).toEqual({ processesUs: 660_000, stolenUs: 880_000 });
  });

  it('a list of cores is read with its ranges', () => {
    expect(parseCoreList('0-2,8\n')).toEqual([0, 1, 2, 8]);
    expect(parseCoreList('5')).toEqual([5]);
  });
});

const result: WrkResult = {
  requests: 1_000,
  durationUs: 1_000_000,
  bytes: 900_000,
  errors: 0,
  badStatuses: 0,
  p50Us: 1,
  p99Us: 2,
  statuses: {},
};

describe('a measurement counts', () => {
  const expected = { main: 404, also: [429], leastShare: 0.98 };

  it('when every answer is a right one', () => {
    expect(faultOf(result, undefined, 700)).toBeUndefined();
    expect(faultOf({ ...result, statuses: { 404: 990, 429: 10 } }, expected, 100)).toBeUndefined();
    expect(faultOf({ ...result, badStatuses: result.requests }, expected, 100)).toBeUndefined();
  });

  it.each<[string, Partial<WrkResult>, typeof expected | undefined, new (why: string) => Error]>([
    ['nothing was answered', { requests: 0 }, undefined, WrongAnswers],
    ['a connection broke', { errors: 1 }, undefined, Overtaxed],
    ['one answer was a 5xx or 4xx', { badStatuses: 1 }, undefined, Overtaxed],
    ['the answers are too short to be the documents', { bytes: 600_000 }, undefined, WrongAnswers],
    ['one answer was a 200 to a wrong guess', { statuses: { 404: 999, 200: 1 } }, expected, WrongAnswers],
    ['one answer was no refusal, and they were not counted', { badStatuses: 999 }, expected, WrongAnswers],
    ['one answer was a 503', { statuses: { 404: 999, 503: 1 } }, expected, Overtaxed],
    ['too few had the status of the row', { statuses: { 404: 970, 429: 30 } }, expected, WrongAnswers],
  ])('not when %s', (_, change, statuses, kind) => {
    expect(faultOf({ ...result, ...change }, statuses, 700)).toBeInstanceOf(kind);
  });
});

function figures(cpuUsPerRequest: number): Figures {
  const rest = { p99Ms: 5, busy: 1, disturbed: 0, mainShare: 1 };
  return { cpuUsPerRequest, requestsPerSecond: 1e6 / cpuUsPerRequest, ...rest };
}

describe('the report', () => {
  const turns = new Map<RowName, (Figures | undefined)[]>([
    ['fangbang-bun', [figures(20), figures(30), figures(22)]],
    ['nginx-lua-redis', [figures(25), undefined, figures(20)]],
    ['nginx-lua-redis-equal', [figures(40), figures(60), figures(44)]],
    ['fangbang-bun-shed', [figures(12), figures(18), figures(13)]],
  ]);
  const report = makeReport(turns, {
    notAvailable: [{ name: 'webdis', reason: 'no network' }],
    faults: [{ name: 'nginx-lua-redis', round: 1, reason: 'it ended' }],
    rounds: 1,
    turnsPerRound: 3,
    secondsPerMeasurement: 1,
    connections: 64,
    credentials: 50_000,
    machine: { cpu: 'a CPU' },
  });

  it('has a row with medians and spread for what was measured, and none for what was not', () => {
    expect(report.rows.map(({ name }) => name)).toEqual([
      'fangbang-bun',
      'nginx-lua-redis',
      'nginx-lua-redis-equal',
      'fangbang-bun-shed',
    ]);
    expect(report.rows[0]).toMatchObject({
      cpuUsPerRequest: 22,
      p99Ms: 5,
      spread: { cpuUsPerRequest: { min: 20, max: 30 } },
      measuredTurns: 3,
    });
    expect(report.rows[1]).toMatchObject({ cpuUsPerRequest: 22.5, measuredTurns: 2 });
  });

  it('has ratios of paired turns and what they are held against', () => {
    expect(report.ratios['fangbang-bun']?.['nginx-lua-redis-equal']?.median).toBe(0.5);
    expect(report.ratios['fangbang-bun']?.['nginx-lua-redis']).toEqual({ median: 0.95, min: 0.8, max: 1.1 });
    expect(report.targets).toEqual([
      { row: 'fangbang-bun', of: 'nginx-lua-redis-equal', atMost: 0.75, ratio: 0.5, held: true },
      { row: 'fangbang-bun', of: 'nginx-lua-redis', atMost: 1, ratio: 0.95, held: true },
      { row: 'fangbang-bun-shed', of: 'fangbang-bun', atMost: 0.5, ratio: 0.6, held: false },
    ]);
  });

  it('says as text what was measured, missed, failed and not there', () => {
    const text = showReport(report);
    expect(text).toMatch(/^fangbang-bun +22\.0 +20\.0–30\.0 /m);
    expect(text).toContain('not available: webdis: no network');
    expect(text).toContain('FAILED: nginx-lua-redis in round 1: it ended');
    expect(text).toContain('held    fangbang-bun / nginx-lua-redis-equal: 0.500, at most 0.75');
  });
});
