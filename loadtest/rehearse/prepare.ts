/**
 * @module What must be there before a load: candidates with their truth, and a service that has the series open.
 *
 * Failure policy: what is missing is a UsageError in one sentence that says what to do.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Candidate } from '../profiles/credentials-csv.ts';
import { parseCredentialsFile } from '../profiles/credentials-csv.ts';
import { partition } from '../profiles/choose.ts';
import type { SeriesToLoad } from '../profiles/series.ts';
import { seriesToLoad } from '../profiles/series.ts';
import type { RehearseOptions } from './options.ts';
import { UsageError } from './options.ts';

const DEMO_CREDENTIALS = fileURLToPath(new URL('../../.fangbang/demo.credentials.csv', import.meta.url));
const START_ONE = 'run "npm start" in another terminal, and then this again';

/** The candidates of the credentials file. */
export function readCandidates(options: RehearseOptions): Candidate[] {
  const path = options.credentials ?? DEMO_CREDENTIALS;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(
      options.credentials === undefined
        ? `There is no local set to rehearse on: ${START_ONE}, or name a service with --url and its --credentials.`
        : `The credentials file ${path} cannot be read.`,
    );
  }
  const candidates = asUsage(() => parseCredentialsFile(text));
  asUsage(() => partition(candidates.length));
  return candidates;
}

/** Asks the service for the series. */
export async function askForSeries(
  options: RehearseOptions,
  candidates: readonly Candidate[],
): Promise<SeriesToLoad> {
  const address = `${options.url}/v1/series`;
  let body: string;
  let status: number;
  try {
    const response = await fetch(address, {
      signal: AbortSignal.timeout(options.profile.requestTimeoutSeconds * 1_000),
      redirect: 'manual',
    });
    status = response.status;
    body = await response.text();
  } catch {
    throw new UsageError(
      options.urlGiven
        ? `No service answers at ${options.url}.`
        : `No service answers at ${options.url}: ${START_ONE}.`,
    );
  }
  if (status !== 200)
    throw new UsageError(`GET ${address} answers with status ${status}: is it our service?`);
  const [first] = candidates;
  if (first === undefined) throw new UsageError('The credentials file holds no candidate.');
  return asUsage(() => seriesToLoad(body, options.series, first));
}

function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}
