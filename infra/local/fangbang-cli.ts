/**
 * @module The CLI as `npm start` uses it: a child process per verb, as a person would.
 *
 * Failure policy: a verb that ends with another code than 0 is a SetupError with its last words.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkout } from './checkout.ts';
import { runtimeFlags } from './hand-over.mjs';
import { SetupError } from './setup-error.ts';

export interface CliOptions {
  /** Path of Bun or Node. */
  readonly runtime: string;
  /** The whole environment: DATABASE_URL decides who is acting. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends the verb. */
  readonly abort: AbortSignal;
}

/** Runs a verb and returns its standard output. */
export async function runVerb(args: readonly string[], options: CliOptions): Promise<string> {
  const { runtime } = options;
  const main = join(checkout, 'loader-cli', 'main.ts');
  const child = spawn(runtime, [...runtimeFlags(runtime), main, ...args], {
    cwd: checkout,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.abort,
  });
  let output = '';
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? 1));
  const code = await promise;
  if (code === 0) return output;
  const words = complaint.trim().split('\n').slice(-4).join('\n  ');
  throw new SetupError(`"fangbang ${verbOf(args)}" ended with code ${code}:\n  ${words}`);
}

/** Runs a verb with `--json` and returns its one object. */
export async function askVerb(
  args: readonly string[],
  options: CliOptions,
): Promise<Record<string, unknown>> {
  const output = await runVerb([...args, '--json'], options);
  try {
    const answer: unknown = JSON.parse(output);
    if (typeof answer === 'object' && answer !== null) return { ...answer };
  } catch {
    // Said below.
  }
  throw new SetupError(`"fangbang ${verbOf(args)}" did not answer with one JSON object.`);
}

function verbOf(args: readonly string[]): string {
  const [first = '', second = ''] = args;
  return ['db', 'series'].includes(first) ? `${first} ${second}` : first;
}
