/**
 * @module The floor: what no loader can leave out, each part by the program that is best at it.
 *
 * Failure policy: a part that fails or does not take every row is a SetupError.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runtimeFlags } from '../../../infra/local/hand-over.mjs';
import { onPostgres } from '../../../infra/local/logins.ts';
import type { RedisProgram } from '../../../infra/local/redis-program.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';
import { connectionOf } from './floor-tools.ts';
import type { Timed } from './timed-child.ts';
import { runTimed } from './timed-child.ts';

export interface Floor {
  readonly csvParse: Timed;
  readonly copy: Timed;
  readonly redisPipe: Timed;
}

export interface FloorTools {
  /** Path of the runtime for csv-parse, and for the copy where there is no psql. */
  readonly runtime: string;
  readonly rows: number;
  readonly file: string;
  readonly encoding: 'utf-8' | 'gb18030';
  /** URL of a database of its own, with the rights to create a table. */
  readonly databaseUrl: string;
  /** Undefined where none works with the server. */
  readonly psql: string | undefined;
  readonly redisCli: RedisProgram;
  readonly redisPort: number;
  /** SET commands in Redis's protocol. */
  readonly pipeFile: string;
  readonly searchPath: string;
  readonly stop: AbortSignal;
}

/** Runs the three parts, one after the other. Redis and the table are emptied before by `emptyStores`. */
export async function measureFloor(tools: FloorTools): Promise<Floor> {
  return {
    csvParse: await parseToNothing(tools),
    copy: await copyRows(tools),
    redisPipe: await pipeKeys(tools),
  };
}

async function parseToNothing({ runtime, file, rows, searchPath, stop }: FloorTools): Promise<Timed> {
  const timed = await runTimed({
    name: 'csv-parse',
    command: runtime,
    args: [...runtimeFlags(runtime), pathOf('./csv-parse-to-nothing.mjs'), file],
    env: { PATH: searchPath },
    stop,
  });
  if (Number(timed.stdout) !== rows + 1) throw new SetupError('csv-parse did not see every row.');
  return timed;
}

/** Drops what an earlier round left and makes the table: a text column for each of the file's, the first the key. */
export async function makeFloorTable({ databaseUrl, file, encoding }: FloorTools): Promise<void> {
  const columns = columnsOf(file, encoding);
  await onPostgres(databaseUrl, async (client) => {
    await client.query('drop table if exists floor');
    const definitions = columns.map((_, i) => `c${i} text${i === 0 ? ' primary key' : ''}`);
    await client.query(`create table floor (${definitions.join(', ')})`);
    await client.query('checkpoint');
  });
}

async function copyRows(tools: FloorTools): Promise<Timed> {
  const { runtime, psql, file, encoding, databaseUrl, searchPath, stop } = tools;
  const name = encoding === 'utf-8' ? 'UTF8' : 'GB18030';
  const options = `with (format csv, header, encoding '${name}')`;
  const env = { PATH: searchPath, ...connectionOf(databaseUrl) };
  const timed =
    psql === undefined
      ? await runTimed({
          name: 'the copy',
          command: runtime,
          args: [
            ...runtimeFlags(runtime),
            pathOf('./copy-file.mjs'),
            file,
            `copy floor from stdin ${options}`,
          ],
          env,
          stop,
        })
      : await runTimed({
          name: 'psql',
          command: psql,
          // In psql's own quotes a quotation mark is doubled.
          args: ['-X', '-q', '-c', `\\copy floor from '${file.replaceAll("'", "''")}' ${options}`],
          env,
          stop,
        });
  const copied = await onPostgres(databaseUrl, async (client) => {
    const { rows } = await client.query<{ count: string }>('select count(*) from floor');
    return Number(rows[0]?.count);
  });
  if (copied !== tools.rows) throw new SetupError('The copy did not store every row.');
  return timed;
}

async function pipeKeys({
  redisCli,
  redisPort,
  pipeFile,
  rows,
  searchPath,
  stop,
}: FloorTools): Promise<Timed> {
  const timed = await runTimed({
    name: 'redis-cli',
    command: redisCli.command,
    args: ['-p', String(redisPort), '--pipe'],
    env: { PATH: searchPath, LD_LIBRARY_PATH: redisCli.libraryFolders.join(':') },
    inputFile: pipeFile,
    stop,
  });
  if (!timed.stdout.includes(`errors: 0, replies: ${rows}`))
    throw new SetupError('redis-cli did not set every key.');
  return timed;
}

/** The first line's cells. */
function columnsOf(file: string, encoding: string): string[] {
  const start = Buffer.alloc(64 * 1024);
  const descriptor = openSync(file, 'r');
  const bytes = readSync(descriptor, start);
  closeSync(descriptor);
  const [header = ''] = new TextDecoder(encoding).decode(start.subarray(0, bytes)).split(/\r?\n/, 1);
  return header.split(',');
}

function pathOf(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}
