/**
 * @module One release as far as it is measured: load, warm and verify, each a process of its own.
 *
 * Failure policy: a verb that fails, or does not store every row, is a SetupError.
 */
import { join } from 'node:path';
import { checkout } from '../../../infra/local/checkout.ts';
import { runtimeFlags } from '../../../infra/local/hand-over.mjs';
import { SetupError } from '../../../infra/local/setup-error.ts';
import type { Timed } from './timed-child.ts';
import { runTimed } from './timed-child.ts';

export interface CliRun {
  readonly load: Timed;
  readonly warm: Timed;
  readonly verify: Timed;
  /** Of the batch, as the CLI prints it. */
  readonly checksum: string;
}

export interface CliOptions {
  readonly runtime: string;
  readonly env: NodeJS.ProcessEnv;
  readonly series: string;
  readonly file: string;
  readonly rows: number;
  readonly stop: AbortSignal;
}

/** Runs the three verbs. */
export async function runCli(options: CliOptions): Promise<CliRun> {
  const load = await runVerb(options, ['load', options.file, '--series', options.series]);
  const { batch, rows, checksum } = load.answer as {
    batch?: number;
    rows?: { accepted?: number };
    checksum?: string;
  };
  if (batch === undefined || checksum === undefined || rows?.accepted !== options.rows)
    throw new SetupError('"fangbang load" did not store every row.');
  const warm = await runVerb(options, ['warm', String(batch)]);
  const verify = await runVerb(options, ['verify', String(batch), '--file', options.file]);
  return { load: load.timed, warm: warm.timed, verify: verify.timed, checksum };
}

async function runVerb(
  { runtime, env, stop }: CliOptions,
  args: readonly string[],
): Promise<{ timed: Timed; answer: unknown }> {
  const timed = await runTimed({
    name: `"fangbang ${args[0] ?? ''}"`,
    command: runtime,
    args: [...runtimeFlags(runtime), join(checkout, 'loader-cli', 'main.ts'), ...args, '--json'],
    env,
    stop,
  });
  return { timed, answer: JSON.parse(timed.stdout) };
}
