/**
 * @module One measurement: a server that runs and is warm is checked, run up and measured under one load.
 *
 * Failure policy: an answer that is not right, before or while it is measured, is a WrongAnswers; nothing is
 * reported of that measurement.
 */
import { SetupError } from '../../infra/local/setup-error.ts';
import { askAgain } from './ask.ts';
import { coreTime, cpuTimeUs } from './cpu-time.ts';
import type { ExpectedStatuses, Load } from './loads.ts';
import type { RunningPeer } from './peer.ts';
import type { Tool } from './tools.ts';
import type { WrkResult } from './wrk.ts';
import { runWrk } from './wrk.ts';

export interface Settings {
  readonly wrk: Tool;
  readonly connections: number;
  readonly seconds: number;
  /** Load after a start, for the compilers, and a second of it before each measurement; 0: none of either. */
  readonly warmUpSeconds: number;
  readonly stop: AbortSignal;
}

export interface Figures {
  /** User and system time of all the server's processes, by answers. */
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  /** Share of the time in which the server was running: below 0.9 the load was the slower one. */
  readonly busy: number;
  /** Share of the server's core that went to other processes, a load beside it too, and to the hypervisor's other guests. */
  readonly disturbed: number;
  /** Of all answers, those with the load's main status. */
  readonly mainShare: number;
}

/** The contestant does not answer as it must. */
export class WrongAnswers extends SetupError {}

const WARM_UP_REQUESTS = 40_000;
const WARM_UP_RUNS = 4;
const CHECK_ATTEMPTS = 3;

/** For loads that send nothing twice: more than any server here answers. */
const MOST_PER_SECOND = 40_000;

/** Others have had the core since the last time. */
const RUN_UP_SECONDS = 1;

/** Checks, runs up, measures. */
export async function measure(
  servers: readonly RunningPeer[],
  load: Load,
  settings: Settings,
): Promise<Figures> {
  const bodyBytes = await checkAnswers(servers, load);
  const isRunUp = settings.warmUpSeconds > 0;
  const runUp = isRunUp ? await drive(servers, load, settings, { seconds: RUN_UP_SECONDS }) : [];
  const results = await drive(servers, load, settings, {
    seconds: settings.seconds,
    // Counting takes the load's core as much as sending: a quick server would wait for it, and sleep, and be woken.
    countStatuses: !isRunUp || !isRefusal(load.statuses),
    look: () => snapshot(servers),
  });
  for (const { result } of [...runUp, ...results]) {
    const fault = faultOf(result, load.statuses, bodyBytes);
    if (fault !== undefined) throw fault;
  }
  const [first] = results;
  const { before, after } = first ?? { before: nothing, after: nothing };
  const cpuUs = after.cpuUs - before.cpuUs;
  const elapsedUs = (after.atMs - before.atMs) * 1_000;
  const requests = sum(results.map(({ result }) => result.requests));
  const drivenUs = Math.max(...results.map(({ result }) => result.durationUs));
  return {
    cpuUsPerRequest: cpuUs / requests,
    requestsPerSecond: requests / (drivenUs / 1_000_000),
    p99Ms: Math.max(...results.map(({ result }) => result.p99Us)) / 1_000,
    busy: cpuUs / drivenUs / servers.length,
    disturbed: Math.max(0, after.coreUs - before.coreUs - cpuUs) / elapsedUs / servers.length,
    mainShare: mainShareOf(
      [...runUp, ...results].map(({ result }) => result),
      load.statuses,
    ),
  };
}

/** Of the answers whose statuses were counted. */
function mainShareOf(results: readonly WrkResult[], expected: ExpectedStatuses | undefined): number {
  if (expected === undefined) return 1;
  const counted = results.filter(isCounted);
  return (
    sum(counted.map(({ statuses }) => statuses[String(expected.main)] ?? 0)) /
    sum(counted.map(({ requests }) => requests))
  );
}

/** Whether every answer that may come is a refusal, which wrk counts by itself. */
function isRefusal(expected: ExpectedStatuses | undefined): boolean {
  return expected !== undefined && [expected.main, ...expected.also].every((status) => status >= 400);
}

function isCounted({ statuses }: WrkResult): boolean {
  return Object.keys(statuses).length > 0;
}

/** Some answers said that the server is overtaxed, or did not come in time; the others were right. */
export class Overtaxed extends WrongAnswers {}

/**
 * Checks a server that has just been started, and loads it for the compilers. They count calls, not seconds: a
 * server that is slow, or a machine that is not quiet, is given longer.
 */
export async function warmUp(servers: readonly RunningPeer[], load: Load, settings: Settings): Promise<void> {
  await checkAnswers(servers, load);
  if (settings.warmUpSeconds === 0) return;
  let requests = 0;
  for (let run = 0; run < WARM_UP_RUNS && requests < WARM_UP_REQUESTS * servers.length; run += 1) {
    const results = await drive(servers, load, settings, { seconds: settings.warmUpSeconds });
    requests += sum(results.map(({ result }) => result.requests));
  }
}

