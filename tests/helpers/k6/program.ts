/**
 * @module The process in which a k6 script runs: arguments are the script, its variables as JSON, and the most
 * iterations. Ends with k6's exit codes.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, resolve as resolvePath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidConfig } from './faults.ts';
// Here, while its own globals are still there.
import './modules/http.ts';
import { summaryValues } from './metric-values.ts';
import type { K6Collected } from './run.ts';
import { K6_EXIT } from './run.ts';
import { addSample, requirePhase, runtime } from './runtime.ts';
import type { PlannedScenario } from './scenarios.ts';
import { planScenarios } from './scenarios.ts';
import type { Threshold } from './thresholds.ts';
import { parseThresholds } from './thresholds.ts';

/** Virtual users: two are enough to find state that a script wrongly thinks is shared. */
const USERS = 2;
/** k6's own, when a script says nothing. */
const DEFAULT_TREND_STATS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'];

/** In k6 these do not exist; a script that uses them works here and fails there. */
const NOT_IN_K6 = [
  'process',
  'Buffer',
  'URL',
  'URLSearchParams',
  'TextEncoder',
  'TextDecoder',
  'fetch',
  'structuredClone',
  'setImmediate',
  'performance',
  'require',
  'Intl',
];

type Script = Readonly<Record<string, unknown>>;

const [, , scriptArgument = '', variables = '{}', maxIterations = '0'] = process.argv;
const script = pathToFileURL(resolvePath(scriptArgument)).href;
const scriptFolder = dirname(resolvePath(scriptArgument));
const { stdout, stderr } = process;
const processExit = process.exit.bind(process);
const processSend = process.send?.bind(process);

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === 'k6' || specifier.startsWith('k6/')) {
      const name = specifier === 'k6' ? 'k6' : specifier.slice(3);
      return nextResolve(`./modules/${name}.ts`, { ...context, parentURL: import.meta.url });
    }
    const user = context.parentURL?.match(/\?vu=\d+$/)?.[0];
    if (user === undefined) return nextResolve(specifier, context);
    // A script that k6 runs unbundled has no packages.
    if (!specifier.startsWith('.')) throw new Error(`k6 has no module "${specifier}"`);
    // A virtual user has modules of its own, down to the last one.
    const resolved = nextResolve(specifier, context);
    return { ...resolved, url: `${resolved.url}${user}` };
  },
});

Object.assign(globalThis, {
  __ENV: JSON.parse(variables) as Record<string, string>,
  __VU: 0,
  __ITER: 0,
  open: (path: string): string => {
    requirePhase(['init'], 'the "open()" function is only available in the init stage');
    return readFileSync(resolvePath(scriptFolder, path), 'utf8');
  },
});
for (const name of NOT_IN_K6) Reflect.deleteProperty(globalThis, name);

