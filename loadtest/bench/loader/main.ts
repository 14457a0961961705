/**
 * @module `npm run bench:loader`: load and warm against the floor, measured in turns in one run, so that what slows
 * the machine down slows both.
 *
 * Failure policy: exit code 1 when something could not be measured, 2 for wrong options, 130 when stopped. Being
 * slower than wished is no failure: it is said.
 */
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { runVerb } from '../../../infra/local/fangbang-cli.ts';
import { runtimePath } from '../../../infra/local/hand-over.mjs';
import { ensureDatabase } from '../../../infra/local/logins.ts';
import { progressOn } from '../../../infra/local/progress.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';
import { runCli } from './cli-run.ts';
import type { FloorTools } from './floor.ts';
import { makeFloorTable, measureFloor } from './floor.ts';
import { findPsql, findRedisCli } from './floor-tools.ts';
import { officialFile } from './official-file.ts';
import type { LoaderBenchOptions } from './options.ts';
import { USAGE, UsageError, readOptions } from './options.ts';
import { writePipeFile } from './pipe-file.ts';
import type { LoaderReport, Round } from './report.ts';
import { makeReport, reportLines } from './report.ts';
import { freshDatabase, prepareDatabase, startStores } from './stores.ts';

const progress = progressOn(process.stderr);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const searchPath = process.env['PATH'] ?? '';

async function measure(
  options: LoaderBenchOptions,
  stop: AbortSignal,
): Promise<LoaderReport & { details: object }> {
  const undone: (() => Promise<void> | void)[] = [];
  try {
    const stores = await progress('Postgres and Redis', () =>
      startStores(searchPath, (step) => undone.unshift(step), say),
    );
    const runtime = runtimePath(options.runtime);
    const env = {
      PATH: searchPath,
      HOME: process.env['HOME'],
      REDIS_URL: stores.redisUrl,
      FANGBANG_PEPPER_FILE: stores.pepperFile,
    };
    const official = await progress(`an official file of ${options.rows.toLocaleString('en')} rows`, () =>
      officialFile({ runtime, env, abort: stop }, options),
    );
    const databaseUrl = await prepareDatabase(stores, async (url) => {
      const owner = { runtime, env: { ...env, DATABASE_URL: url }, abort: stop };
      await runVerb(['db', 'migrate'], owner);
      await runVerb(['series', 'add', official.definition], owner);
    });
    const floorUrl = await ensureDatabase(stores.serverUrl, 'floor');
    const psql = await findPsql(searchPath, floorUrl);
    const tools: FloorTools = {
      runtime,
      rows: options.rows,
      file: official.file,
      encoding: options.encoding,
      databaseUrl: floorUrl,
      psql,
      redisCli: findRedisCli(searchPath, stores.redisProgram),
      redisPort: stores.redisPort,
      pipeFile: join(stores.folder, 'pipe'),
      searchPath,
      stop,
    };
    writePipeFile(tools.pipeFile, options.rows);
    const cli = {
      runtime,
      env: { ...env, DATABASE_URL: databaseUrl },
      series: official.series,
      file: official.file,
      rows: options.rows,
      stop,
    };

    const emptyStores = async (): Promise<void> => {
      stop.throwIfAborted();
      await makeFloorTable(tools);
      await freshDatabase(stores);
      await emptyRedis(stores.redisUrl);
    };
    const rounds: Round[] = [];
    let checksum = '';
    for (let i = 0; i < options.rounds; i += 1) {
      const round = await progress(`round ${i + 1} of ${options.rounds}`, async () => {
        // In turns: neither always has the machine as the other left it.
        await emptyStores();
        if (i % 2 === 1) {
          const run = await runCli(cli);
          await emptyStores();
          return { cli: run, floor: await measureFloor(tools) };
        }
        const floor = await measureFloor(tools);
        await emptyStores();
        return { floor, cli: await runCli(cli) };
      });
      rounds.push(round);
      checksum = round.cli.checksum;
    }
    const details = {
      runtime: runtime.endsWith('bun') ? 'bun' : 'node',
      encoding: options.encoding,
      copyBy: psql === undefined ? 'pg-copy-streams (no psql that works with the server)' : 'psql',
      checksum,
    };
    return { ...makeReport(options.rows, rounds), details };
  } finally {
    for (const step of undone) await step();
  }
}

async function emptyRedis(url: string): Promise<void> {
  const redis = new Redis(url, { retryStrategy: null });
  redis.on('error', () => {});
  try {
    await redis.flushall();
  } finally {
    redis.disconnect();
  }
}

async function main(args: string[]): Promise<number> {
  const stop = new AbortController();
  // The stores end with us, however we end: their guardian sees to it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  try {
    const options = readOptions(args);
    if (options === undefined) {
      process.stdout.write(USAGE);
      return 0;
    }
    const report = await measure(options, stop.signal);
    for (const line of reportLines(report)) say(line);
    say(
      Object.entries(report.details)
        .map(([name, value]) => `${name}: ${String(value)}`)
        .join(', '),
    );
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    return 0;
  } catch (fault) {
    if (stop.signal.aborted) return 130;
    if (fault instanceof UsageError) {
      say(`${fault.message}\n\n${USAGE}`);
      return 2;
    }
    if (!(fault instanceof SetupError)) throw fault;
    say(fault.message);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
