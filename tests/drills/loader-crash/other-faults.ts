/**
 * @module Two loaders at once, no room for temporary files, files that were cut off: refused as a whole, or whole.
 *
 * Failure policy: what must be refused and is not is a fault of the tally; what cannot be run rejects.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Client } from 'pg';
import { runtimePath } from '../../../infra/local/hand-over.mjs';
import { Random } from '../../../loader-cli/sample/random.ts';
import { writeSample } from '../../../loader-cli/sample/write-sample.ts';
import { presetDefinition } from '../../helpers/batch.ts';
import type { CliResult } from '../../helpers/cli.ts';
import { contentOf, whatIsLeft } from './left.ts';
import { SERIES, type Stage } from './stage.ts';

export interface FaultTally {
  runs: number;
  readonly faults: string[];
}

export interface FaultStage {
  readonly stage: Stage;
  readonly monitor: Client;
  /** What a whole load of the stage's file holds. */
  readonly content: string;
}

const ROUNDS_OF_TWO = 6;

/** Each time two or one of them get through, never half of each; in every second round one of them is killed. */
export async function twoAtOnce({ stage, monitor, content }: FaultStage, seed: number): Promise<FaultTally> {
  const random = new Random(`two at once ${seed}`);
  const tally: FaultTally = { runs: 0, faults: [] };
  for (let round = 0; round < ROUNDS_OF_TWO; round += 1) {
    const before = await whatIsLeft(monitor);
    const killAfterMs = round % 2 === 1 ? 300 + random.below(2_000) : undefined;
    const load = (afterMs?: number): Promise<CliResult> =>
      stage.asLoader(['load', stage.file, '--series', SERIES, '--json'], {
        onStart: (child) => {
          if (afterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), afterMs);
        },
      });
    const results = await Promise.all([load(killAfterMs), load()]);
    const left = await whatIsLeft(monitor);
    const made = left.batches.filter((batch) => !before.batches.includes(batch));
    const name = `two at once, round ${round + 1}`;
    const done = results.filter(({ exitCode }) => exitCode === 0).length;
    const killed = results.filter(({ exitCode }) => exitCode === null).length;
    if (made.length < done || made.length > done + killed)
      tally.faults.push(`${name}: ${made.length} batches`);
    if (killAfterMs === undefined && done === 0) tally.faults.push(`${name}: neither got through`);
    for (const { exitCode, stdout } of results)
      if (exitCode !== 0 && exitCode !== null && codeOf(stdout) !== 'series-is-being-loaded')
        tally.faults.push(`${name}: refused with ${codeOf(stdout)}`);
    for (const batch of made)
      if ((await contentOf(monitor, batch)) !== content)
        tally.faults.push(`${name}: batch ${batch} is mixed`);
    tally.faults.push(...left.faults.map((fault) => `${name}: ${fault}`));
    tally.runs += 2;
  }
  return tally;
}

/** So many rows fill the blocks that are held in memory: from some 130,000 on, temporary files are written. */
const ROWS_ON_DISK = 180_000;
/** Blocks of 1,024 bytes that a file of the process may have: none, some, some more. */
const ROOM = [0, 64, 1_024] as const;
const MAIN = fileURLToPath(new URL('../../../loader-cli/main.ts', import.meta.url));

/** A limit on the size of files stands for the full disk: the write that goes beyond it fails just as well. */
export async function noRoom({ stage, monitor }: FaultStage, seed: number): Promise<FaultTally> {
  const tally: FaultTally = { runs: 0, faults: [] };
  const file = join(stage.folder, 'large.csv');
  const definition = presetDefinition('gaokao', SERIES);
  writeSample(definition, { rows: ROWS_ON_DISK, seed: `large ${seed}`, out: file, encoding: 'utf-8' });
  for (const runtime of ['bun', 'node'] as const) {
    for (const blocks of runtime === 'bun' ? ROOM : ROOM.slice(1, 2)) {
      const before = await whatIsLeft(monitor);
      const { exitCode, stdout } = await limited(stage, runtime, blocks, [
        'load',
        file,
        '--series',
        SERIES,
        '--json',
      ]);
      const left = await whatIsLeft(monitor);
      const name = `files of at most ${blocks} KB on ${runtime}`;
      if (exitCode !== 3 || codeOf(stdout) !== 'file-refused')
        tally.faults.push(`${name}: exit code ${exitCode}, ${codeOf(stdout)}`);
      if (left.batches.length !== before.batches.length) tally.faults.push(`${name}: a batch is there`);
      tally.faults.push(...left.faults.map((fault) => `${name}: ${fault}`));
      tally.runs += 1;
    }
  }
  return tally;
}

