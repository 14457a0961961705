/**
 * Whether a found answer (design.md section 5) is the truth. Differences are named by their place, never by a
 * value: reports and logs may hold them.
 */

/** A mark as the sample writes it: a score, a grade, or a status in its place. */
export type ExpectedMark = number | string | { readonly status: string };

/** The column `expected` of the credentials file. */
export interface Expected {
  readonly candidate: { readonly number: string; readonly name: string };
  readonly status: string;
  /** Code and mark, in the order of the slip; a component that was not taken is not there. */
  readonly components: readonly (readonly [code: string, mark: ExpectedMark])[];
  readonly total?: number;
  readonly rank?: number;
  /** Codes of the remarks on the slip, in their order. */
  readonly flags?: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

/** The expected answer, or undefined when the text is not of the known form. */
export function parseExpected(text: string): Expected | undefined {
  const value = parseJson(text);
  if (!isObject(value)) return undefined;
  const { candidate, status, components, total, rank, flags, ...unknown } = value;
  const sound =
    isObject(candidate) &&
    typeof candidate['number'] === 'string' &&
    typeof candidate['name'] === 'string' &&
    typeof status === 'string' &&
    isList(components) &&
    components.every(
      (c) => isList(c) && c.length === 2 && typeof c[0] === 'string' && isExpectedMark(c[1]),
    ) &&
    (total === undefined || typeof total === 'number') &&
    (rank === undefined || typeof rank === 'number') &&
    (flags === undefined || (isList(flags) && flags.every((f) => typeof f === 'string'))) &&
    // A field that we do not know would silently not be compared.
    Object.keys(unknown).length === 0;
  return sound ? (value as unknown as Expected) : undefined;
}

function isExpectedMark(value: unknown): value is ExpectedMark {
  return (
    typeof value === 'number' ||
    typeof value === 'string' ||
    (isObject(value) && typeof value['status'] === 'string')
  );
}

/** The parsed text, or undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Compares an answer with the truth, all of it: candidate, status, every component in its order, total, rank,
 * remarks, and that nothing else is there.
 *
 * @param answer the parsed body of a 200.
 * @returns the places that differ, such as `components.chinese`; empty when the answer is the truth.
 */
export function differences(answer: unknown, seriesId: string, expected: Expected): string[] {
  if (!isObject(answer)) return ['the answer is no JSON object'];
  const { series, batch, candidate, status, components, total, rank, flags, ...unknown } = answer;
  const places = Object.keys(unknown).map(() => 'a field that the contract does not know');
  const same = (place: string, is: unknown, should: unknown): void => {
    if (is !== should) places.push(place);
  };

  same('series.id', at(series, 'id'), seriesId);
  const batchNumber = at(batch, 'number');
  if (typeof batchNumber !== 'number' || !Number.isInteger(batchNumber) || batchNumber < 1)
    places.push('batch.number');
  same('candidate.number', at(candidate, 'number'), expected.candidate.number);
  same('candidate.name', at(candidate, 'name'), expected.candidate.name);
  same('status.code', at(status, 'code'), expected.status);
  places.push(...componentDifferences(components, expected.components));
  same('total', at(total, 'score'), expected.total);
  same('rank', rank, expected.rank);
  const flagCodes = isList(flags) ? flags.map((flag) => at(flag, 'code')) : [];
  if (JSON.stringify(flagCodes) !== JSON.stringify(expected.flags ?? [])) places.push('flags');
  return places;
}

function at(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function componentDifferences(components: unknown, expected: Expected['components']): string[] {
  if (!isList(components)) return ['components'];
  if (components.map((c) => at(c, 'code')).join(' ') !== expected.map(([code]) => code).join(' '))
    return ['components'];
  return expected.flatMap(([code, mark], i) => (isMark(components[i], mark) ? [] : [`components.${code}`]));
}

/** Exactly one of score, grade and status, and the right one. */
function isMark(component: unknown, mark: ExpectedMark): boolean {
  const shown = {
    score: at(component, 'score'),
    grade: at(component, 'grade'),
    status: at(at(component, 'status'), 'code'),
  };
  const should = {
    score: typeof mark === 'number' ? mark : undefined,
    grade: typeof mark === 'string' ? mark : undefined,
    status: typeof mark === 'object' ? mark.status : undefined,
  };
  return shown.score === should.score && shown.grade === should.grade && shown.status === should.status;
}
