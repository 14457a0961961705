/**
 * @module The doubles of k6's modules hold a script to what k6 holds it to: else a green test of a script would
 * say nothing about k6.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { K6Result } from '../helpers/k6/run.ts';
import { K6_EXIT, runK6 } from '../helpers/k6/run.ts';

let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fangbang-k6-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'data.txt'), '张三');
  writeFileSync(join(folder, 'state.ts'), 'export const state = { calls: 0 };');
  server = createServer((request, response) => {
    if (request.url === '/never') return;
    response.setHeader('x-request-id', request.url ?? '');
    response.statusCode = request.url === '/missing' ? 404 : 200;
    response.end('成绩');
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const SCENARIO = `executor: 'constant-arrival-rate', rate: 3, duration: '2s', preAllocatedVUs: 1`;
const SIX_ITERATIONS = `export const options = { scenarios: { s: { ${SCENARIO} } } };`;

let scripts = 0;
function run(source: string, env: Record<string, string> = {}): Promise<K6Result> {
  scripts += 1;
  const script = join(folder, `script-${scripts}.ts`);
  writeFileSync(script, source);
  return runK6(script, { env: { URL: url, ...env }, cwd: folder });
}

test('a whole life: setup, iterations of two users, checks, metrics, thresholds, summary', async () => {
  const result = await run(`
    import { check } from 'k6';
    import http from 'k6/http';
    import exec from 'k6/execution';
    import { SharedArray } from 'k6/data';
    import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
    export const options = {
      scenarios: { s: { ${SCENARIO}, exec: 'go', tags: { part: 'a' } } },
      thresholds: {
        seen: ['count==6', 'count<6'],
        'took{odd:1}': ['p(50)==3', 'max<=5', 'avg>0'],
        'took{part:a}': ['min==0'],
        share: ['rate>=0.5'],
        last: ['value==5'],
        checks: ['rate==1'],
        http_req_duration: ['p(99)<10000'],
        iterations: ['count==6'],
      },
      summaryTrendStats: ['p(99)'],
    };
    const seen = new Counter('seen'), took = new Trend('took', true), share = new Rate('share'), last = new Gauge('last');
    const lines = new SharedArray('lines', () => [{ text: open('./data.txt') }]);
    import { state } from './state.ts';
    let mine = 0;
    export function setup() { return { at: new Date(0), text: http.get(__ENV.URL + '/setup').body }; }
    export function go(data: { at: string; text: string }): void {
      const n = exec.scenario.iterationInTest;
      mine += 1;
      state.calls += 1;
      const response = http.post(__ENV.URL + '/go', 'x', { headers: { A: 'b' }, tags: { kind: 'go' } });
      check(response, {
        'data came through JSON': () => data.at === '1970-01-01T00:00:00.000Z' && data.text === '成绩',
        'header names are canonical': (r) => r.headers['X-Request-Id'] === '/go' && r.headers['x-request-id'] === undefined,
        'each user has modules of its own': () => mine === __ITER + 1 && state.calls === mine,
        'the shared array is read': () => lines.length === 1 && lines[0].text === '张三' && Object.isFrozen(lines[0]),
      });
      seen.add(1); took.add(n, { odd: String(n % 2) }); share.add(n > 2); last.add(n);
    }
    export function handleSummary(data) {
      return { stdout: 'done', 'out.json': JSON.stringify(data.metrics.took.values) };
    }
  `);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(K6_EXIT.thresholdsMissed);
  expect(result.stdout).toBe('done');
  expect(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'))).toEqual({ 'p(99)': 4.95 });
  const thresholds = Object.entries(result.collected?.metrics ?? {}).flatMap(([name, metric]) =>
    Object.entries(metric.thresholds ?? {}).map(([expression, { ok }]) => [`${name} ${expression}`, ok]),
  );
  // Only the one that cannot hold is missed.
  expect(thresholds.filter(([, ok]) => ok !== true)).toEqual([['seen count<6', false]]);
  expect(thresholds.length).toBe(11);
  expect(Object.values(result.collected?.checks ?? {})).toEqual(
    Array.from({ length: 4 }, () => ({ passes: 6, fails: 0 })),
  );
});

test('a ramp plans the area under its rate', async () => {
  const result = await run(`
    export const options = { scenarios: { s: {
      executor: 'ramping-arrival-rate', startRate: 2, timeUnit: '1s', preAllocatedVUs: 1,
      stages: [{ duration: '2s', target: 4 }, { duration: '500ms', target: 4 }],
    } } };
    export default function () {}
  `);
  expect(result).toMatchObject({ code: K6_EXIT.passed, collected: { iterations: 8 } });
});

test('a request without an answer is status 0, after the timeout of the script', async () => {
  const result = await run(`
    import { check } from 'k6';
    import http from 'k6/http';
    ${SIX_ITERATIONS.replace('rate: 3', 'rate: 1').replace('2s', '1s')}
    export default function () {
      const late = http.get(__ENV.URL + '/never', { timeout: '0.05s' });
      const refused = http.get('http://127.0.0.1:9/');
      const missing = http.get(__ENV.URL + '/missing', { responseCallback: http.expectedStatuses(404) });
      check([late, refused], { 'no status, no body': (all) => all.every((r) => r.status === 0 && r.body === null && r.error !== '') });
      check(missing, { 'a status': (r) => r.status === 404 && r.body === '成绩' });
    }
  `);
  expect(result.collected?.checks).toEqual({
    'no status, no body': { passes: 1, fails: 0 },
    'a status': { passes: 1, fails: 0 },
  });
  // The 404 that was expected is no failed request.
  expect(result.collected?.metrics['http_req_failed']?.values).toMatchObject({ passes: 2, fails: 1 });
});

test('an iteration that throws is told and does not end the run', async () => {
  const result = await run(`${SIX_ITERATIONS} export default function () { throw new Error('oh'); }`);
  expect(result).toMatchObject({ code: K6_EXIT.passed, collected: { iterations: 6 } });
  expect(result.collected?.exceptions).toEqual(Array.from({ length: 6 }, () => 'oh'));
});

const GO = 'export default function () {}';

test.each([
  [
    'an unknown function',
    `export const options = { scenarios: { s: { ${SCENARIO}, exec: 'gone' } } }; ${GO}`,
    "function 'gone' not found",
  ],
  [
    'an unknown executor',
    `${SIX_ITERATIONS.replace('constant-arrival-rate', 'constant-rate')} ${GO}`,
    "unknown executor type 'constant-rate'",
  ],
  [
    'a misspelt field',
    `${SIX_ITERATIONS.replace('preAllocatedVUs', 'preAllocatedVus')} ${GO}`,
    'unknown field "preAllocatedVus"',
  ],
  [
    'a missing number of users',
    `${SIX_ITERATIONS.replace(', preAllocatedVUs: 1', '')} ${GO}`,
    'preAllocatedVUs must be a whole number',
  ],
  [
    'fewer users than kept ready',
    `${SIX_ITERATIONS.replace('preAllocatedVUs: 1', 'preAllocatedVUs: 2, maxVUs: 1')} ${GO}`,
    'maxVUs is below',
  ],
  ['a duration without a unit', `${SIX_ITERATIONS.replace("'2s'", "'2'")} ${GO}`, '"2" is no duration'],
  ['no scenario', `export const options = {}; ${GO}`, 'no scenarios'],
  ['an unknown option', `export const options = { threshold: {} }; ${GO}`, 'no option "threshold"'],
  [
    'a threshold on no metric',
    `${SIX_ITERATIONS} options.thresholds = { wrong_answer: ['count==0'] }; ${GO}`,
    'no metric name "wrong_answer" found',
  ],
  [
    'a threshold that is no expression',
    `${SIX_ITERATIONS} options.thresholds = { iterations: ['count=0'] }; ${GO}`,
    '"count=0" of iterations cannot be parsed',
  ],
  [
    'a threshold of another kind',
    `${SIX_ITERATIONS} options.thresholds = { iterations: ['p(99)<1'] }; ${GO}`,
    'a counter has no p(99)',
  ],
  [
    'a part of k6 that the double lacks',
    `import http from 'k6/http'; ${SIX_ITERATIONS} export function setup() { http.batch([]); } ${GO}`,
    'no http.batch',
  ],
  [
    'a parameter that the double lacks',
    `import http from 'k6/http'; ${SIX_ITERATIONS} export function setup() { http.get(__ENV.URL, { header: {} }); } ${GO}`,
    'no parameter "header"',
  ],
])('%s is refused as a configuration', async (_what, source, message) => {
  const result = await run(source);
  expect(result.stderr).toContain(message);
  expect(result.code).toBe(K6_EXIT.invalidConfig);
  expect(result.collected).toBeUndefined();
});

const INIT_ONLY = `import http from 'k6/http'; import exec from 'k6/execution'; import { SharedArray } from 'k6/data'; import { Counter } from 'k6/metrics';`;

test.each([
  ['a request in init', `http.get(__ENV.URL);`, '', 'http requests in the init context'],
  ['the iteration in init', `exec.scenario.iterationInTest;`, '', 'outside of the VU context'],
  ['a sample in init', `new Counter('c').add(1);`, '', 'cannot be added to in the init context'],
  ['a metric after init', '', `new Counter('c');`, 'must be declared in the init context'],
  ['a shared array after init', '', `new SharedArray('a', () => []);`, 'must be called in the init context'],
  ['a file after init', '', `open('./data.txt');`, 'only available in the init stage'],
  ['a shared array of no array', `new SharedArray('a', () => ({}));`, '', 'only arrays'],
  ['a metric with a hyphen', `new Counter('wrong-answers');`, '', "Invalid metric name: 'wrong-answers'"],
  ['Node’s URL', `new URL('http://x');`, '', 'URL is not defined'],
  ['Node’s process', `process.exit(0);`, '', 'process is not defined'],
  ['a browser’s fetch', '', `fetch('http://127.0.0.1');`, 'fetch is not defined'],
  ['a module of Node', `import 'node:fs';`, '', 'k6 has no module "node:fs"'],
  ['a package', `import 'zod';`, '', 'k6 has no module "zod"'],
  ['an unknown module', `import 'k6/nothing';`, '', 'modules/nothing.ts'],
])('%s is an exception of the script', async (_what, init, setup, message) => {
  const result = await run(
    `${INIT_ONLY} ${SIX_ITERATIONS} ${init} export function setup() { ${setup} } ${GO}`,
  );
  expect(result.stderr).toContain(message);
  expect(result.code).toBe(K6_EXIT.scriptException);
});
