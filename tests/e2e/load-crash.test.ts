/**
 * @module A load that is killed, interrupted, cut off or raced leaves a whole batch or none.
 */
import { execFileSync } from 'node:child_process';
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeSample } from '../../loader-cli/sample/write-sample.ts';
import { readPreset } from '../../service/results/presets.ts';
import type { CliResult } from '../helpers/cli.ts';
import { jsonOf, openCliDesk, refusalOf, type CliDesk } from '../helpers/cli-desk.ts';
import { preset } from '../helpers/definitions.ts';
import { withClient } from '../helpers/stores.ts';

const SERIES = 'zj-gaokao-2026';
const ROWS = 30_000;
const KILLS = 24;

let desk: CliDesk;
let file: string;
let checksum: unknown;

beforeAll(async () => {
  desk = await openCliDesk();
  const definition = join(desk.folder, 'gaokao.yaml');
  writeFileSync(definition, readPreset('gaokao'));
  await desk.asLoader(['series', 'add', definition]);
  file = join(desk.folder, 'results.csv');
  writeSample(preset('gaokao'), { rows: ROWS, seed: 'crash', out: file, encoding: 'gb18030' });
  checksum = jsonOf(await desk.asLoader(['validate', file, '--series', definition, '--json']))['checksum'];
});
afterAll(() => desk.close());

const load = (options: Parameters<CliDesk['asLoader']>[1] = {}, path = file): Promise<CliResult> =>
  desk.asLoader(['load', path, '--series', SERIES, '--json'], options);

async function query<T>(sql: string): Promise<T[]> {
  return await withClient(desk.database.url, async (client) => (await client.query(sql)).rows as T[]);
}

interface Left {
  /** Batches, each with the checksum, the entries and the slips that it must have. */
  readonly whole: number;
  readonly batches: number;
  /** Tables of slips but for those of other series' batches. */
  readonly tables: number;
  readonly chunksWithoutBatch: number;
}

/** What is there once the server has noticed that nobody is loading any more. */
async function left(): Promise<Left> {
  for (;;) {
    const [found] = await query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'fangbang'`,
    );
    if (found?.n === 0) break;
    await sleep(20);
  }
  const [found] = await query<Left>(`
    select
      (select count(*)::int from fangbang.batch where series = '${SERIES}') as batches,
      (select count(*)::int from fangbang.batch b where b.series = '${SERIES}' and b.entries = ${ROWS} and 'sha256:' || encode(b.checksum, 'hex') = '${String(checksum)}'
        and ${ROWS} = (select count(*) from fangbang.slip s where s.batch = b.number)) as whole,
      (select count(*)::int from pg_class where relname ~ '^slip_[0-9]+$')
        - (select count(*)::int from fangbang.batch where series <> '${SERIES}') as tables,
      (select count(*)::int from fangbang.filter_chunk c where not exists
        (select from fangbang.batch b where b.number = c.batch and b.sealed_at is not null)) as "chunksWithoutBatch"`);
  if (found === undefined) throw new Error('no row');
  return found;
}

/** So many whole batches, and nothing else. */
const whole = (batches: number): Left => ({
  whole: batches,
  batches,
  tables: batches,
  chunksWithoutBatch: 0,
});

/** Waits until a session of the CLI in this database answers to the condition. */
async function untilSession(condition: string): Promise<void> {
  for (;;) {
    const [found] = await query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = current_database()
         and application_name = 'fangbang' and ${condition}`,
    );
    if (found !== undefined && found.n > 0) return;
    await sleep(10);
  }
}

describe('kill -9', () => {
  test(`at ${KILLS} moments leaves a whole batch or nothing, and the load after it gives the same checksum`, async () => {
    const startedAtMs = performance.now();
    expect((await load()).exitCode).toBe(0);
    const wholeMs = performance.now() - startedAtMs;
    let batches = 1;
    let killedInTransaction = 0;
    for (let i = 0; i < KILLS; i += 1) {
      // Spread over the whole run, on both runtimes; the machine decides what each one hits.
      const afterMs = ((i + 0.5) / KILLS) * wholeMs;
      const numbersBefore = await lastNumber();
      await load({
        runtime: i % 4 === 3 ? 'node' : 'bun',
        onStart: (child) => void setTimeout(() => child.kill('SIGKILL'), afterMs),
      });
      const found = await left();
      expect(found).toEqual(whole(found.batches));
      expect(found.batches - batches).toBeLessThanOrEqual(1);
      if (found.batches === batches && (await lastNumber()) > numbersBefore) killedInTransaction += 1;
      batches = found.batches;
    }
    // A run in which no kill hit an open batch would prove nothing.
    expect(killedInTransaction).toBeGreaterThan(0);
    const after = await load();
    expect(jsonOf(after)['checksum']).toBe(checksum);
    expect(await left()).toEqual(whole(batches + 1));
  });
});

