/**
 * @module The stage of the drill: own stores, two persons, two whole batches of a series that can be opened in
 * turns (a load and a correction of it), a service that answers from them, and files to load.
 *
 * Failure policy: what cannot be had rejects; the drill's frame undoes what was started.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSample } from '../../../loader-cli/sample/write-sample.ts';
import type { Installation } from '../../helpers/batch.ts';
import { presetDefinition } from '../../helpers/batch.ts';
import { runCli, type CliOptions, type CliResult } from '../../helpers/cli.ts';
import { makeOwnInstallation } from '../../helpers/own-installation.ts';
import { startService, type RunningService } from '../../helpers/service.ts';
import { startOwnPostgres, startOwnRedis } from '../../helpers/stores.ts';
import type { Drill } from '../common/drill.ts';

export const SERIES = 'zj-gaokao-2026';
/** Of the sample's columns; the last, where 暂缓 withholds the result. */
const STATUS = /,[^,]*$/;

export interface Reference {
  readonly number: number;
  readonly checksum: string;
}

export interface Stage {
  readonly installation: Installation;
  readonly folder: string;
  /** Path of the series' definition. */
  readonly definitionFile: string;
  /** The whole official file. */
  readonly file: string;
  /** What the victims correct: other candidates than those of the correction that is there already. */
  readonly correction: string;
  /** The two batches that are opened in turns. */
  readonly whole: Reference;
  readonly corrected: Reference;
  readonly service: RunningService;
  /** Every row of the file, and whether the correction withholds it. */
  readonly rows: readonly { readonly cells: readonly string[]; readonly isCorrected: boolean }[];
  readonly asLoader: (args: readonly string[], options?: CliOptions) => Promise<CliResult>;
  /** Loads are sent through it when the drill sabotages them. */
  readonly loaderEnv: Readonly<Record<string, string>>;
  /** Warms, verifies and approves a batch. */
  readonly makeReady: (batch: Reference, file: string) => Promise<void>;
}

/** The JSON of a verb that must succeed. */
export async function done(run: Promise<CliResult>): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await run;
  if (exitCode !== 0) throw new Error(`fangbang ended with exit code ${exitCode}:\n${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

export async function setStage({ undo, progress, seed }: Drill, rowCount: number): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-drill-'));
  undo(() => rmSync(folder, { recursive: true, force: true }));
  const installation = await progress('Postgres and Redis', async () => {
    const postgres = await startOwnPostgres();
    undo(postgres.discard);
    const redis = await startOwnRedis();
    undo(redis.discard);
    return await makeOwnInstallation(postgres.url, redis.url);
  });
  const loaderEnv = {
    DATABASE_URL: installation.loaderUrl,
    REDIS_URL: installation.redisUrl ?? 'none',
    FANGBANG_PEPPER_FILE: installation.pepperFile,
  };
  const asLoader: Stage['asLoader'] = (args, options = {}) =>
    runCli(args, { cwd: folder, ...options, env: { ...loaderEnv, ...options.env } });
  const definition = presetDefinition('gaokao', SERIES);
  const definitionFile = join(folder, 'gaokao.yaml');
  writeFileSync(definitionFile, definition.source);
  const file = join(folder, 'results.csv');
  writeSample(definition, { rows: rowCount, seed: String(seed), out: file, encoding: 'utf-8' });
  const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const withheld = (name: string, at: number): string => {
    const path = join(folder, name);
    const some = lines.filter((_, i) => i % 10 === at).map((line) => line.replace(STATUS, ',暂缓'));
    writeFileSync(path, [header, ...some, ''].join('\n'));
    return path;
  };
  const first = withheld('first-correction.csv', 0);

  const makeReady: Stage['makeReady'] = async ({ number, checksum }, path) => {
    await done(asLoader(['warm', String(number), '--json']));
    await done(asLoader(['verify', String(number), '--file', path, '--json']));
    const approve = [
      'approve',
      String(number),
      '--checksum',
      checksum,
      '--not-before',
      '2020-01-01T00:00:00Z',
    ];
    await done(asLoader([...approve, '--json'], { env: { DATABASE_URL: installation.approverUrl } }));
  };
  const { whole, corrected } = await progress(
    `two batches of ${rowCount.toLocaleString('en')} rows`,
    async () => {
      await done(asLoader(['series', 'add', definitionFile, '--json']));
      const one = referenceOf(await done(asLoader(['load', file, '--series', SERIES, '--json'])));
      await makeReady(one, file);
      await done(asLoader(['publish', String(one.number), '--at', 'now', '--json']));
      const two = referenceOf(await done(asLoader(['correct', first, '--series', SERIES, '--json'])));
      await makeReady(two, first);
      return { whole: one, corrected: two };
    },
  );
  const service = await startService({
    runtime: 'bun',
    databaseUrl: installation.serviceUrl,
    redisUrl: installation.redisUrl ?? 'none',
    pepperFile: installation.pepperFile,
  });
  undo(service.stop);
  return {
    installation,
    folder,
    definitionFile,
    file,
    correction: withheld('correction.csv', 5),
    whole,
    corrected,
    service,
    rows: lines.map((line, i) => ({ cells: line.split(','), isCorrected: i % 10 === 0 })),
    asLoader,
    loaderEnv,
    makeReady,
  };
}

export function referenceOf(json: Record<string, unknown>): Reference {
  return { number: Number(json['batch']), checksum: String(json['checksum']) };
}
