/**
 * What `npm run bench:loader` is asked for, computes and says.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError, readOptions } from '../../loadtest/bench/loader/options.ts';
import { writePipeFile } from '../../loadtest/bench/loader/pipe-file.ts';
import type { Round } from '../../loadtest/bench/loader/report.ts';
import { makeReport, reportLines } from '../../loadtest/bench/loader/report.ts';
import type { Timed } from '../../loadtest/bench/loader/timed-child.ts';
import { endedChildrenTicks, peakIn, runTimed } from '../../loadtest/bench/loader/timed-child.ts';

describe('options', () => {
  it('without any: a million rows, three rounds, the fastest runtime', () => {
    expect(readOptions([])).toEqual({
      rows: 1_000_000,
      rounds: 3,
      runtime: 'fastest',
      encoding: 'utf-8',
      json: false,
    });
  });

  it.each([
    [['--rows', '10']],
    [['--rows', '1e6']],
    [['--rounds', '0']],
    [['--runtime', 'deno']],
    [['--encoding', 'latin1']],
    [['--rows']],
    [['--what']],
    [['file.csv']],
  ])('%j is refused', (args) => {
    expect(() => readOptions(args)).toThrow(UsageError);
  });

  it('help is no measurement', () => {
    expect(readOptions(['--help'])).toBeUndefined();
  });
});

function timed(seconds: number, peakRssMb = 10): Timed {
  return { seconds, cpuSeconds: seconds / 2, peakRssMb, stdout: '' };
}

/** A round on a machine that is so many times slower. */
function round(slow: number, load = 4): Round {
  return {
    floor: { csvParse: timed(slow * 2), copy: timed(slow), redisPipe: timed(slow) },
    cli: {
      load: timed(slow * load, 200 * slow),
      warm: timed(slow * 2, 100),
      verify: timed(slow * 9, 150),
      checksum: '',
    },
  };
}

describe('report', () => {
  it('is of medians: one slow round does not count', () => {
    const report = makeReport(1_000, [round(1), round(10), round(1)]);
    expect(report).toMatchObject({ rows: 1_000, floorSeconds: 4, seconds: 6, ratio: 1.5, rounds: 3 });
    expect(report.ratioOfRounds).toEqual({ median: 1.5, min: 1.5, max: 1.5 });
    expect(report.verify.seconds).toBe(9);
  });

  it('the peak is the highest of all rounds and verbs', () => {
    expect(makeReport(1_000, [round(1), round(2), round(1)]).peakRssMb).toBe(400);
  });

  it.each([
    ['at the limits', [round(1, 6)], true],
    ['slower', [round(1, 6.1)], false],
    ['larger', [round(2.01)], false],
  ])('%s', (_, rounds, withinLimits) => {
    const report = makeReport(1_000, rounds);
    expect(report.withinLimits).toBe(withinLimits);
    expect(reportLines(report).at(-1)).toMatch(withinLimits ? /^within 2 × and 400 MB$/ : /^ABOVE/);
  });
});

describe('a timed child', () => {
  it('reads the CPU of ended children and the peak from /proc', () => {
    expect(endedChildrenTicks('7 (a) b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16')).toBe(13 + 14);
    expect(peakIn('VmPeak:\t  9 kB\nVmHWM:\t  123456 kB\nVmRSS:\t 5 kB\n')).toBe(123_456);
    expect(peakIn('Name:\tgone\n')).toBe(0);
  });

  it('tells what a program printed, used and held', async () => {
    const script =
      'const a = Buffer.alloc(100 * 2 ** 20, 1); const end = Date.now() + 400; while (Date.now() < end); console.log(a.length)';
    const result = await runTimed({
      name: 'a program',
      command: process.execPath,
      args: ['-e', script],
      env: {},
      stop: new AbortController().signal,
    });
    expect(result.stdout).toBe(`${100 * 2 ** 20}\n`);
    expect(result.peakRssMb).toBeGreaterThan(100);
    expect(result.seconds).toBeGreaterThanOrEqual(0.4);
    expect(result.cpuSeconds).toBeGreaterThan(0);
  });

  it('a program that fails is told with its last words', async () => {
    const run = runTimed({
      name: 'the program',
      command: process.execPath,
      args: ['-e', 'console.error("no room"); process.exit(3)'],
      env: {},
      stop: new AbortController().signal,
    });
    await expect(run).rejects.toThrow(/the program ended with code 3:\n\s+no room/);
  });
});

describe('what redis-cli --pipe reads', () => {
  it('is so many SETs of keys and values of a slip’s size, no two keys alike', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fangbang-pipe-'));
    try {
      const path = join(folder, 'pipe');
      writePipeFile(path, 10_001);
      const bytes = readFileSync(path, 'latin1');
      const one = /\*3\r\n\$3\r\nSET\r\n\$21\r\n([^]{21})\r\n\$42\r\n[^]{42}\r\n/y;
      const keys = new Set<string>();
      for (let match = one.exec(bytes); match !== null; match = one.exec(bytes)) keys.add(match[1] ?? '');
      expect(keys.size).toBe(10_001);
      expect(bytes.length).toBe(10_001 * 90);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
