/**
 * @module The main job: the official example file, as it is, through every verb to every single answer.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cliTime } from '../../infra/local/cli-time.ts';
import { makeApprovedBatch, openReleaseDesk, succeed, type ReleaseDesk } from '../helpers/release.ts';
import { startService, type RunningService } from '../helpers/service.ts';
import { withClient } from '../helpers/stores.ts';
import { until } from '../helpers/until.ts';

const FILE = fileURLToPath(new URL('../fixtures/official-gaokao-example.gb18030.csv', import.meta.url));
const SERIES = 'zj-gaokao-2026';
/** The truth, read without any code of the project's. */
const ROWS: Record<string, string>[] = parse(
  new TextDecoder('gb18030', { fatal: true }).decode(readFileSync(FILE)),
  {
    columns: true,
  },
);

const COLUMNS = [
  ['chinese', '语文', 150],
  ['mathematics', '数学', 150],
  ['foreign-language', '外语', 150],
  ['physics', '物理', 100],
  ['chemistry', '化学', 100],
  ['biology', '生物', 100],
  ['history', '历史', 100],
  ['geography', '地理', 100],
  ['politics', '思想政治', 100],
  ['technology', '技术', 100],
] as const;

function expectedOf(row: Record<string, string>): unknown {
  return {
    candidate: { number: row['准考证号'], name: row['姓名'] },
    status: 'scored',
    components: COLUMNS.filter(([, column]) => row[column] !== '').map(([code, column, max]) =>
      row[column] === '缺考' ? [code, 'absent'] : [code, Number(row[column]), max],
    ),
    total: { score: Number(row['总分']), max: 750 },
    rank: Number(row['位次']),
  };
}

interface Answer {
  batch: { number: number; corrected: boolean };
  candidate: unknown;
  status: { code: string };
  components: { code: string; score?: number; max?: number; status?: { code: string } }[];
  total: unknown;
  rank: unknown;
}

function answered(answer: Answer): unknown {
  return {
    candidate: answer.candidate,
    status: answer.status.code,
    components: answer.components.map((c) =>
      c.status === undefined ? [c.code, c.score, c.max] : [c.code, c.status.code],
    ),
    total: answer.total,
    rank: answer.rank,
  };
}

async function lookUp(service: RunningService, row: Record<string, string>): Promise<Response> {
  return fetch(`${service.url}/v1/series/${SERIES}/lookup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ candidateNumber: row['准考证号'], identityNumber: row['身份证号'] }),
  });
}

/** Whoever is asked to come back does so: a machine that other tests keep busy asks it now and then. */
async function lookUpPatiently(service: RunningService, row: Record<string, string>): Promise<Response> {
  let response = await lookUp(service, row);
  for (let tries = 1; response.status === 503 && tries < 20; tries += 1) {
    await response.arrayBuffer();
    await sleep(100);
    response = await lookUp(service, row);
  }
  return response;
}

/** Looks all rows up, a few at a time, and counts the outcomes. */
async function lookUpAll(service: RunningService): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  const queue = [...ROWS];
  const worker = async (): Promise<void> => {
    for (let row = queue.pop(); row !== undefined; row = queue.pop()) {
      const response = await lookUpPatiently(service, row);
      const body = (await response.json()) as Answer & { type?: string };
      let outcome = `${response.status} ${body.type ?? ''}`.trim();
      if (response.status === 200) {
        outcome =
          JSON.stringify(answered(body)) === JSON.stringify(expectedOf(row)) ? '200 right' : '200 WRONG';
      }
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return outcomes;
}

const CLOSED = { '403 urn:fangbang:problem:not-released': 5000 };
const ALL_RIGHT = { '200 right': 5000 };

describe.each(['bun', 'node'] as const)('the example file on %s', (runtime) => {
  let desk: ReleaseDesk;
  let service: RunningService;
  let firstBatch: number;

  beforeAll(async () => {
    desk = await openReleaseDesk();
    const yaml = await desk.loader('series', 'preset', 'gaokao');
    const definition = `${desk.folder}/gaokao.yaml`;
    const { writeFileSync } = await import('node:fs');
    writeFileSync(definition, yaml.stdout);
    await succeed(desk.loader('series', 'add', definition, '--json'));
    firstBatch = await makeApprovedBatch(desk, SERIES, FILE);
    await succeed(desk.loader('announce', SERIES, '--json'));
    service = await startService({
      runtime,
      databaseUrl: desk.serviceUrl,
      redisUrl: desk.redisUrl,
      pepperFile: desk.pepperFile,
    });
  });
  afterAll(async () => {
    await service?.stop();
    await desk?.close();
  });

  test('5,000 of 5,000 rows were read and stored', async () => {
    const stored = await withClient(desk.database.url, (client) =>
      client.query('select candidates::int, entries::int, summary from fangbang.batch where number = $1', [
        firstBatch,
      ]),
    );
    expect(stored.rows[0]).toMatchObject({ candidates: 5000, entries: 5000 });
  });

  test('before T all 5,000 are not released, from T on every one equals its row, without any act at T', async () => {
    const releaseAt = new Date(cliTime(Date.now() + 20_000));
    await succeed(desk.loader('publish', String(firstBatch), '--at', releaseAt.toISOString(), '--json'));
    expect(await lookUpAll(service)).toEqual(CLOSED);
    expect(Date.now(), 'the check itself must end before T').toBeLessThan(releaseAt.getTime());
    await sleep(releaseAt.getTime() - Date.now());
    const isOpen = async (): Promise<boolean> => (await lookUp(service, ROWS[0] ?? {})).status === 200;
    await until('it is open', isOpen, 3_000);
    expect(await lookUpAll(service)).toEqual(ALL_RIGHT);
  });

  test('a second batch takes over, a rollback and a withdrawal take back, within 2 seconds', async () => {
    const second = await makeApprovedBatch(desk, SERIES, FILE);
    await succeed(desk.loader('publish', String(second), '--at', 'now', '--json'));
    await sleep(2000);
    const row = ROWS[0] ?? {};
    const corrected = (await (await lookUp(service, row)).json()) as Answer;
    expect(corrected.batch).toMatchObject({ number: second, corrected: true });

    await succeed(desk.loader('rollback', SERIES, '--json'));
    await sleep(2000);
    const back = (await (await lookUp(service, row)).json()) as Answer;
    expect(back.batch).toMatchObject({ number: firstBatch, corrected: false });

    await succeed(desk.loader('withdraw', SERIES, '--reason', 'test', '--json'));
    await sleep(2000);
    expect(await lookUpAll(service)).toEqual(CLOSED);
  });
});
