/**
 * @module What must be there before a load: candidates with their truth, and a service that lists the series.
 *
 * Failure policy: what is missing is a UsageError in one sentence that says what to do.
 */
import { accessSync, constants } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { requireEnough } from '../profiles/choose.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import { seriesToLoad } from '../profiles/series.ts';
import { checkCredentialsFile } from './credentials-file.ts';
import { UsageError, asUsage } from './options.ts';

/** Of `npm start`, for a service that was named without credentials. */
export const DEMO_CREDENTIALS = fileURLToPath(
  new URL('../../.fangbang/demo.credentials.csv', import.meta.url),
);

/** How many candidates a credentials file has, and the first of them. */
export function readCandidates(path: string): { readonly count: number; readonly first: Candidate } {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new UsageError(
      path === DEMO_CREDENTIALS
        ? 'Name the candidates of that service with --credentials, or leave --url out for a local set.'
        : `The credentials file ${path} cannot be read.`,
    );
  }
  const { count, first } = asUsage(() => checkCredentialsFile(path));
  asUsage(() => requireEnough(count));
  if (first === undefined) throw new UsageError('The credentials file holds no candidate.');
  return { count, first };
}

export interface SeriesQuestion {
  readonly url: string;
  readonly series: string | undefined;
  readonly first: Candidate;
  /** A release that is still to come is wanted as well. */
  readonly mayBeScheduled: boolean;
  /** Tries for so long: a service that has just started learns of a series within a second or two. */
  readonly withinMs: number;
}

/** Asks the service for the series. */
export async function askForSeries(question: SeriesQuestion): Promise<SeriesToLoad> {
  const deadline = Date.now() + question.withinMs;
  for (;;) {
    try {
      return await askOnce(question);
    } catch (fault) {
      if (Date.now() > deadline) throw fault;
      await sleep(200);
    }
  }
}

async function askOnce({ url, series, first, mayBeScheduled }: SeriesQuestion): Promise<SeriesToLoad> {
  const address = `${url}/v1/series`;
  let body: string;
  let status: number;
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(10_000), redirect: 'manual' });
    status = response.status;
    body = await response.text();
  } catch {
    throw new UsageError(
      `No service answers at ${url}: start it, or leave --url out and a local set is started.`,
    );
  }
  if (status !== 200)
    throw new UsageError(`GET ${address} answers with status ${status}: is it our service?`);
  return asUsage(() => seriesToLoad(body, series, first, mayBeScheduled));
}