async function lastNumber(): Promise<number> {
  const [found] = await query<{ last: number }>('select last_value::int as last from fangbang.batch_number');
  return found?.last ?? 0;
}

/** A load that has sent rows and waits in the middle of its file, until `go` gives it the rest. */
class HalfLoad {
  readonly result: Promise<CliResult>;
  readonly go: () => void;
  kill: (signal: NodeJS.Signals) => void = () => {};

  constructor(name: string, runtime: 'bun' | 'node') {
    const pipe = join(desk.folder, name);
    execFileSync('mkfifo', [pipe]);
    const bytes = readFileSync(file);
    this.result = load(
      { runtime, onStart: (child) => (this.kill = (signal) => void child.kill(signal)) },
      pipe,
    );
    const stream = createWriteStream(pipe);
    stream.on('error', () => {});
    stream.write(bytes.subarray(0, bytes.length / 2));
    this.go = () => stream.end(bytes.subarray(bytes.length / 2));
  }

  /** Waits until rows are on their way. */
  async isCopying(): Promise<void> {
    await untilSession(`state = 'active' and query like 'copy fangbang.slip_%'`);
  }
}

describe.each(['bun', 'node'] as const)('in the middle of the rows on %s', (runtime) => {
  let before: Left;
  let half: HalfLoad;
  let count = 0;

  beforeEach(async () => {
    before = await left();
    count += 1;
    half = new HalfLoad(`half-${runtime}-${count}.csv`, runtime);
    await half.isCopying();
  });

  test('Ctrl-C ends with 130 and leaves nothing', async () => {
    half.kill('SIGINT');
    half.go();
    expect(refusalOf(await half.result)).toEqual({ code: 'interrupted', exitCode: 130 });
    expect(await left()).toEqual(before);
  });

  test('kill -9 leaves nothing', async () => {
    half.kill('SIGKILL');
    half.go();
    expect((await half.result).exitCode).toBeNull();
    expect(await left()).toEqual(before);
  });

  test('a lost connection ends with exit code 5 and leaves nothing', async () => {
    await query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'fangbang'`,
    );
    half.go();
    expect(refusalOf(await half.result)).toEqual({ code: 'database-away', exitCode: 5 });
    expect(await left()).toEqual(before);
  });

  test('a second loader is refused and told who is loading; the first goes on', async () => {
    const second = await load();
    expect(refusalOf(second)).toEqual({ code: 'series-is-being-loaded', exitCode: 4 });
    expect(second.stderr).toContain(`is being loaded by ${desk.loader.name}`);
    half.go();
    const first = await half.result;
    expect(first.exitCode).toBe(0);
    expect(jsonOf(first)['checksum']).toBe(checksum);
    expect(await left()).toEqual(whole(before.batches + 1));
  });

  test('a loader of another series is not refused', async () => {
    const yaml = join(desk.folder, 'other.yaml');
    writeFileSync(yaml, readPreset('gaokao').replace(/^id: .*$/m, `id: other-${runtime}`));
    await desk.asLoader(['series', 'add', yaml]);
    const other = await desk.asLoader(['load', file, '--series', `other-${runtime}`, '--json']);
    expect(other.exitCode).toBe(0);
    half.go();
    expect((await half.result).exitCode).toBe(0);
    const batches = await query<{ series: string; slips: number }>(
      `select b.series, (select count(*)::int from fangbang.slip s where s.batch = b.number) as slips
       from fangbang.batch b order by b.number desc limit 2`,
    );
    expect(batches.map(({ slips }) => slips)).toEqual([ROWS, ROWS]);
    expect(new Set(batches.map(({ series }) => series))).toEqual(new Set([SERIES, `other-${runtime}`]));
  });
});

test('two loaders at the same moment give one batch each or refuse one, never a mixed batch', async () => {
  const before = await left();
  const results = await Promise.all([load(), load({ runtime: 'node' }), load()]);
  const done = results.filter(({ exitCode }) => exitCode === 0).length;
  for (const result of results.filter(({ exitCode }) => exitCode !== 0))
    expect(refusalOf(result)).toEqual({ code: 'series-is-being-loaded', exitCode: 4 });
  expect(done).toBeGreaterThan(0);
  expect(await left()).toEqual(whole(before.batches + done));
});
