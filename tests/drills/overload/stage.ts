/**
 * @module The stage of the drill: the service on one core; Redis, Postgres, load and this process on another.
 * Requests and right answers lie in files for wrk.
 *
 * Failure policy: a machine without two cores, taskset or wrk is a SetupError; an answer that is not the
 * candidate's before any load is one, too: there is nothing to measure then.
 */
import { writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { throwAwayFolder } from '../../../infra/local/private-folder.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';
import { askAll } from '../../../loadtest/bench/ask.ts';
import type { Cores } from '../../../loadtest/bench/cores.ts';
import { chooseCores, pin } from '../../../loadtest/bench/cores.ts';
import type { BenchRequest } from '../../../loadtest/bench/requests.ts';
import { lookupRequest, writeRequests } from '../../../loadtest/bench/requests.ts';
import type { Tool } from '../../../loadtest/bench/tools.ts';
import { findWrk } from '../../../loadtest/bench/tools.ts';
import { expectedMarks, fieldsOf } from '../../helpers/batch.ts';
import type { Runtime, RunningService } from '../../helpers/service.ts';
import type { Drill } from '../common/drill.ts';
import { openInstallation } from '../common/installation.ts';

export interface OverloadStage {
  readonly cores: Cores;
  readonly wrk: Tool;
  readonly service: RunningService;
  readonly port: number;
  readonly requests: readonly BenchRequest[];
  /** In the order of the requests. */
  readonly answers: readonly string[];
  readonly requestsFile: string;
  readonly answersFile: string;
}

/** Admission for everybody, whatever the loop says. */
export const WITHOUT_ADMISSION = { MAX_IN_FLIGHT: '100000', MAX_LOOP_DELAY_MS: '10000' } as const;

/** More than can be under way at once, so that a candidate in an answer names one request. */
const CANDIDATES = 24_000;

/** @returns the service to be judged, and one that turns nobody away. */
export async function setStage(
  drill: Drill,
  { runtime, env }: { runtime: Runtime; env: Readonly<Record<string, string>> },
): Promise<{ stage: OverloadStage; open: OverloadStage }> {
  const cores = chooseCores();
  const wrk = await findWrk({ searchPath: process.env['PATH'] ?? '', say: drill.say });
  // What is started from now on inherits the core.
  await pin(process.pid, [cores.load]);
  const made = await openInstallation(drill, CANDIDATES);
  const { definition, candidates } = made;
  const serve = async (what: string, more: Readonly<Record<string, string>>) => {
    const service = await drill.progress(what, () => made.serve({ runtime, env: more }));
    // The log tells the pinned process's id: it is the runtime itself.
    await pin(service.pid, [cores.server]);
    return { service, port: Number(new URL(service.url).port) };
  };
  const judged = await serve(`the service on ${runtime}`, env);
  const admitsAll = await serve('the same without any admission', WITHOUT_ADMISSION);
  const { port } = judged;

  const requests = candidates.map((one) => lookupRequest(definition.id, fieldsOf(definition, one)));
  const answers: string[] = [];
  let wrong = 0;
  await drill.progress('every right answer, asked for and held against the slips', () =>
    askAll(port, requests, ({ status, body }, place) => {
      drill.stop.throwIfAborted();
      const candidate = candidates[place];
      if (status !== 200 || candidate === undefined) wrong += 1;
      else if (!isSuperset(JSON.parse(body), expectedMarks(definition, candidate))) wrong += 1;
      answers[place] = body;
    }),
  );
  if (wrong > 0) throw new SetupError(`The service gave ${wrong} wrong answers before any load.`);

  const folder = throwAwayFolder('overload', undefined);
  drill.undo(folder.remove);
  const [requestsFile, answersFile] = [join(folder.path, 'requests'), join(folder.path, 'answers')];
  writeRequests(requestsFile, requests);
  writeFileSync(answersFile, answers.map((body) => `${Buffer.byteLength(body)}\n${body}`).join(''), {
    mode: 0o600,
  });
  const files = { cores, wrk, requests, answers, requestsFile, answersFile };
  return { stage: { ...files, ...judged }, open: { ...files, ...admitsAll } };
}

/** Whether the answer has these members with these values. */
function isSuperset(answer: unknown, expected: Readonly<Record<string, unknown>>): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  const members = new Map(Object.entries(answer));
  return Object.entries(expected).every(([name, value]) => isDeepStrictEqual(members.get(name), value));
}
