/**
 * @module One run of schemathesis over a description, and its verdict.
 *
 * Failure policy: a run that does not come to its end, or says no verdict, rejects with the last lines of its log;
 * failures of the service are part of the verdict.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface FuzzRun {
  /** Path of `st`. */
  readonly program: string;
  /** For the description, the log and the verdict. */
  readonly folder: string;
  /** Of these files. */
  readonly name: string;
  readonly url: string;
  readonly document: unknown;
  readonly seed: number;
  /** Generated cases for each operation and phase, at most. */
  readonly maxExamples: number;
  /** All of schemathesis's, or those in which chance has a part. */
  readonly phases: 'all' | 'random';
  readonly env: NodeJS.ProcessEnv;
  readonly stop: AbortSignal;
}

export interface FuzzVerdict {
  readonly cases: number;
  readonly casesWithFailures: number;
  /** What failed and how often, in schemathesis's words. */
  readonly failures: readonly string[];
  readonly logFile: string;
}

const CONFIG = fileURLToPath(new URL('./schemathesis.toml', import.meta.url));
const PHASES = { all: 'examples,coverage,fuzzing,stateful', random: 'fuzzing,stateful' } as const;

const verdictSchema = z.object({
  complete: z.literal(true),
  exit_code: z.number(),
  test_cases: z.object({ generated: z.number(), with_failures: z.number() }),
  failures: z.array(z.object({ title: z.string(), count: z.number(), operations: z.array(z.string()) })),
  errors: z.array(z.object({ title: z.string(), count: z.number() })),
});

export async function fuzz(run: FuzzRun): Promise<FuzzVerdict> {
  const { folder, name } = run;
  const documentFile = join(folder, `${name}.openapi.json`);
  const reportFile = join(folder, `${name}.report.json`);
  const logFile = join(folder, `${name}.log`);
  writeFileSync(documentFile, JSON.stringify(run.document));
  rmSync(reportFile, { force: true });
  const code = await runProgram(run, logFile, [
    ...['--config-file', CONFIG, '--no-color', 'run', documentFile, '--url', run.url],
    ...['--checks', 'all', '--mode', 'all', '--phases', PHASES[run.phases]],
    ...['--max-examples', String(run.maxExamples), '--seed', String(run.seed)],
    // What an earlier run found must not change what this one generates.
    ...['--generation-database', 'none', '--continue-on-failure', '--warnings', 'off'],
    ...['--report', 'json', '--report-json-path', reportFile],
  ]);
  run.stop.throwIfAborted();
  const report = existsSync(reportFile)
    ? verdictSchema.safeParse(JSON.parse(readFileSync(reportFile, 'utf8'))).data
    : undefined;
  if (report === undefined)
    throw new Error(`schemathesis ended with ${code} and no verdict, see ${logFile}:\n${tail(logFile)}`);
  const failures = [
    ...report.failures.map((one) => `${one.title}: ${one.count} × at ${one.operations.join(', ')}`),
    ...report.errors.map((one) => `${one.title}: ${one.count} ×`),
  ];
  if (code !== 0 && failures.length === 0) failures.push(`schemathesis ended with exit code ${code}`);
  return {
    cases: report.test_cases.generated,
    casesWithFailures: report.test_cases.with_failures,
    failures,
    logFile,
  };
}

async function runProgram(run: FuzzRun, logFile: string, args: readonly string[]): Promise<number> {
  const log = openSync(logFile, 'w', 0o600);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const child = spawn(run.program, args, {
      cwd: run.folder,
      env: run.env,
      stdio: ['ignore', log, log],
    });
    const end = (): void => void child.kill('SIGTERM');
    run.stop.addEventListener('abort', end, { once: true });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
    const code = await promise;
    run.stop.removeEventListener('abort', end);
    return code;
  } finally {
    closeSync(log);
  }
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').slice(-15).join('\n');
}
