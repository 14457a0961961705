/**
 * @module A crowd of pages that wait for a release, against the real service: each virtual page runs the
 * page's own scheduling, sends its own candidate's lookup at its own instant, and is compared with the
 * truth. Shows when they came, and that all were answered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Answer } from '../../service/page/shared/schedule.js';
import { firstAskAtMs, nextStep } from '../../service/page/shared/schedule.js';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { differences, parseJson } from '../profiles/truth.ts';
import { startLocalSet } from './local-set.ts';
import type { RawAnswer } from './pages-client.ts';
import { PagesClient } from './pages-client.ts';
import { runMeasurement, runtimeNamed, UsageError, wholeNumber } from './run.ts';
import { TimeLine } from './time-line.ts';

const USAGE = `npm run page:crowd -- [options]

  --pages <n>        waiting pages, each with a candidate of its own (20000)
  --spread-ms <n>    over which the pages spread their first lookup (8000)
  --runtime <name>   bun or node, for the service (bun)
  --json             one JSON object on standard output

It makes a throw-away set of its own: Postgres, Redis, a series that opens in about a minute, one service.
Exit codes: 0 everybody was answered rightly and evenly, 1 not so, 2 wrong options, 130 stopped by Ctrl-C.
`;

interface Page {
  readonly candidate: Candidate;
  readonly place: number;
  attempt: number;
}

/** Arrivals are counted in slices of this. */
const SLICE_MS = 500;
/** A slice's count is random too: four standard deviations of a Poisson count, 11% of 1,250 arrivals. */
const EVEN_WITHIN_DEVIATIONS = 4;
/** Later than this, the curve is this program's and not the pages'. */
const LATE_MS = 100;

await runMeasurement(async (run) => {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    process.stdout.write(USAGE);
    return true;
  }
  const { pages, spreadMs, runtime, json } = options;
  const releaseAtMs = Math.ceil((Date.now() + 40_000 + pages * 2) / 1000) * 1000;
  const set = await startLocalSet({
    rows: pages,
    at: new Date(releaseAtMs).toISOString(),
    runtime,
    env: process.env,
    stop: run.stop,
    undo: run.undo,
  });
  const left = releaseAtMs - Date.now();
  if (left < 2000) throw new Error('the set took too long to make: there is no time left to wait');
  process.stderr.write(`  ${pages.toLocaleString('en')} pages wait for ${Math.round(left / 1000)} s\n`);

  const client = new PagesClient(set.url, `/v1/series/${set.series}/lookup`);
  run.undo(() => client.close());
  const result = await openTheDoors({ ...set, pages, spreadMs, releaseAtMs, client, stop: run.stop });
  const isMet = result.answered === pages && result.wrong === 0 && result.early === 0 && result.isEven;
  if (json) process.stdout.write(`${JSON.stringify({ ...result, runtime, isMet })}\n`);
  else process.stdout.write(show(result, isMet));
  return isMet;
});

/** Requests of half a second: first ones, and ones after a refusal. */
interface Arrivals {
  first: number;
  again: number;
}

