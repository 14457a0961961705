/**
 * @module `npm test`: format, lint, types, then all tests with throw-away stores.
 *
 *     npm test                              everything
 *     npm test -- tests/unit/digest.test.ts the checks, then vitest with these arguments
 *     npm test -- --only unit               one kind of tests, without the checks (npm run test:unit)
 *
 * DATABASE_URL, when given, is a superuser of a Postgres 16 or later on which the tests create and drop databases and
 * roles whose names begin with `fangbang_test_`. REDIS_URL, when given, is a Redis alone for the tests: they empty
 * every database of it but number 0, where they count; it needs at least 16 databases and no cluster.
 *
 * Failure policy: the first step that fails ends the run with its exit code, or 1, and is named. Whatever
 * ends the run, also Ctrl-C, the stores are stopped and their folders removed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { checkout } from './checkout.ts';
import { dropWhatOldRunsLeft, dropWhatTestsLeft } from './test-leftovers.ts';
import { throwAwayFolder, unprivilegedUser } from './private-folder.ts';
import { SetupError, sentenceFor } from './setup-error.ts';
import { bringUpStores } from './stores.ts';

const kinds = ['unit', 'integration', 'e2e'];

interface Step {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

const checks: readonly Step[] = [
  { name: 'format (npm run format mends it)', script: 'oxfmt/bin/oxfmt', args: ['--check'] },
  { name: 'lint', script: 'oxlint/bin/oxlint', args: [] },
  { name: 'types', script: 'typescript/bin/tsc', args: ['--noEmit'] },
  // k6 has globals of its own and none of Node's.
  {
    name: 'types of the k6 scripts',
    script: 'typescript/bin/tsc',
    args: ['--noEmit', '-p', 'loadtest/k6/tsconfig.json'],
  },
];

const environment = process.env;
let current: ChildProcess | undefined;
let interruptedBy: NodeJS.Signals | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interruptedBy = signal;
    current?.kill(signal);
  });
}

try {
  await main(process.argv.slice(2));
} catch (fault) {
  console.error(`fangbang: ${sentenceFor(fault)}`);
  process.exitCode = 1;
}
if (interruptedBy !== undefined) {
  // Whoever started us learns that it was a signal.
  process.removeAllListeners(interruptedBy);
  process.kill(process.pid, interruptedBy);
}

async function main(args: readonly string[]): Promise<void> {
  const { only, rest } = readArguments(args);
  if (only === undefined) {
    for (const check of checks) if (!(await passes(check, environment))) return;
  }
  const projects = only === undefined ? [] : ['--project', only];
  const tests = { name: 'tests', script: 'vitest/vitest.mjs', args: ['run', ...projects, ...rest] };
  // What tests leave in the folder for temporary files goes with it.
  const temporary = throwAwayFolder('test', unprivilegedUser());
  const env = {
    ...environment,
    TMPDIR: temporary.path,
    // Of a service that starts on Node, compiling takes half of the time; e2e tests start some hundred.
    NODE_COMPILE_CACHE: join(temporary.path, 'compiled'),
  };
  try {
    // Unit tests know no store.
    if (only === 'unit') await passes(tests, env);
    else await withStores(env, async (storeEnvironment) => await passes(tests, storeEnvironment));
  } finally {
    temporary.remove();
  }
}

function readArguments(args: readonly string[]): { only: string | undefined; rest: readonly string[] } {
  const at = args.indexOf('--only');
  if (at < 0) return { only: undefined, rest: args };
  const only = args[at + 1];
  if (only === undefined || !kinds.includes(only)) {
    throw new SetupError(`--only takes one of ${kinds.join(', ')}.`);
  }
  return { only, rest: args.toSpliced(at, 2) };
}

/** Runs one step on this Node, on our own terminal; sets the exit code when it fails. */
async function passes(step: Step, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (interruptedBy !== undefined) return false;
  const script = join(checkout, 'node_modules', step.script);
  const child = spawn(process.execPath, [script, ...step.args], { cwd: checkout, stdio: 'inherit', env });
  current = child;
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  const code = await promise;
  current = undefined;
  if (code === 0 || interruptedBy !== undefined) return code === 0;
  console.error(`\nfangbang: failed at: ${step.name}`);
  process.exitCode = code;
  return false;
}

async function withStores(
  env: NodeJS.ProcessEnv,
  run: (storeEnvironment: NodeJS.ProcessEnv) => Promise<unknown>,
): Promise<void> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, ...rest } = env;
  const stores = await bringUpStores({
    persistent: false,
    databaseUrl,
    redisUrl,
    searchPath: environment['PATH'] ?? '',
    say: (line) => console.error(line),
  });
  const runName = randomBytes(4).toString('hex');
  if (databaseUrl !== undefined) await dropWhatOldRunsLeft(databaseUrl);
  try {
    // Without DATABASE_URL and REDIS_URL: a test says itself which database it means.
    await run({
      ...rest,
      FANGBANG_TEST_DATABASE_URL: stores.databaseUrl,
      FANGBANG_TEST_REDIS_URL: stores.redisUrl,
      FANGBANG_TEST_RUN: runName,
    });
    if (databaseUrl !== undefined) await dropWhatTestsLeft(databaseUrl, runName);
  } finally {
    await stores.stop();
  }
}
