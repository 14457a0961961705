/**
 * @module `npm run rehearse`, judged as its users do: by standard output, standard error and exit code.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAlteringProxy } from '../helpers/k6/altering-proxy.ts';
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
  onLine: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr === '') onLine(child);
    stderr += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  return { code: await promise, stdout, stderr };
}

describe('npm run rehearse', () => {
  let loaded: LoadedService;
  const args = (url = loaded.service.url): string[] =>
    `--profile smoke --url ${url} --credentials ${loaded.credentialsFile} --series ${loaded.series} --rate 40 --seconds 3`.split(
      ' ',
    );

  beforeAll(async () => {
    loaded = await startLoadedService('rehearse-gaokao');
  });
  afterAll(async () => {
    await loaded?.close();
  });

  test('--json prints one object of the known fields, and the rest on standard error', async () => {
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
      report: null,
      capacityPerSecond: null,
    });
    expect(stdout.trim().split('\n').length).toBe(1);
  });

  test('one altered mark fails the run and is told by its place, not by its value', async () => {
    const proxy = await startAlteringProxy(loaded.service.url, 20);
    const { code, stdout, stderr } = await rehearse(args(proxy.url));
    await proxy.close();
    expect(proxy.altered()).toBe(1);
    expect(code).toBe(1);
    expect(stdout).toContain('smoke: FAILED');
    expect(stdout).toContain('MISSED  wrong answers: 1 (0)');
    expect(stderr).toMatch(/^wrong answer in iteration \d+, (first|repeat): components\.[a-z-]+$/m);
  });

  test('a service that goes away in the middle fails the run', async () => {
    const proxy = await startAlteringProxy(loaded.service.url, Number.POSITIVE_INFINITY);
    const { code, stdout, stderr } = await rehearse(args(proxy.url), () => {
      setTimeout(() => void proxy.close(), 1_200);
    });
    expect(code).toBe(1);
    expect(stdout).toContain('MISSED  requests sent');
    expect(stderr).toContain('no response');
  });

  test('Ctrl-C ends the run in order, with what was measured and exit code 130', async () => {
    const { code, stdout, stderr } = await rehearse([...args(), '--seconds', '600', '--json'], (child) => {
      setTimeout(() => {
        child.kill('SIGINT');
        // The program that handed over passes the signal on: it comes twice.
        child.kill('SIGINT');
      }, 1_200);
    });
    expect(stderr.match(/stopping …/g)).toHaveLength(1);
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ passed: false, wrongAnswers: 0 });
  });

  test.each([
    [['--profile', 'smoek'], 'There is no load profile "smoek": the profiles are smoke.'],
    [['--url', 'http://example.com'], 'The target is not this machine'],
    [['--series', 'nope'], 'The service has no series "nope": it lists rehearse-gaokao (open).'],
    [['--url', 'http://127.0.0.1:9'], 'No service answers at http://127.0.0.1:9.'],
    [['--credentials', '/nowhere.csv'], 'The credentials file /nowhere.csv cannot be read.'],
    [['--rate', 'many'], '--rate takes a whole number'],
  ])('%j ends with exit code 2 and one sentence', async (changed, sentence) => {
    const { code, stdout, stderr } = await rehearse([...args(), ...changed]);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n').length).toBe(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('--help prints the options with an example', async () => {
    const { code, stdout } = await rehearse(['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('Example: npm run rehearse -- --profile smoke');
  });
});
