/**
 * @module `npm run rehearse`, judged as its users do: by standard output, standard error, exit code and report.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RehearsalRecord } from '../../loadtest/report/record.ts';
import { LAUNCH_TIMEOUT_MS, launchBrowser, overflowAt, visit } from '../helpers/browser.ts';
import { startAlteringProxy } from '../helpers/k6/altering-proxy.ts';
import { startTcpProxy, throughProxy } from '../../infra/local/tcp-proxy.ts';
import type { LoadedService } from '../helpers/k6/loaded-service.ts';
import { startLoadedService } from '../helpers/k6/loaded-service.ts';

const MAIN = fileURLToPath(new URL('../../loadtest/rehearse/main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function rehearse(
  args: readonly string[],
  onLine: (child: ChildProcess, line: string) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onLine(child, text);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  return { code: await promise, stdout, stderr };
}

function recordIn(folder: string): RehearsalRecord {
  return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as RehearsalRecord;
}

describe('npm run rehearse against a service', () => {
  let loaded: LoadedService;
  const reportIn = (name: string): string => join(loaded.folder, name);
  let runs = 0;
  const args = (url = loaded.service.url, report = 'report'): string[] => [
    ...`--profile smoke --url ${url} --credentials ${loaded.credentialsFile} --series ${loaded.series}`.split(
      ' ',
    ),
    ...`--rate 40 --seconds 3 --seed ${(runs += 1)} --report ${reportIn(report)}`.split(' '),
  ];

  beforeAll(async () => {
    loaded = await startLoadedService('rehearse-gaokao');
  });
  afterAll(async () => {
    await loaded?.close();
  });

  test('--json prints one object of the known fields, the rest on standard error, and a report', async () => {
    const { code, stdout, stderr } = await rehearse([...args(), '--json']);
    expect(stderr).toContain('held    wrong answers: 0 (0)');
    expect(stderr).toContain('held    honest requests answered right: 100.000%');
    expect(JSON.parse(stdout)).toEqual({
      profile: 'smoke',
      // How fast this machine is while it tests is not tested.
      passed: code === 0,
      wrongAnswers: 0,
      requests: expect.any(Number),
      ratePerSecond: expect.any(Number),
      p50Ms: expect.any(Number),
      p95Ms: expect.any(Number),
      p99Ms: expect.any(Number),
      report: join(reportIn('report'), 'report.html'),
      capacityPerSecond: null,
    });
    expect(stdout.trim().split('\n').length).toBe(1);
    const { run, summary } = recordIn(reportIn('report'));
    expect(run.outcomes.reduce((sum, { count }) => sum + count, 0)).toBe(summary.requests);
    expect(run.bySecond.reduce((sum, { due }) => sum + due, 0)).toBe(summary.requests);
    // Every kind came, and wrong guesses were refused.
    expect(new Set(run.outcomes.map(({ kind }) => kind))).toEqual(
      new Set(['first', 'repeat', 'wrong', 'series', 'page']),
    );
    expect(run.outcomes.every(({ outcome }) => outcome === 'right')).toBe(true);
  });

  test('one altered mark fails the run, and the report forbids to publish, naming the place and no value', async () => {
    const proxy = await startAlteringProxy(loaded.service.url, 20);
    const { code, stdout, stderr } = await rehearse(args(proxy.url, 'altered'));
    await proxy.close();
    expect(proxy.altered()).toBe(1);
    expect(code).toBe(1);
    expect(stdout).toContain('smoke: FAILED');
    expect(stdout).toContain('MISSED  wrong answers: 1 (0)');
    expect(stderr).toMatch(/^wrong answer in iteration \d+, (first|repeat): components\.[a-z-]+$/m);
    expect(readFileSync(join(reportIn('altered'), 'report.html'), 'utf8')).toContain('do not publish');
  });

  test('a service slowed by a few milliseconds is told from itself, by an earlier report', async () => {
    const baseline = join(reportIn('report'), 'report.json');
    const same = await rehearse([...args(undefined, 'same'), '--baseline', baseline]);
    const proxy = await startTcpProxy(Number(new URL(loaded.service.url).port));
    proxy.delay(recordIn(reportIn('report')).summary.p50Ms + 6);
    const slowed = await rehearse([
      ...args(throughProxy(loaded.service.url, proxy), 'slowed'),
      '--baseline',
      baseline,
    ]);
    await proxy.close();
    const missed = /MISSED  p50 of honest lookups, against the baseline/;
    expect(slowed.stdout).toMatch(missed);
    expect(slowed.code).toBe(1);
    expect(readFileSync(join(reportIn('slowed'), 'report.html'), 'utf8')).toContain(
      'Missed: p50 of honest lookups, against the baseline',
    );
    // Not because it misses everything: the same service is within the bound, unless the machine itself slowed down.
    expect(same.stdout).toContain('p50 of honest lookups, against the baseline');
    const p50 = (name: string): number => recordIn(reportIn(name)).summary.p50Ms;
    expect(p50('slowed') - p50('report')).toBeGreaterThan(6);
  });

  test('a service that goes away in the middle fails the run', async () => {
    const proxy = await startAlteringProxy(loaded.service.url, Number.POSITIVE_INFINITY);
    let closing: Promise<void> | undefined;
    const { code, stdout, stderr } = await rehearse(args(proxy.url, 'away'), (_child, line) => {
      if (line.startsWith('smoke:')) closing = sleep(2_000).then(() => proxy.close());
    });
    await closing;
    expect(code).toBe(1);
    expect(stdout).toContain('MISSED  honest requests answered right');
    expect(stderr).toContain('no response');
  });

  test('Ctrl-C ends the run in order, with what was measured and exit code 130', async () => {
    const stopped = [...args(undefined, 'stopped'), '--seconds', '600', '--json'];
    const { code, stdout, stderr } = await rehearse(stopped, (child, line) => {
      if (!line.startsWith('smoke:')) return;
      setTimeout(() => {
        child.kill('SIGINT');
        // The program that handed over passes the signal on: it comes twice.
        child.kill('SIGINT');
      }, 1_500);
    });
    expect(stderr.match(/stopping …/g)).toHaveLength(1);
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ passed: false, wrongAnswers: 0 });
    expect(readFileSync(join(reportIn('stopped'), 'report.html'), 'utf8')).toContain('stopped');
  });

  test.each([
    [['--profile', 'smoek'], 'There is no load profile "smoek": the profiles are smoke, release-day,'],
    [['--url', 'http://example.com'], 'The target is not this machine'],
    [['--series', 'nope'], 'The service has no series "nope": it lists rehearse-gaokao (open).'],
    [['--url', 'http://127.0.0.1:9'], 'No service answers at http://127.0.0.1:9'],
    [['--credentials', '/nowhere.csv'], 'The credentials file /nowhere.csv cannot be read.'],
    [['--rate', 'many'], '--rate takes a whole number'],
    [['--baseline', MAIN], 'is no report.json of a rehearsal'],
  ])('%j ends with exit code 2 and one sentence', async (changed, sentence) => {
    const { code, stdout, stderr } = await rehearse([...args(), ...changed]);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('--help prints the options with an example', async () => {
    const { code, stdout } = await rehearse(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('npm run rehearse -- --profile smoke');
  });
});

describe('npm run rehearse of a release', () => {
  let loaded: LoadedService;
  beforeAll(async () => {
    loaded = await startLoadedService('rehearse-release', { opensInMs: 3_600_000 });
  });
  afterAll(async () => {
    await loaded?.close();
  });

  test('early birds are sent away before T, the step at T is answered, and the report says both', async () => {
    await loaded.publishIn(12_000);
    await sleep(1_800);
    const report = join(loaded.folder, 'release');
    const { stdout, stderr } = await rehearse([
      ...`--profile release-day --no-capacity --rate 100 --seconds 3 --waiting-seconds 3 --json`.split(' '),
      ...`--url ${loaded.service.url} --credentials ${loaded.credentialsFile} --report ${report}`.split(' '),
    ]);
    // A machine that other tests keep busy may ask somebody to come back.
    expect(Number(/honest requests answered right: ([0-9.]+)%/.exec(stderr)?.[1])).toBeGreaterThan(95);
    expect(JSON.parse(stdout)).toMatchObject({ profile: 'release-day', wrongAnswers: 0 });
    const { run, releaseSecond } = recordIn(report);
    expect(releaseSecond).toBe(3);
    const count = (kind: string, status: number): number =>
      run.outcomes
        .filter((one) => one.kind === kind && one.status === status)
        .reduce((sum, one) => sum + one.count, 0);
    expect(count('early', 403)).toBeGreaterThan(10);
    expect(count('first', 200)).toBeGreaterThan(40);
    expect(run.firstResultAfterMs).toBeGreaterThanOrEqual(0);
    // The rate steps up at T.
    const dueIn = (from: number, to: number): number =>
      run.bySecond.slice(from, to).reduce((sum, { due }) => sum + due, 0);
    expect(dueIn(3, 6)).toBeGreaterThan(2 * dueIn(0, 3));
    expect(readFileSync(join(report, 'report.html'), 'utf8')).toContain('none got a result early');
  });
});

describe('npm run rehearse without an address', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-rehearse-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(
    'brings up a set of its own, finds C, plans and simulates, and leaves nothing running',
    async () => {
      const { stdout, stderr } = await rehearse([
        ...`--profile breakpoint --candidates 300 --rate 300 --step-seconds 1 --plan 20000 --json`.split(' '),
        ...`--report ${folder}`.split(' '),
      ]);
      const { url, summary, record } = {
        url: /to (http:\S+),/.exec(stderr)?.[1] ?? '',
        summary: JSON.parse(stdout) as Record<string, unknown>,
        record: recordIn(folder),
      };
      expect(summary).toMatchObject({ profile: 'breakpoint', wrongAnswers: 0 });
      expect(record.isLocalSet).toBe(true);
      expect(record.capacity?.steps.length).toBeGreaterThan(1);
      expect(record.redisBytesPerCandidate).toBeGreaterThan(40);
      expect(record.run.samples.some(({ service }) => (service ?? 0) > 0)).toBe(true);
      // A machine that is busy with other tests may hold less than 300/s.
      expect(record.plans.length).toBe(summary['capacityPerSecond'] === null ? 0 : 2);
      await expect(fetch(`${url}/v1/series`)).rejects.toThrow('fetch failed');
      await expectStandsAlone(join(folder, 'report.html'));
    },
    LAUNCH_TIMEOUT_MS,
  );
});

/** One file that needs no network and no script, whose links lead somewhere, and that fits a phone. */
async function expectStandsAlone(file: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    const { page, requests, complaints } = await visit(browser);
    await page.goto(pathToFileURL(file).href);
    expect(requests).toEqual([`GET ${file}`]);
    expect(complaints).toEqual([]);
    expect(await page.locator('script, link, img, iframe').count()).toBe(0);
    expect(await page.locator('svg').count()).toBeGreaterThan(3);
    const links = await page.locator('a').evaluateAll((all) => all.map((a) => a.getAttribute('href') ?? ''));
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(await page.locator(link).count(), link).toBe(1);
    expect(await overflowAt(page, 360)).toEqual([]);
  } finally {
    await browser.close();
  }
}
