/**
 * What is tried before T: with right credentials and wrong ones, at every address that could tell anything. Pure:
 * the same for the same seed.
 */
import { randomAt } from '../../../loadtest/profiles/random.ts';
import { lookupRequest } from '../../../loadtest/bench/requests.ts';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import type { TestBatch, TestCandidate } from '../../helpers/batch.ts';
import { fieldsOf } from '../../helpers/batch.ts';
import { strangersIdentity, strangersNumber } from '../common/guesses.ts';
import type { AnyRequest } from './asker.ts';

/** A series with a batch that is still to open. */
export interface Coming {
  readonly definition: SeriesDefinition;
  readonly batch: TestBatch;
  /** Of the database, in milliseconds since 1970. */
  readonly opensAtMs: number;
  /** Whom the batch that is open knows, if there is one. */
  readonly before: { readonly number: number; readonly candidates: readonly TestCandidate[] } | undefined;
}

export interface Try {
  /** Answers to tries of one kind must be the same in all but what was typed: nothing may tell them apart. */
  readonly kind: string;
  readonly request: AnyRequest;
  /** The only status that tells nothing. */
  readonly status: number;
  readonly series: Coming;
  /** What was sent, which a form gives back. */
  readonly typed: Readonly<Record<string, string>>;
  /** Of the batch that is open: whose slip must come. */
  readonly slip?: TestCandidate;
}

type Fields = Readonly<Record<string, string>>;

/** Credentials of a candidate of the batch to come, and those that are wrong in every way. */
export function someCredentials({ definition, batch }: Coming, seed: number, n: number): Fields {
  const pick = (stream: number): TestCandidate => {
    const at = Math.floor(randomAt(seed, n, stream) * batch.candidates.length);
    const one = batch.candidates[at];
    if (one === undefined) throw new Error('a batch without candidates');
    return one;
  };
  const right = fieldsOf(definition, pick(1));
  const number = Math.floor(randomAt(seed, n, 2) * 1e8);
  switch (n % 4) {
    case 0:
      return { ...right, candidateNumber: strangersNumber(number) };
    case 1:
      return { ...right, identityNumber: strangersIdentity(number) };
    case 2:
      return { candidateNumber: strangersNumber(number), identityNumber: strangersIdentity(number) };
    default:
      return right;
  }
}

/** Liars about the time, as headers that some program may believe. */
const LATER: Fields = {
  date: 'Fri, 01 Jan 2100 00:00:00 GMT',
  'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT',
  'if-none-match': '*',
  'x-forwarded-for': '127.0.0.1',
};

type Make = (series: Coming, typed: Fields, n: number) => Omit<Try, 'series' | 'typed'>;

/** At a series of which nothing is open. */
const AT_A_CLOSED_ONE: readonly Make[] = [
  ({ definition }, typed) => ({
    kind: 'lookup',
    status: 403,
    request: lookupRequest(definition.id, typed),
  }),
  ({ definition }, typed) => ({
    kind: 'lookup',
    status: 403,
    request: lookupRequest(definition.id, typed, LATER),
  }),
  ({ definition, batch }, typed) => {
    const request = lookupRequest(definition.id, typed);
    const path = `${request.path}?batch=${batch.number}&at=2100-01-01&preview=1`;
    return { kind: 'lookup', status: 403, request: { ...request, path } };
  },
  ({ definition, batch }, typed) => ({
    kind: 'lookup with a batch',
    status: 400,
    request: lookupRequest(definition.id, { ...typed, batch: String(batch.number) }),
  }),
  ({ definition, batch }, typed) => {
    const request = lookupRequest(`${definition.id}/batches/${batch.number}`, typed);
    return { kind: 'batch by its address', status: 404, request };
  },
  ({ definition, batch }, typed) => ({
    kind: 'series by its batch',
    status: 404,
    request: lookupRequest(`${definition.id}@${batch.number}`, typed),
  }),
  ({ definition }, typed) => ({
    kind: 'form',
    status: 403,
    request: {
      method: 'POST',
      path: `/s/${definition.id}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(typed).toString(),
    },
  }),
  ({ definition }, typed) => ({
    kind: 'lookup by GET',
    status: 405,
    request: get(`/v1/series/${definition.id}/lookup?${new URLSearchParams(typed).toString()}`),
  }),
];

/** What is the same for everybody, in the body as in length and ETag. */
const PAGES: readonly Make[] = ['GET', 'HEAD'].flatMap((method) => {
  const one =
    (path: (id: string) => string): Make =>
    ({ definition }) => ({
      kind: `${method} ${path(definition.id)}`,
      status: 200,
      request: { ...get(path(definition.id)), method: method as 'GET' | 'HEAD' },
    });
  return [one((id) => `/s/${id}`), one(() => '/v1/series'), one(() => '/')];
});

/** At a series whose open batch is to be followed by another one. */
const AT_AN_OPEN_ONE: readonly Make[] = [
  ({ definition, before }, _typed, n) => {
    const slip = before?.candidates[n % before.candidates.length];
    if (slip === undefined) throw new Error('nothing is open');
    const request = lookupRequest(definition.id, fieldsOf(definition, slip));
    return { kind: `slip ${slip.credentials['candidateNumber']}`, status: 200, request, slip };
  },
  ({ definition, batch, before }, typed, n) => {
    // Somebody whom only the coming batch knows is nobody yet.
    const added = batch.candidates.slice(before?.candidates.length);
    const one = added[n % added.length];
    const fields = n % 8 < 4 && one !== undefined ? fieldsOf(definition, one) : wrong(typed, n);
    return { kind: 'nobody yet', status: 404, request: lookupRequest(definition.id, fields) };
  },
];

/** The n-th try at the series. */
export function makeTry(series: Coming, seed: number, n: number): Try {
  const makers = series.before === undefined ? [...AT_A_CLOSED_ONE, ...PAGES] : AT_AN_OPEN_ONE;
  const make = makers[Math.floor(randomAt(seed, n, 0) * makers.length)];
  if (make === undefined) throw new Error('nothing to try');
  const typed = someCredentials(series, seed, n);
  return { ...make(series, typed, n), series, typed };
}

function get(path: string): AnyRequest {
  return { method: 'GET', path, headers: {}, body: '' };
}

function wrong(typed: Fields, n: number): Fields {
  return { ...typed, candidateNumber: strangersNumber(n) };
}
