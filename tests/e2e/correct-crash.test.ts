/**
 * @module A correction that is killed at any moment, or raced, leaves a whole batch or none, and the open one as it was.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonOf, openCliDesk, refusalOf, type CliDesk } from '../helpers/cli-desk.ts';
import type { CliOptions, CliResult } from '../helpers/cli.ts';
import { gaokaoDefinition } from '../helpers/official-gaokao.ts';
import { writeSample } from '../../loader-cli/sample/write-sample.ts';
import { withClient } from '../helpers/stores.ts';

const SERIES = 'zj-gaokao-2026';
const KILLS = 8;

let desk: CliDesk;
let correction: string;

async function done(run: Promise<CliResult>): Promise<Record<string, unknown>> {
  const result = await run;
  if (result.exitCode !== 0) throw new Error(`exit code ${result.exitCode}\n${result.stderr}`);
  return jsonOf(result);
}

function correct(options: CliOptions = {}): Promise<CliResult> {
  return desk.asLoader(['correct', correction, '--series', SERIES, '--json'], options);
}

beforeAll(async () => {
  desk = await openCliDesk();
  const definition = gaokaoDefinition(SERIES);
  const yaml = join(desk.folder, 'gaokao.yaml');
  const file = join(desk.folder, 'results.csv');
  writeFileSync(yaml, definition.source);
  writeSample(definition, { rows: 20_000, seed: 'correct', out: file, encoding: 'utf-8' });
  await done(desk.asLoader(['series', 'add', yaml, '--json']));
  const loaded = await done(desk.asLoader(['load', file, '--series', SERIES, '--json']));
  await done(desk.asLoader(['warm', '1', '--json']));
  await done(desk.asLoader(['verify', '1', '--json']));
  await done(
    desk.asApprover([
      'approve',
      '1',
      '--checksum',
      String(loaded['checksum']),
      '--not-before',
      'now',
      '--json',
    ]),
  );
  await done(desk.asLoader(['publish', '1', '--at', 'now', '--json']));
  // Every tenth result is withheld.
  const [header = '', ...rows] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const withheld = rows.filter((_, i) => i % 10 === 0).map((row) => row.replace(/,[^,]*$/, ',暂缓'));
  correction = join(desk.folder, 'correction.csv');
  writeFileSync(correction, [header, ...withheld, ''].join('\n'));
});
afterAll(() => desk.close());

/** Batches, and tables of slips that belong to none, once nobody is at work any more. */
async function left(): Promise<{ batches: number; tables: number; open: number }> {
  return await withClient(desk.database.url, async (client) => {
    for (;;) {
      const { rows } = await client.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name = 'fangbang'`,
      );
      if (rows[0]?.n === 0) break;
      await sleep(20);
    }
    const { rows } = await client.query<{ batches: number; tables: number; open: number }>(
      `select (select count(*)::int from fangbang.batch where sealed_at is not null) as batches,
         (select count(*)::int from pg_class where relname ~ '^slip_[0-9]+$' and relkind = 'r') as tables,
         (fangbang.act_in_force('${SERIES}', clock_timestamp())).batch as open`,
    );
    return rows[0] ?? { batches: -1, tables: -1, open: -1 };
  });
}

test(`killed ${KILLS} times at random, it leaves no half batch, and then gives the same as undisturbed`, async () => {
  const startedAtMs = performance.now();
  const undisturbed = await done(correct());
  const wholeMs = performance.now() - startedAtMs;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const before = await left();
    const afterMs = wholeMs * ((kill + 0.5) / KILLS);
    const result = await correct({
      onStart: (child) => setTimeout(() => child.kill('SIGKILL'), afterMs),
    });
    const after = await left();
    const committed = after.batches - before.batches;
    expect([0, 1]).toContain(committed);
    expect(after).toEqual({
      batches: before.batches + committed,
      tables: before.tables + committed,
      open: 1,
    });
    // Who was told that it is stored finds it there.
    expect(committed).toBeGreaterThanOrEqual(result.exitCode === 0 ? 1 : 0);
  }
  const again = await done(correct());
  for (const field of ['checksum', 'replaced', 'added', 'unchanged', 'carriedOver', 'statuses'])
    expect(again[field]).toEqual(undisturbed[field]);
  await done(
    desk.asLoader(['verify', String(again['batch']), '--file', correction, '--redis-url', 'none', '--json']),
  );
});

test('while somebody else loads the series it is refused, and says who holds it', async () => {
  await withClient(desk.loader.url, async (client) => {
    await client.query('begin');
    await client.query('select fangbang.open_batch($1, 1, $2, $3, 1)', [
      SERIES,
      Buffer.alloc(8, 1),
      Buffer.alloc(8, 2),
    ]);
    const result = await correct();
    expect(refusalOf(result)).toEqual({ code: 'series-is-being-loaded', exitCode: 4 });
    expect(result.stderr).toContain(desk.loader.name);
    await client.query('rollback');
  });
});
