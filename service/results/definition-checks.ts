/**
 * What the fields of a definition must agree on: names that point to one another, columns, scores.
 */
import type { ParsedDefinition } from './definition-schema.ts';

/** Where in the definition, and what was expected there. */
export type DefinitionFault = readonly [path: readonly PropertyKey[], message: string];

/** What a schema of single fields cannot say. */
export function crossCheck(d: ParsedDefinition): DefinitionFault[] {
  const faults: DefinitionFault[] = [];
  const credentials = Object.entries(d.credentials);

  for (const kind of ['candidate-number', 'person-name'] as const) {
    const found = credentials.filter(([, c]) => c.kind === kind).length;
    if (found !== 1) faults.push([['credentials'], `expected exactly one of kind ${kind}, found ${found}`]);
  }
  for (const [name, c] of credentials) {
    if (c.kind !== 'identity-number' && c.documents !== undefined)
      faults.push([['credentials', name, 'documents'], 'only for kind identity-number']);
    if (c.kind === 'text' && c.pattern === undefined)
      faults.push([['credentials', name], 'kind text needs a pattern']);
  }

  for (const [i, set] of d.credentialSets.entries()) {
    for (const [j, name] of set.credentials.entries()) {
      if (!Object.hasOwn(d.credentials, name))
        faults.push([['credentialSets', i, 'credentials', j], `no credential "${name}" is declared`]);
    }
    const key = set.credentials.toSorted().join(' ');
    if (
      d.credentialSets.some(
        (other, k) => k < i && (other.name === set.name || other.credentials.toSorted().join(' ') === key),
      )
    ) {
      faults.push([['credentialSets', i], 'the same name or the same credentials as an earlier set']);
    }
    if (new Set(set.credentials).size !== set.credentials.length)
      faults.push([['credentialSets', i], 'a credential is named twice']);
  }

  const codes = new Set<string>();
  for (const [i, c] of d.components.entries()) {
    if (codes.has(c.code)) faults.push([['components', i, 'code'], `"${c.code}" is used twice`]);
    codes.add(c.code);
    if (c.score !== undefined) {
      const fault = scoreFault(c.score);
      if (fault !== undefined) faults.push([['components', i, 'score'], fault]);
    }
    const twice = firstTwice(c.grades ?? []);
    if (twice !== undefined) faults.push([['components', i, 'grades'], `"${twice}" is there twice`]);
    for (const word of Object.keys(d.markers)) {
      if (c.grades?.includes(word) === true)
        faults.push([['components', i, 'grades'], `"${word}" is also a marker`]);
    }
  }
  for (const [i, group] of d.electives.entries()) {
    for (const [j, name] of group.components.entries()) {
      if (!codes.has(name))
        faults.push([['electives', i, 'components', j], `no component "${name}" is declared`]);
    }
    const twice = firstTwice(group.components);
    if (twice !== undefined) faults.push([['electives', i, 'components'], `"${twice}" is there twice`]);
    if (group.choose > group.components.length)
      faults.push([['electives', i, 'choose'], 'more than the group has']);
  }
  const flagTwice = firstTwice(d.flags.map((f) => f.code));
  if (flagTwice !== undefined) faults.push([['flags'], `the code "${flagTwice}" is used twice`]);
  for (const word of Object.keys(d.markers)) {
    if (/^[0-9]+(?:\.[0-9]+)?$/.test(word) && d.components.some((c) => c.score !== undefined))
      faults.push([['markers', word], 'a marker is a word, a number is a mark']);
  }
  if (d.total !== undefined && !isStep(d.total.step))
    faults.push([['total', 'step'], 'a step has at most three decimals']);
  if (d.total !== undefined && d.total.max / d.total.step >= 2 ** 31)
    faults.push([['total', 'max'], 'more steps than the codec has numbers for']);
  if (d.total?.isSum === true && !d.components.some((c) => c.score !== undefined))
    faults.push([['total', 'isSum'], 'no component has a score']);

  const { within } = d.rank ?? {};
  if (within !== undefined && d.components.find((c) => c.code === within)?.grades === undefined)
    faults.push([['rank', 'within'], `no component "${within}" with grades is declared`]);

  const columns = new Set<string>();
  const columnPaths: [readonly PropertyKey[], string | undefined][] = [
    ...credentials.map(([name, c]): [PropertyKey[], string] => [['credentials', name, 'column'], c.column]),
    ...d.components.map((c, i): [PropertyKey[], string] => [['components', i, 'column'], c.column]),
    ...d.flags.map((f, i): [PropertyKey[], string] => [['flags', i, 'column'], f.column]),
    ...d.ignoredColumns.map((c, i): [PropertyKey[], string] => [['ignoredColumns', i], c]),
    [['total', 'column'], d.total?.column],
    [['rank', 'column'], d.rank?.column],
    [['status', 'column'], d.status?.column],
  ];
  for (const [path, name] of columnPaths) {
    if (name === undefined) continue;
    if (columns.has(name)) faults.push([path, `column "${name}" is used twice`]);
    columns.add(name);
  }
  return faults;
}

/** The codec has two bytes for a mark, and scores are kept to three decimals. */
function scoreFault(s: { min: number; max: number; step: number }): string | undefined {
  if (s.min >= s.max) return 'min is not below max';
  if (!hasThreeDecimals(s.min) || !isStep(s.step)) return 'min and step have at most three decimals';
  if (!isMultiple(s.max - s.min, s.step)) return 'max is not min plus a whole number of steps';
  if ((s.max - s.min) / s.step > MOST_STEPS) return `more than ${MOST_STEPS} steps`;
  return undefined;
}

/** Codes of two bytes, less those below the first mark (slip.ts) and some to come. */
const MOST_STEPS = 65_000;

function hasThreeDecimals(value: number): boolean {
  return isMultiple(value, 0.001);
}

function isStep(value: number): boolean {
  return value >= 0.001 && hasThreeDecimals(value);
}

function firstTwice(words: readonly string[]): string | undefined {
  return words.find((word, i) => words.indexOf(word) < i);
}

/** Whether value is a whole number of steps, in decimal and not in binary fractions. */
export function isMultiple(value: number, step: number): boolean {
  const steps = value / step;
  // Two roundings of a double, for quotients so large that they weigh more than the 1e-9.
  return Math.abs(steps - Math.round(steps)) < Math.max(1e-9, 4 * Number.EPSILON * Math.abs(steps));
}
