import { expect, test } from 'vitest';
import type { Moment, VisitResponse } from '../../loadtest/profiles/judge.ts';
import { CLOCK_TOLERANCE_MS, judge, momentOf } from '../../loadtest/profiles/judge.ts';
import { seriesToLoad } from '../../loadtest/profiles/series.ts';
import type { Visit } from '../../loadtest/profiles/visit.ts';
import { makeVisit } from '../../loadtest/profiles/visit.ts';

const SERIES = { id: 's1', credentialSets: [['candidateNumber', 'name']], releaseAtMs: undefined };
const candidate = (number: string, name: string) => ({
  credentials: { candidateNumber: number, name },
  expected: { candidate: { number, name }, status: 'passed', components: [] },
});
const CANDIDATES = [candidate('1', '林泽'), candidate('2', '林泽'), candidate('3', '王芳')];

const lookup = makeVisit({ kind: 'first', row: 0, set: 0 }, SERIES, CANDIDATES);
const guess = makeVisit({ kind: 'wrong', row: 0, otherRow: 1, set: 0 }, SERIES, CANDIDATES);
const early = makeVisit({ kind: 'early', row: 0, set: 0 }, SERIES, CANDIDATES);
const list = makeVisit({ kind: 'series' }, SERIES, CANDIDATES);
const page = makeVisit({ kind: 'page' }, SERIES, CANDIDATES);

const PRIVATE = { 'Cache-Control': 'no-store, private' };
const problem = (name: string): string => JSON.stringify({ type: `urn:fangbang:problem:${name}` });
const found = JSON.stringify({
  series: { id: 's1' },
  batch: { number: 1 },
  candidate: { number: '1', name: '林泽' },
  status: { code: 'passed' },
  components: [],
});
const somebodyElses = found.replace('"1","name"', '"2","name"');
const response = (
  status: number,
  body: string,
  headers: VisitResponse['headers'] = PRIVATE,
): VisitResponse => ({
  status,
  body,
  headers,
});

test.each<[string, Visit, VisitResponse, 'right' | 'failed' | 'wrong' | 'asked']>([
  ['the truth', lookup, response(200, found), 'right'],
  [
    'header names in any case',
    lookup,
    response(200, found, { 'cache-control': 'private,no-store' }),
    'right',
  ],
  ['somebody else’s result', lookup, response(200, somebodyElses), 'wrong'],
  ['half an answer', lookup, response(200, found.slice(0, 40)), 'wrong'],
  ['"no such candidate" to one who exists', lookup, response(404, problem('candidate-not-found')), 'wrong'],
  ['an overload', lookup, response(503, problem('overloaded')), 'failed'],
  ['a limit', lookup, response(429, problem('too-many-attempts')), 'failed'],
  [
    'a proof of work that the page would do',
    lookup,
    response(429, problem('proof-of-work-required')),
    'asked',
  ],
  ['a closed series', lookup, response(403, problem('not-released')), 'failed'],
  ['no response', lookup, response(0, ''), 'failed'],
  ['the truth, for proxies to keep', lookup, response(200, found, {}), 'wrong'],
  ['the truth, kept by its browser', lookup, response(200, found, { 'cache-control': 'private' }), 'wrong'],
  ['a refused guess', guess, response(404, problem('candidate-not-found')), 'right'],
  ['a limited guess', guess, response(429, problem('proof-of-work-required')), 'right'],
  ['a guess that opens a result', guess, response(200, found), 'wrong'],
  ['a 404 of something else', guess, response(404, 'not found'), 'failed'],
  ['a refused guess, for proxies to keep', guess, response(404, problem('candidate-not-found'), {}), 'wrong'],
  ['a guess that meets an overload', guess, response(503, problem('overloaded')), 'failed'],
  ['the series, open', list, response(200, '{"series":[{"id":"s1","state":"open"}]}'), 'right'],
  ['the series, withdrawn', list, response(200, '{"series":[{"id":"s1","state":"withdrawn"}]}'), 'wrong'],
  ['a list without it', list, response(200, '{"series":[]}'), 'wrong'],
  ['no list', list, response(503, problem('overloaded')), 'failed'],
  ['the page', page, response(200, '<html></html>', { 'content-type': 'text/html; charset=utf-8' }), 'right'],
  ['half the page', page, response(200, '<html>', { 'content-type': 'text/html' }), 'failed'],
  ['an error page', page, response(500, '<html></html>', { 'content-type': 'text/html' }), 'failed'],
])('%s is judged', (_what, visit, answer, outcome) => {
  const verdict = judge(visit, 's1', answer);
  expect(verdict.outcome).toBe(outcome);
  expect(verdict.reasons.length > 0).toBe(outcome !== 'right');
  expect(verdict.reasons.join(' ')).not.toMatch(/林泽|王芳/);
});

const notReleased = response(403, problem('not-released'));
const scheduled = response(200, '{"series":[{"id":"s1","state":"scheduled"}]}');
const open = response(200, '{"series":[{"id":"s1","state":"open"}]}');