try {
  await run();
} catch (fault) {
  stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\n`);
  processExit(fault instanceof InvalidConfig ? K6_EXIT.invalidConfig : K6_EXIT.scriptException);
}

async function run(): Promise<void> {
  const loaded = await loadUser(0);
  const options = (loaded['options'] ?? {}) as Record<string, unknown>;
  const functions = Object.keys(loaded).filter((name) => typeof loaded[name] === 'function');
  const scenarios = planScenarios(options, new Set(functions));
  const thresholds = parseThresholds(options['thresholds'], runtime.metrics);
  const users: Script[] = [];
  for (let vu = 1; vu <= USERS; vu += 1) users.push(await loadUser(vu));
  const summaryUser = await loadUser(USERS + 1);

  const startedMs = Date.now();
  runtime.phase = 'setup';
  const data = asJson(call(loaded, 'setup'));
  runtime.phase = 'iteration';
  const loadStartedMs = Date.now();
  const exceptions = scenarios.flatMap((scenario) => {
    waitUntil(loadStartedMs + scenario.startSeconds * 1_000);
    return iterate(scenario, users, data, options);
  });
  runtime.phase = 'teardown';
  call(loaded, 'teardown', asJson(data));

  const seconds = (Date.now() - startedMs) / 1_000;
  const metrics = summarise(thresholds, options, seconds);
  runtime.phase = 'summary';
  const summary = { metrics, state: { testRunDurationMs: seconds * 1_000 }, options: {}, setup_data: data };
  writeSummary(call(summaryUser, 'handleSummary', summary));

  const collected: K6Collected = {
    iterations: runtime.metrics.get('iterations')?.samples.length ?? 0,
    scenarios: Object.fromEntries(
      scenarios.map(({ name }) => [
        name,
        runtime.metrics.get('iterations')?.samples.filter(({ tags }) => tags['scenario'] === name).length ??
          0,
      ]),
    ),
    checks: Object.fromEntries(runtime.checks),
    metrics,
    exceptions,
  };
  const held = Object.values(metrics).every((metric) =>
    Object.values(metric.thresholds ?? {}).every(({ ok }) => ok),
  );
  const code = held ? K6_EXIT.passed : K6_EXIT.thresholdsMissed;
  processSend?.(collected, undefined, undefined, () => processExit(code));
}

/** The script's modules for one virtual user: its init code runs here. */
async function loadUser(vu: number): Promise<Script> {
  runtime.phase = 'init';
  Object.assign(globalThis, { __VU: vu });
  return (await import(`${script}?vu=${vu}`)) as Script;
}

function iterate(
  scenario: PlannedScenario,
  users: readonly Script[],
  data: unknown,
  options: Readonly<Record<string, unknown>>,
): string[] {
  const exceptions: string[] = [];
  const testTags = (options['tags'] ?? {}) as Record<string, string>;
  for (let i = 0; i < Math.min(scenario.iterations, Number(maxIterations)); i += 1) {
    const vu = (i % users.length) + 1;
    Object.assign(globalThis, { __VU: vu, __ITER: Math.floor(i / users.length) });
    runtime.iteration = { inTest: i, vu, scenario: scenario.name, tags: { ...testTags, ...scenario.tags } };
    const startedMs = Date.now();
    try {
      call(users[vu - 1] ?? {}, scenario.exec, asJson(data));
    } catch (fault) {
      // k6 logs it and goes on; options that the double does not know are the double's own fault.
      if (fault instanceof InvalidConfig) throw fault;
      exceptions.push(fault instanceof Error ? fault.message : String(fault));
      stderr.write(`${exceptions.at(-1)}\n`);
    }
    addSample('iterations', 1);
    addSample('iteration_duration', Date.now() - startedMs);
  }
  return exceptions;
}

/** A scenario never begins before its startTime; one that is late does not wait for another. */
function waitUntil(atMs: number): void {
  const leftMs = atMs - Date.now();
  if (leftMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, leftMs);
}

/** Calls an exported function if there is one. */
function call(from: Script, name: string, argument?: unknown): unknown {
  const exported = from[name];
  if (typeof exported !== 'function') return undefined;
  const result: unknown = exported(argument);
  if (result instanceof Promise) throw new InvalidConfig(`the double of k6 runs no async function: ${name}`);
  return result;
}

/** What setup returns reaches the others as JSON. */
function asJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function summarise(
  thresholds: readonly Threshold[],
  options: Readonly<Record<string, unknown>>,
  seconds: number,
): K6Collected['metrics'] {
  const trendStats = (options['summaryTrendStats'] ?? DEFAULT_TREND_STATS) as string[];
  const metrics: Record<
    string,
    { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }
  > = {};
  for (const [name, metric] of runtime.metrics) {
    // k6 shows a metric once it has a sample, or a threshold.
    if (metric.samples.length === 0 && !thresholds.some(({ key }) => key === name)) continue;
    metrics[name] = { values: summaryValues(metric, trendStats, seconds) };
  }
  for (const { key, expression, holds } of thresholds) {
    const entry = (metrics[key] ??= { values: {} });
    entry.thresholds = { ...entry.thresholds, [expression]: { ok: holds(runtime.metrics, seconds) } };
  }
  return metrics;
}

function writeSummary(outputs: unknown): void {
  for (const [target, content] of Object.entries((outputs ?? {}) as Record<string, string>)) {
    if (target === 'stdout') stdout.write(content);
    else if (target === 'stderr') stderr.write(content);
    else writeFileSync(target, content);
  }
}
