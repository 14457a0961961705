/**
 * Who is asked for, and what each version of the results says of them: pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { SeriesDefinition } from '../../../service/results/definition.ts';
import { expectedMarks, fieldsOf, type TestCandidate } from '../../helpers/batch.ts';
import { officialCandidates, type OfficialCandidate } from '../../helpers/official-gaokao.ts';
import type { Answer } from '../../helpers/service.ts';

/** What can be in force: one of the two batches, or none. */
export type Version = 'first' | 'corrected' | 'closed';
export type Batch = Exclude<Version, 'closed'>;

export interface Person {
  readonly fields: Readonly<Record<string, string>>;
  /** undefined: the batch does not know them. */
  readonly entered: Readonly<Record<Batch, TestCandidate | undefined>>;
}

export interface Files {
  /** All of the first batch. */
  readonly first: readonly OfficialCandidate[];
  /** The rows of the correction: one in three has other marks, and some are new. */
  readonly correction: readonly OfficialCandidate[];
  readonly people: readonly Person[];
}

const CANDIDATES = 600;
/** Only in the correction: until then they are told 404, also by an instance that has lost both stores. */
const NEWCOMERS = 200;
/** In none. */
const STRANGERS = 100;
const CORRECTED_EVERY = 3;

export function makeFiles(definition: SeriesDefinition): Files {
  const first = officialCandidates(CANDIDATES);
  const everybody = officialCandidates(CANDIDATES + NEWCOMERS + STRANGERS, 1);
  // A correction knows no ranks among those whom it leaves as they were.
  const remarked = everybody.map((one) => ({ ...one, slip: { ...one.slip, rank: undefined } }));
  const isCorrected = (i: number): boolean =>
    i < CANDIDATES ? i % CORRECTED_EVERY === 0 : i < CANDIDATES + NEWCOMERS;
  const people = remarked.map((one, i): Person => {
    const before = first[i] === undefined ? undefined : asTyped(first[i]);
    const after = isCorrected(i) ? asTyped(one) : before;
    return { fields: fieldsOf(definition, asTyped(one)), entered: { first: before, corrected: after } };
  });
  return { first, correction: remarked.filter((_, i) => isCorrected(i)), people };
}

function asTyped({ candidateNumber, identityNumber, slip }: OfficialCandidate): TestCandidate {
  return { credentials: { candidateNumber, identityNumber, name: slip.name }, slip };
}

export type Reading =
  /** The versions in which this is the right answer. */
  | { readonly kind: 'of'; readonly versions: readonly Version[] }
  /** An honest refusal, which says when to come again. */
  | { readonly kind: 'later' }
  /** Right in none of them: of several at once, or something else. Why, without a mark. */
  | { readonly kind: 'mixed'; readonly why: string };

/** @param numbers of the batches. */
export function readAnswer(
  definition: SeriesDefinition,
  numbers: Readonly<Record<Batch, number>>,
  { entered }: Person,
  { status, retryAfterSeconds = 0, json }: Answer,
): Reading {
  if ((status === 503 || status === 429) && retryAfterSeconds > 0) return { kind: 'later' };
  const { type } = json;
  if (status === 403 && type === 'urn:fangbang:problem:not-released')
    return { kind: 'of', versions: ['closed'] };
  if (status === 404 && type === 'urn:fangbang:problem:candidate-not-found') {
    const versions = (['first', 'corrected'] as const).filter((one) => entered[one] === undefined);
    return versions.length > 0 ? { kind: 'of', versions } : { kind: 'mixed', why: '404 for a candidate' };
  }
  if (status !== 200) return { kind: 'mixed', why: `status ${status}` };
  const { number, corrected } = json['batch'] as { number?: unknown; corrected?: unknown };
  const version = number === numbers.corrected ? 'corrected' : 'first';
  const slip = entered[version];
  if (number !== numbers[version] || slip === undefined)
    return { kind: 'mixed', why: `a slip of batch ${String(number)}, which has none for them` };
  const expected = expectedMarks(definition, slip);
  const wrong = Object.keys(expected).filter((name) => !isDeepStrictEqual(json[name], expected[name]));
  if (corrected !== (version === 'corrected')) wrong.push('corrected');
  if (wrong.length > 0)
    return { kind: 'mixed', why: `batch ${String(number)} with another ${wrong.join(', ')}` };
  return { kind: 'of', versions: [version] };
}
