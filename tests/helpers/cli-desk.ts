/**
 * @module Stores, a pepper and two persons for tests of single verbs of `fangbang`.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli, type CliOptions, type CliResult } from './cli.ts';
import { cloneMigratedDatabase, redisDatabase, type TestDatabase, type TestLogin } from './stores.ts';
import type { SeriesDefinition } from '../../service/results/definition.ts';
import {
  gaokaoDefinition,
  officialCandidates,
  officialFile,
  type OfficialCandidate,
} from './official-gaokao.ts';

export interface DeskBatch {
  readonly number: number;
  /** As people write it. */
  readonly checksum: string;
  readonly definition: SeriesDefinition;
  readonly candidates: readonly OfficialCandidate[];
  /** Path of its official file. */
  readonly file: string;
}

type Run = (args: readonly string[], options?: CliOptions) => Promise<CliResult>;

export interface CliDesk {
  readonly database: TestDatabase;
  readonly redisUrl: string;
  readonly pepperFile: string;
  /** Removed at the end. */
  readonly folder: string;
  readonly loader: TestLogin;
  /** Runs a verb as the loader. */
  readonly asLoader: Run;
  /** Runs a verb as the second person. */
  readonly asApprover: Run;
  /** Runs a verb as the superuser. */
  readonly asSuperuser: Run;
  /** A batch of the gaokao preset, loaded by `loader`. */
  readonly makeBatch: (series: string, candidates?: number, variant?: number) => Promise<DeskBatch>;
  /** Everything that the verbs run so far have printed. */
  readonly printed: () => string;
  readonly close: () => Promise<void>;
}

export async function openCliDesk(): Promise<CliDesk> {
  const database = await cloneMigratedDatabase();
  const { url: redisUrl } = await redisDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'fangbang-cli-'));
  const pepperFile = join(folder, 'pepper');
  writeFileSync(pepperFile, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
  const loader = await database.createLogin('loader', 'fangbang_loader');
  const approver = await database.createLogin('approver', 'fangbang_loader');
  let printed = '';
  const as =
    (databaseUrl: string): Run =>
    async (args, options = {}) => {
      const env = {
        DATABASE_URL: databaseUrl,
        REDIS_URL: redisUrl,
        FANGBANG_PEPPER_FILE: pepperFile,
        ...options.env,
      };
      const result = await runCli(args, { cwd: folder, ...options, env });
      printed += result.stdout + result.stderr;
      return result;
    };
  const asLoader = as(loader.url);
  return {
    database,
    redisUrl,
    pepperFile,
    folder,
    loader,
    asLoader,
    asApprover: as(approver.url),
    asSuperuser: as(database.url),
    makeBatch: async (series, count = 20, variant = 0) => {
      const definition = gaokaoDefinition(series);
      const candidates = officialCandidates(count, variant);
      const yaml = join(folder, `${series}.yaml`);
      const file = join(folder, `${series}-${count}-${variant}.csv`);
      writeFileSync(yaml, definition.source);
      writeFileSync(file, officialFile(definition, candidates));
      const added = await asLoader(['series', 'add', yaml]);
      const loaded = await asLoader(['load', file, '--series', series, '--json']);
      if (added.exitCode !== 0 || loaded.exitCode !== 0) throw new Error(added.stderr + loaded.stderr);
      const { batch, checksum } = jsonOf(loaded);
      return { number: Number(batch), checksum: String(checksum), definition, candidates, file };
    },
    printed: () => printed,
    close: async () => {
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The one JSON object that `--json` prints, and nothing else on standard output. */
export function jsonOf(result: CliResult): Record<string, unknown> {
  const lines = result.stdout.split('\n');
  if (lines.length !== 2 || lines[1] !== '')
    throw new Error(`expected one line on stdout:\n${result.stdout}\n${result.stderr}`);
  const value: unknown = JSON.parse(lines[0] ?? '');
  if (typeof value !== 'object' || value === null) throw new Error('expected an object');
  return { ...value };
}

/** `code` and exit code of a refusal, from a verb that was run with `--json`. */
export function refusalOf(result: CliResult): { code: unknown; exitCode: number | null } {
  const { error } = jsonOf(result) as { error?: { code?: unknown } };
  return { code: error?.code, exitCode: result.exitCode };
}