interface Result {
  readonly pages: number;
  readonly spreadMs: number;
  readonly answered: number;
  readonly wrong: number;
  readonly requests: number;
  /** Requests that the service refused because they came before the release. */
  readonly early: number;
  readonly refused: number;
  /** Requests in each half second from the release on. */
  readonly arrivals: Arrivals[];
  readonly isEven: boolean;
  /** How late this program sent, which is no fault of the pages' schedule. */
  readonly lateP99Ms: number;
  readonly lastAnswerS: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

async function openTheDoors(crowd: {
  series: string;
  candidates: readonly Candidate[];
  pages: number;
  spreadMs: number;
  releaseAtMs: number;
  client: PagesClient;
  stop: AbortSignal;
}): Promise<Result> {
  const { candidates, pages, spreadMs, releaseAtMs, client, stop } = crowd;
  const line = new TimeLine<Page>();
  for (const candidate of candidates.slice(0, pages)) {
    const page: Page = { candidate, place: Math.random(), attempt: 0 };
    line.add(firstAskAtMs(releaseAtMs, spreadMs, page.place), page);
  }
  const arrivals: Arrivals[] = [];
  const lateMs: number[] = [];
  const tookMs: number[] = [];
  const bodies: [Page, Buffer][] = [];
  const counts = { requests: 0, early: 0, refused: 0, done: 0 };
  let lastAnswerMs = releaseAtMs;

  const ask = async (page: Page, dueMs: number): Promise<void> => {
    const sentMs = Date.now();
    lateMs.push(sentMs - dueMs);
    counts.requests += 1;
    const slice = Math.max(0, Math.floor((sentMs - releaseAtMs) / SLICE_MS));
    const kind = page.attempt === 0 ? 'first' : 'again';
    while (arrivals.length <= slice) arrivals.push({ first: 0, again: 0 });
    const counted = arrivals[slice];
    if (counted !== undefined) counted[kind] += 1;
    const { candidateNumber = '', identityNumber = '' } = page.candidate.credentials;
    const raw = await client.post(JSON.stringify({ candidateNumber, identityNumber }));
    const nowMs = Date.now();
    const random = page.attempt === 0 ? page.place : Math.random();
    const step = nextStep(answerOf(raw), { attempt: page.attempt, nowMs, spreadMs, random });
    if (step.kind === 'retry' || step.kind === 'release') {
      if (step.kind === 'release') counts.early += 1;
      else counts.refused += 1;
      page.attempt += 1;
      line.add(nowMs + step.delayMs, page);
      return;
    }
    counts.done += 1;
    lastAnswerMs = nowMs;
    tookMs.push(nowMs - sentMs);
    if (step.kind === 'found' && raw !== undefined) bodies.push([page, raw.body]);
  };

  while (counts.done < pages) {
    stop.throwIfAborted();
    for (let now = Date.now(); line.nextAtMs <= now;) {
      const due = line.take();
      if (due !== undefined) void ask(due.item, due.atMs);
    }
    await sleep(Math.max(1, Math.min(200, line.nextAtMs - Date.now())));
  }
  // Compared afterwards: it costs as much as the sending.
  const answered = bodies.filter(
    ([page, body]) =>
      differences(parseJson(body.toString()), crowd.series, page.candidate.expected).length === 0,
  ).length;
  const { requests, early, refused } = counts;
  return {
    pages,
    spreadMs,
    answered,
    wrong: pages - answered,
    requests,
    early,
    refused,
    arrivals,
    isEven: isEven(arrivals, pages, spreadMs),
    lateP99Ms: Math.round(quantile(lateMs, 0.99)),
    lastAnswerS: (lastAnswerMs - releaseAtMs) / 1000,
    medianMs: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/**
 * Whether the pages' first requests were spread: in every slice that lies wholly in the spread its share. The
 * first one has the clocks' margin in it.
 */
function isEven(arrivals: readonly Arrivals[], pages: number, spreadMs: number): boolean {
  const share = (pages * SLICE_MS) / spreadMs;
  return arrivals
    .slice(1, Math.floor(spreadMs / SLICE_MS))
    .every(({ first }) => Math.abs(first - share) <= EVEN_WITHIN_DEVIATIONS * Math.sqrt(share));
}

function answerOf(raw: RawAnswer | undefined): Answer {
  if (raw === undefined) return { status: 0, problem: '', retryAfterS: undefined, releaseAtMs: undefined };
  const { status, retryAfterS } = raw;
  const body = (status === 200 ? {} : (parseJson(raw.body.toString()) ?? {})) as {
    type?: string;
    releaseAt?: string;
  };
  return {
    status,
    problem: (body.type ?? '').replace('urn:fangbang:problem:', ''),
    retryAfterS,
    releaseAtMs: typeof body.releaseAt === 'string' ? Date.parse(body.releaseAt) : undefined,
  };
}

function show(result: Result, isMet: boolean): string {
  const most = Math.max(...result.arrivals.map(({ first, again }) => first + again), 1);
  const bar = (count: number, sign: string): string => sign.repeat(Math.round((count / most) * 40));
  const bars = result.arrivals.map(({ first, again }, i) => {
    const from = ((i * SLICE_MS) / 1000).toFixed(1).padStart(5);
    return `  ${from} s ${String(first).padStart(6)} ${String(again).padStart(6)} ${bar(first, '█')}${bar(again, '░')}`;
  });
  const lines = [
    '',
    'Lookups by half seconds after the release: first ones █, ones after a refusal ░',
    ...bars,
    '',
    `pages ${result.pages}, spread over ${result.spreadMs / 1000} s, requests ${result.requests}`,
    `answered rightly ${result.answered}, wrongly ${result.wrong}, refused and tried again ${result.refused}, too early ${result.early}`,
    `last answer ${result.lastAnswerS.toFixed(1)} s after the release; an answer took ${result.medianMs} ms (median), ${result.p99Ms} ms (p99)`,
    `sent ${result.lateP99Ms} ms late (p99)${result.lateP99Ms > LATE_MS ? ': this machine was too busy to be the crowd, try fewer pages or a wider spread' : ''}`,
    isMet ? 'Everybody was answered, and nobody was crowded.' : 'This is not what it should be.',
    '',
  ];
  return lines.join('\n');
}

function readOptions(
  args: readonly string[],
): { pages: number; spreadMs: number; runtime: 'bun' | 'node'; json: boolean } | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: { pages: text, 'spread-ms': text, runtime: text, json: flag, help: flag },
    }));
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
  if (values.help === true) return undefined;
  return {
    pages: wholeNumber(values.pages ?? '20000', '--pages', 100, 50_000),
    spreadMs: wholeNumber(values['spread-ms'] ?? '8000', '--spread-ms', 1000, 600_000),
    runtime: runtimeNamed(values.runtime ?? 'bun'),
    json: values.json === true,
  };
}
