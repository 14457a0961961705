/**
 * From a choice to a request: what every runner shares besides sending.
 */
import type { Part } from './arrivals.ts';
import { WHOLE } from './arrivals.ts';
import type { Choice } from './choose.ts';
import type { Candidate } from './credentials-csv.ts';
import type { SeriesToLoad } from './series.ts';
import type { Expected } from './truth.ts';

export interface VisitRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request and what its answer will be held against. */
export interface Visit {
  readonly kind: Choice['kind'];
  readonly request: VisitRequest;
  readonly expected: Expected | undefined;
}

/** The candidates, by index from 0: an array, or a SharedArray of k6. */
export type Candidates = Readonly<ArrayLike<Candidate>>;

/**
 * Makes the request of a choice.
 * @param part which of the file's rows the candidates are: addresses are of the row in the file.
 * @throws Error when no two of the guessed-at candidates can be mixed into a wrong pair.
 */
export function makeVisit(
  choice: Choice,
  series: SeriesToLoad,
  candidates: Candidates,
  part: Part = WHOLE,
): Visit {
  switch (choice.kind) {
    case 'page':
      return { kind: 'page', request: { method: 'GET', path: '/', headers: {} }, expected: undefined };
    case 'series':
      return {
        kind: 'series',
        request: { method: 'GET', path: '/v1/series', headers: {} },
        expected: undefined,
      };
    case 'first':
    case 'repeat':
    case 'early': {
      const candidate = candidateAt(candidates, choice.row);
      const names = series.credentialSets[choice.set] ?? [];
      return {
        kind: choice.kind,
        request: lookup(
          series.id,
          addressOf(choice.row * part.of + part.index, 'honest'),
          pick(candidate, names),
        ),
        expected: candidate.expected,
      };
    }
    case 'wrong': {
      const names = series.credentialSets[choice.set] ?? [];
      return {
        kind: 'wrong',
        request: lookup(
          series.id,
          addressOf(choice.row * part.of + part.index, 'guessing'),
          wrongPair(choice, names, candidates),
        ),
        expected: undefined,
      };
    }
  }
}

function candidateAt(candidates: Candidates, row: number): Candidate {
  const candidate = candidates[row];
  if (candidate === undefined) throw new RangeError(`There is no candidate ${row}.`);
  return candidate;
}

function pick(candidate: Candidate, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) picked[name] = candidate.credentials[name] ?? '';
  return picked;
}

/** The first credential of one candidate with the others of another: well-formed, and nobody's. */
function wrongPair(
  choice: Extract<Choice, { kind: 'wrong' }>,
  names: readonly string[],
  candidates: Candidates,
): Record<string, string> {
  const [first = '', ...others] = names;
  const own = pick(candidateAt(candidates, choice.row), names);
  // Two candidates may share a name; then the next one is tried.
  for (let step = 0; step < candidates.length; step += 1) {
    const row = (choice.otherRow + step) % candidates.length;
    const other = pick(candidateAt(candidates, row), names);
    if (own[first] !== other[first] && others.some((name) => own[name] !== other[name])) {
      return { ...other, [first]: own[first] ?? '' };
    }
  }
  throw new Error('No two candidates differ in all of their credentials.');
}

function lookup(seriesId: string, address: string, credentials: Record<string, string>): VisitRequest {
  return {
    method: 'POST',
    path: `/v1/series/${seriesId}/lookup`,
    headers: { 'Content-Type': 'application/json', 'X-Forwarded-For': address },
    body: JSON.stringify(credentials),
  };
}

/**
 * An address per candidate, from the range for benchmarks (RFC 2544), as if each asked from home. A service
 * believes it only from a proxy that it trusts (TRUSTED_PROXIES); else all seem to come from the runner. Honest
 * visitors and those who guess never share one: who guesses is rightly asked for a proof of work.
 */
function addressOf(row: number, who: 'honest' | 'guessing'): string {
  return `198.${who === 'honest' ? 18 : 19}.${(row >> 8) & 255}.${row & 255}`;
}