/** Without the trap the signal would end the process before it sees the error that a full disk gives. */
async function limited(
  stage: Stage,
  runtime: 'bun' | 'node',
  blocks: number,
  args: readonly string[],
): Promise<{ exitCode: number | null; stdout: string }> {
  const child = spawn(
    'bash',
    ['-c', `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`, 'bash', runtimePath(runtime), MAIN, ...args],
    {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...stage.loaderEnv },
      cwd: stage.folder,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  return { exitCode: await promise, stdout };
}

const CUTS = 8;

/**
 * Cut off in the middle of a line, of a compressed file, or behind a line, where nobody can see it in the file: then
 * it is another checksum, by which the approver refuses it.
 */
export async function cutOff({ stage, monitor }: FaultStage, seed: number): Promise<FaultTally> {
  const random = new Random(`cut off ${seed}`);
  const tally: FaultTally = { runs: 0, faults: [] };
  const bytes = readFileSync(stage.file);
  const packed = gzipSync(bytes);
  const cuts: (readonly [name: string, content: Buffer])[] = Array.from({ length: CUTS }, (_, i) => {
    const at = bytes.length * (0.05 + 0.9 * random.next());
    const line = bytes.lastIndexOf('\n', at) + 1;
    // Behind a line's end, or after its number, or inside its marks.
    const place = i % 4 === 0 ? line : line + 1 + random.below(40);
    return [`cut-${i}.csv`, bytes.subarray(0, place)];
  });
  cuts.push(['cut.csv.gz', packed.subarray(0, Math.floor(packed.length * (0.2 + 0.7 * random.next())))]);
  for (const [name, content] of cuts) {
    const path = join(stage.folder, name);
    writeFileSync(path, content);
    const before = await whatIsLeft(monitor);
    const result = await stage.asLoader(['load', path, '--series', SERIES, '--json']);
    const left = await whatIsLeft(monitor);
    const made = left.batches.filter((batch) => !before.batches.includes(batch));
    const isWholeLines = content.at(-1) === 0x0a && name.endsWith('.csv');
    if (isWholeLines) tally.faults.push(...(await judgeShorter(stage, name, made[0])));
    else if (result.exitCode !== 3 || made.length > 0)
      tally.faults.push(`${name}: exit code ${result.exitCode}, ${made.length} batches`);
    tally.faults.push(...left.faults.map((fault) => `${name}: ${fault}`));
    tally.runs += 1;
  }
  return tally;
}

/** Whoever approves by the checksum of the whole file is refused. */
async function judgeShorter(stage: Stage, name: string, batch: number | undefined): Promise<string[]> {
  if (batch === undefined) return [];
  const approve = [
    'approve',
    String(batch),
    '--checksum',
    stage.whole.checksum,
    '--not-before',
    'now',
    '--json',
  ];
  const { exitCode, stdout } = await stage.asLoader(approve, {
    env: { DATABASE_URL: stage.installation.approverUrl },
  });
  return exitCode === 4 && codeOf(stdout) === 'checksum-differs'
    ? []
    : [`${name}: approved by the checksum of the whole file: exit code ${exitCode}`];
}

function codeOf(stdout: string): string {
  try {
    return (JSON.parse(stdout) as { error?: { code?: string } }).error?.code ?? 'done';
  } catch {
    return 'no answer';
  }
}