test.each<[string, Visit, VisitResponse, Moment, 'right' | 'failed' | 'wrong']>([
  ['sent away before the release', early, notReleased, 'before', 'right'],
  ['sent away around the release', early, notReleased, 'around', 'right'],
  ['sent away after the release', early, notReleased, 'after', 'failed'],
  ['a result before the release', early, response(200, found), 'before', 'wrong'],
  ['the truth around the release', early, response(200, found), 'around', 'right'],
  ['somebody else’s result around the release', early, response(200, somebodyElses), 'around', 'wrong'],
  [
    '"no such candidate" before the release',
    guess,
    response(404, problem('candidate-not-found')),
    'before',
    'wrong',
  ],
  ['a guess sent away before the release', guess, notReleased, 'before', 'right'],
  ['an overload before the release', early, response(503, problem('overloaded')), 'before', 'failed'],
  ['a 403 of something else', early, response(403, problem('forbidden')), 'before', 'failed'],
  ['sent away, for proxies to keep', early, response(403, problem('not-released'), {}), 'before', 'wrong'],
  ['a scheduled series before the release', list, scheduled, 'before', 'right'],
  ['an open series before the release', list, open, 'before', 'wrong'],
  ['a scheduled series after the release', list, scheduled, 'after', 'wrong'],
  ['either around it', list, open, 'around', 'right'],
])('%s is judged by its moment', (_what, visit, answer, moment, outcome) => {
  expect(judge(visit, 's1', answer, moment).outcome).toBe(outcome);
});

test('what is sent or received within a second of the release is around it', () => {
  const at = 1_000_000;
  const t = CLOCK_TOLERANCE_MS;
  expect(momentOf(at - t - 20, at - t - 1, at)).toBe('before');
  expect(momentOf(at - t - 20, at - t, at)).toBe('around');
  expect(momentOf(at + t, at + t + 5, at)).toBe('around');
  expect(momentOf(at + t + 1, at + t + 5, at)).toBe('after');
  expect(momentOf(0, 1, undefined)).toBe('after');
});

function address(visit: Visit): string {
  return visit.request.headers['X-Forwarded-For'] ?? '';
}

test('who guesses never shares an address with an honest candidate', () => {
  expect(address(lookup)).toBe('198.18.0.0');
  expect(address(guess)).toBe('198.19.0.0');
  // The second of three instances has the file's rows 1, 4, 7, …
  const second = makeVisit({ kind: 'first', row: 2, set: 0 }, SERIES, CANDIDATES, { index: 1, of: 3 });
  expect(address(second)).toBe('198.18.0.7');
});

test('a wrong guess is never somebody’s credentials, even among people of one name', () => {
  // Number 1 with the name of number 2 would be number 1: both are called 林泽.
  expect(JSON.parse(guess.request.body ?? '')).toEqual({ candidateNumber: '1', name: '王芳' });
});

test('credentials travel in the body only', () => {
  expect(lookup.request).toMatchObject({ method: 'POST', path: '/v1/series/s1/lookup' });
  expect(JSON.parse(lookup.request.body ?? '')).toEqual({ candidateNumber: '1', name: '林泽' });
});

const LIST = JSON.stringify({
  series: [
    { id: 'closed', state: 'scheduled', credentialSets: [] },
    {
      id: 's1',
      state: 'open',
      credentialSets: [
        { name: 'a', credentials: [{ name: 'candidateNumber' }, { name: 'name' }] },
        { name: 'b', credentials: [{ name: 'identityNumber' }, { name: 'name' }] },
      ],
    },
  ],
});

test('the only open series is taken, with the sets that the file has columns for', () => {
  expect(seriesToLoad(LIST, undefined, candidate('1', 'a'))).toEqual(SERIES);
  expect(seriesToLoad(LIST, 's1', candidate('1', 'a'))).toEqual(SERIES);
});

test('a scheduled series is taken with its release when that is wanted', () => {
  const soon = LIST.replace('"scheduled"', '"scheduled","releaseAt":"2026-06-25T09:00:00+08:00"').replace(
    '"credentialSets":[]',
    '"credentialSets":[{"credentials":[{"name":"candidateNumber"},{"name":"name"}]}]',
  );
  expect(seriesToLoad(soon, 'closed', candidate('1', 'a'), true)).toEqual({
    id: 'closed',
    credentialSets: [['candidateNumber', 'name']],
    releaseAtMs: Date.parse('2026-06-25T01:00:00Z'),
  });
  expect(() => seriesToLoad(soon, 'closed', candidate('1', 'a'))).toThrow('is not open but scheduled');
  // Announced without a time: there is nothing to wait for.
  expect(() => seriesToLoad(LIST, 'closed', candidate('1', 'a'), true)).toThrow('is not open but scheduled');
});

test.each([
  [LIST, 'nope', 'The service has no series "nope": it lists closed (scheduled), s1 (open).'],
  [LIST, 'closed', 'The series closed is not open but scheduled.'],
  ['{"series":[]}', undefined, 'Name the series to load: it lists none.'],
  ['<html>', undefined, 'Name the series to load: it lists none.'],
  [
    LIST.replace('scheduled', 'open'),
    undefined,
    'Name the series to load: it lists closed (open), s1 (open).',
  ],
])('of %s, %s is refused', (body, wanted, message) => {
  expect(() => seriesToLoad(body, wanted, candidate('1', 'a'))).toThrow(message);
});

test('a credentials file of another series is refused', () => {
  const other = { ...candidate('1', 'a'), credentials: { ticket: '1' } };
  expect(() => seriesToLoad(LIST, 's1', other)).toThrow('has no columns for any credential set of s1');
});
