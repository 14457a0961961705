/**
 * What is sent for a row, and which answers are right.
 */
import { join } from 'node:path';
import { differences, parseJson } from '../profiles/truth.ts';
import type { Answer } from './ask.ts';
import { forgetWrongAttempts } from './counters.ts';
import { documentKeys } from './peers/document-key.mjs';
import type { BenchRequest } from './requests.ts';
import { lookupRequest, writeRequests, wrongGuesses } from './requests.ts';
import type { RowName } from './rows.ts';
import type { OpenSeries, Stage } from './stage.ts';

export interface Load {
  readonly row: RowName;
  /** A file of requests for wrk, of at least `count` different ones where that matters. */
  readonly requestsFile: (count: number) => string;
  /** Requests that are asked one by one before a measurement. */
  readonly sample: () => readonly BenchRequest[];
  /** Whether the answer to the sample's request at this place is right. */
  readonly right: (answer: Answer, place: number) => boolean;
  /** What must be answered while it is measured; 200 alone when left out, which wrk counts at no cost. */
  readonly statuses?: ExpectedStatuses;
  /**
   * It comes from the server's own core and not from the load's: two instances then need two cores and not three,
   * and what is compared with them must have it just as hard.
   */
  readonly isBesideServer?: boolean;
  /** Takes back what it has left in the stores, where that would change the next answers: before and after. */
  readonly forget?: () => Promise<void>;
}

export interface ExpectedStatuses {
  readonly main: number;
  /** May come as well. */
  readonly also: readonly number[];
  /** Of all answers, those with the main status. */
  readonly leastShare: number;
}

/** Of the hits: enough that a wrong key or a mixed-up answer cannot hide. */
const SAMPLE = 200;

/** Files that stay the same, written once. */
const written = new Map<string, string>();

function fileOf(stage: Stage, name: string, requests: () => readonly BenchRequest[]): () => string {
  return () => {
    const path = join(stage.folder, `${name}.requests`);
    if (!written.has(path)) {
      writeRequests(path, requests());
      written.set(path, path);
    }
    return path;
  };
}

/** Lookups with the right credentials; right is the truth of the sample, not only the peers' documents. */
export function hits(stage: Stage, series: OpenSeries, row: RowName): Load {
  const requests = (): BenchRequest[] =>
    series.candidates.map(({ credentials }) => lookupRequest(series.id, credentials));
  return {
    row,
    requestsFile: fileOf(stage, series.id, requests),
    sample: () => requests().slice(0, SAMPLE),
    right: (answer, place) => {
      const expected = series.candidates[place]?.expected;
      return (
        answer.status === 200 &&
        answer.headers['cache-control'] === 'no-store, private' &&
        expected !== undefined &&
        differences(parseJson(answer.body), series.id, expected).length === 0
      );
    },
  };
}

/** The same documents by their keys. */
export function webdisHits(stage: Stage, row: RowName): Omit<Load, 'right'> {
  const keysOf = documentKeys(stage.pepperFile);
  const requests = (): BenchRequest[] =>
    stage.open.candidates.map(({ credentials }) => {
      const { candidateNumber = '', identityNumber = '' } = credentials;
      const { text } = keysOf(stage.open.id, candidateNumber, identityNumber);
      return { method: 'GET', path: `/GET/${text}.txt?type=application/json`, headers: {}, body: '' };
    });
  return {
    row,
    requestsFile: fileOf(stage, 'webdis', requests),
    sample: () => requests().slice(0, SAMPLE),
  };
}

/** No guess is sent twice in a run, so that no counter of wrong guesses is ever full. */
let guessed = 0;

/** Wrong guesses, each with other numbers and from another address: the verdict is measured, not the limit. */
export function wrong(stage: Stage, row: RowName): Load {
  const more = (count: number): BenchRequest[] => {
    guessed += count;
    return wrongGuesses(stage.open.id, guessed - count, count);
  };
  return {
    row,
    requestsFile: (count) => {
      const path = join(stage.folder, `wrong.requests`);
      writeRequests(path, more(count));
      return path;
    },
    sample: () => more(SAMPLE),
    right: (answer) => isProblem(answer, 404, 'candidate-not-found'),
    // Some guesses meet on one counter and are limited.
    statuses: { main: 404, also: [429], leastShare: 0.8 },
    forget: () => forgetWrongAttempts(stage.redisUrl),
  };
}

/** Right credentials for a series that opens tomorrow. */
export function unreleased(stage: Stage, row: RowName): Load {
  const requests = (): BenchRequest[] =>
    stage.open.candidates.map(({ credentials }) => lookupRequest(stage.unreleased, credentials));
  return {
    row,
    requestsFile: fileOf(stage, 'unreleased', requests),
    sample: () => requests().slice(0, SAMPLE),
    right: (answer) => isProblem(answer, 403, 'not-released'),
    statuses: { main: 403, also: [], leastShare: 1 },
  };
}

/**
 * Hits against an instance that works on one lookup at a time: while that one waits for Redis, all others are
 * turned away.
 */
export function shed(stage: Stage, row: RowName): Load {
  const served = hits(stage, stage.open, row);
  return {
    ...served,
    right: (answer, place) => isProblem(answer, 503, 'overloaded') || served.right(answer, place),
    statuses: { main: 503, also: [200], leastShare: 0.98 },
  };
}

function isProblem({ status, body, headers }: Answer, expected: number, name: string): boolean {
  const problem = parseJson(body);
  return (
    status === expected &&
    headers['cache-control'] === 'no-store, private' &&
    typeof problem === 'object' &&
    problem !== null &&
    'type' in problem &&
    problem.type === `urn:fangbang:problem:${name}`
  );
}