interface Snapshot {
  readonly atMs: number;
  /** Of the servers. */
  readonly cpuUs: number;
  /** Of everything on their cores, the hypervisor's other guests included. */
  readonly coreUs: number;
}

const nothing: Snapshot = { atMs: 0, cpuUs: 0, coreUs: 0 };

function snapshot(servers: readonly RunningPeer[]): Snapshot {
  const { processesUs, stolenUs } = coreTime(servers.flatMap(({ cores }) => cores));
  return {
    atMs: performance.now(),
    cpuUs: sum(servers.map(({ pid }) => cpuTimeUs(pid))),
    coreUs: processesUs + stolenUs,
  };
}

interface Drive {
  readonly seconds: number;
  /** Of loads for which it matters. */
  readonly countStatuses?: boolean;
  readonly look?: () => Snapshot;
}

/**
 * The load on all servers at once, as much on each as on a single one: a lookup's cost hangs on how many share a
 * round trip to Redis. Snapshots around it.
 */
async function drive(
  servers: readonly RunningPeer[],
  load: Load,
  settings: Settings,
  { seconds, countStatuses = true, look = () => nothing }: Drive,
): Promise<{ result: WrkResult; before: Snapshot; after: Snapshot }[]> {
  const requestsFile = load.requestsFile(seconds * MOST_PER_SECOND);
  await load.forget?.();
  const before = look();
  const results = await Promise.all(
    servers.map(({ port, cores }) =>
      runWrk({
        wrk: settings.wrk,
        ...(load.isBesideServer === true ? { cores } : {}),
        port,
        requestsFile,
        connections: settings.connections,
        seconds,
        countStatuses: countStatuses && load.statuses !== undefined,
        stop: settings.stop,
      }),
    ),
  );
  const after = look();
  await load.forget?.();
  return results.map((result) => ({ result, before, after }));
}

/** Asks all servers the sample; returns the shortest body of a right answer, in bytes. */
async function checkAnswers(servers: readonly RunningPeer[], load: Load): Promise<number> {
  // What was under way at the end of the last load was counted after that was forgotten.
  await load.forget?.();
  let shortest = Number.POSITIVE_INFINITY;
  for (const server of servers) shortest = Math.min(shortest, await checkServer(server, load));
  return shortest;
}

/** Asks the sample; returns the shortest body of a right answer, in bytes. */
async function checkServer({ port }: RunningPeer, load: Load): Promise<number> {
  const sample = load.sample();
  const wrong: number[] = [];
  let shortest = Number.POSITIVE_INFINITY;
  await askAgain(port, sample, CHECK_ATTEMPTS, (answer, place, isLast) => {
    if (load.right(answer, place)) shortest = Math.min(shortest, Buffer.byteLength(answer.body));
    else if (answer.status === 503 && !isLast) return 'again';
    else wrong.push(answer.status);
    return undefined;
  });
  if (wrong.length > 0)
    throw new WrongAnswers(
      `${wrong.length} of ${sample.length} answers are not right, such as one of ${wrong[0]}`,
    );
  return shortest;
}

/** What is wrong with a load's result: a status that may not be, a connection that broke, bodies too short. */
export function faultOf(
  result: WrkResult,
  expected: ExpectedStatuses | undefined,
  bodyBytes: number,
): WrongAnswers | undefined {
  const { requests, errors, badStatuses, bytes, statuses } = result;
  if (requests === 0) return new WrongAnswers('nothing was answered');
  if (errors > 0) return new Overtaxed(`${errors} connections broke or were not answered within 2 s`);
  // wrk sees no body; a short one would be no document.
  if (bytes < requests * bodyBytes) return new WrongAnswers('the answers are shorter than right ones');
  if (expected === undefined)
    return badStatuses > 0
      ? new Overtaxed(`${badStatuses} of ${requests} answers were 4xx or 5xx`)
      : undefined;
  if (isRefusal(expected) && !isCounted(result))
    return badStatuses < requests
      ? new WrongAnswers(`${requests - badStatuses} of ${requests} answers were no refusals`)
      : undefined;
  const allowed = [expected.main, ...expected.also].map(String);
  const stranger = Object.entries(statuses).find(([status]) => !allowed.includes(status));
  if (stranger !== undefined) {
    const [status, count] = stranger;
    const Kind = status === '503' ? Overtaxed : WrongAnswers;
    return new Kind(`${count} of ${requests} answers were ${status}`);
  }
  const share = (statuses[String(expected.main)] ?? 0) / requests;
  return share < expected.leastShare
    ? new WrongAnswers(`only ${(share * 100).toFixed(1)}% of the answers were ${expected.main}`)
    : undefined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
