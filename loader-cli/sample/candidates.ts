/**
 * Synthetic candidates of any definition, in order, the same for the same seed. What a candidate's
 * answer must be is written down here from the values themselves, not by the codec that it tests.
 */
import type { Component, SeriesDefinition, StatusCode } from '#results/definition.ts';
import { candidateNumbers, identityNumbers, textLike } from './numbers.ts';
import type { NumberMaker } from './numbers.ts';
import { sampleName } from './names.ts';
import { Random } from './random.ts';

/** A mark as an answer shows it. */
export type ShownMark = number | string | { readonly status: string };

export interface SampleCandidate {
  /** By the names of the definition. */
  readonly credentials: Readonly<Record<string, string>>;
  readonly status: StatusCode;
  /** What was taken, in the definition's order. */
  readonly components: readonly (readonly [code: string, mark: ShownMark])[];
  /** Also of a candidate whose marks are not shown: it has its place in the ranking. */
  readonly total: number | undefined;
  /** Codes of the flags that are set. */
  readonly flags: readonly string[];
}

/** One candidate in so many has each of these, so that even small samples have some. */
const EVERY = { absent: 331, withheld: 997, misconduct: 1499, flag: 499, markAbsent: 700 } as const;

export class SampleCandidates {
  readonly #definition: SeriesDefinition;
  readonly #rows: number;
  readonly #seed: string;

  constructor(definition: SeriesDefinition, rows: number, seed: string) {
    this.#definition = definition;
    this.#rows = rows;
    this.#seed = seed;
  }

  /** All of them from the first; the same ones each time. */
  *[Symbol.iterator](): Generator<SampleCandidate> {
    const d = this.#definition;
    const random = new Random(`${this.#seed}\n${d.id}`);
    const makers = Object.entries(d.credentials).map(([name, credential]): [string, NumberMaker] => {
      switch (credential.kind) {
        case 'candidate-number':
          return [name, candidateNumbers(credential, this.#rows)];
        case 'identity-number':
          return [name, identityNumbers(credential, this.#rows, random)];
        case 'person-name':
          return [name, () => sampleName(random)];
        case 'text':
          return [name, () => textLike(credential, random)];
      }
    });
    const statuses = new Set(Object.values(d.status?.values ?? {}));
    for (let index = 0; index < this.#rows; index += 1) {
      const credentials = Object.fromEntries(makers.map(([name, make]) => [name, make(index)]));
      const status = sampleStatus(statuses, index, random);
      const components = status === 'absent' ? absentComponents(d) : sampleComponents(d, index, random);
      const flags = d.flags.filter((_, i) => (index + i) % EVERY.flag === 11).map((flag) => flag.code);
      const total = totalOf(d, components, status, random);
      yield { credentials, status, components, total, flags };
    }
  }
}

function sampleStatus(known: ReadonlySet<StatusCode>, index: number, random: Random): StatusCode {
  const luck = random.next();
  if (index % EVERY.absent === 3 && known.has('absent')) return 'absent';
  if (index % EVERY.withheld === 5 && known.has('withheld')) return 'withheld';
  if (index % EVERY.misconduct === 7 && known.has('misconduct')) return 'misconduct';
  if (known.has('passed') && known.has('failed')) return luck < 0.72 ? 'passed' : 'failed';
  return 'scored';
}

function markerFor(d: SeriesDefinition, status: string): string | undefined {
  return Object.entries(d.markers).find(([, code]) => code === status)?.[0];
}

/** Absent as a whole: so in every component that had to be sat, where the definition has a word for it. */
function absentComponents(d: SeriesDefinition): [string, ShownMark][] {
  if (markerFor(d, 'absent') === undefined) return [];
  const inGroup = new Set(d.electives.flatMap((group) => group.components));
  const chosen = new Set(d.electives.flatMap((group) => group.components.slice(0, group.choose)));
  return d.components
    .filter((c) => (inGroup.has(c.code) ? chosen.has(c.code) : !c.optional))
    .map((c) => [c.code, { status: 'absent' }]);
}

function sampleComponents(d: SeriesDefinition, index: number, random: Random): [string, ShownMark][] {
  const ability = random.bell();
  const inGroup = new Set(d.electives.flatMap((group) => group.components));
  const chosen = new Set(d.electives.flatMap((group) => choose(group.components, group.choose, random)));
  const taken = d.components.filter((c) =>
    inGroup.has(c.code) ? chosen.has(c.code) : !c.optional || random.next() < 0.6,
  );
  const [first] = d.components;
  if (taken.length === 0 && first !== undefined) taken.push(first);
  const components = taken.map((c): [string, ShownMark] => [c.code, sampleMark(c, ability, random)]);
  // Absent in one component, but never in all: that would be another status.
  if (index % EVERY.markAbsent === 13 && components.length > 1 && markerFor(d, 'absent') !== undefined) {
    const missed = components[random.below(components.length)];
    if (missed !== undefined) missed[1] = { status: 'absent' };
  }
  fitTotal(d, components);
  return components;
}

function choose(codes: readonly string[], count: number, random: Random): string[] {
  const left = [...codes];
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0] ?? '');
}

/** Around two thirds of the range, the better candidates better in everything. */
function sampleMark(component: Component, ability: number, random: Random): number | string {
  const skill = 0.75 * ability + 0.66 * random.bell();
  if (component.score === undefined) {
    const grades = component.grades ?? [];
    const place = Math.floor(((3 - skill) / 6) * grades.length);
    return grades[Math.min(grades.length - 1, Math.max(0, place))] ?? '';
  }
  const { min, max, step } = component.score;
  const steps = Math.round((max - min) / step);
  const at = Math.round(steps * (0.66 + 0.15 * skill));
  return rounded(min + Math.min(steps, Math.max(0, at)) * step);
}

/** The sum of the scores; where the definition has none, a total of its own. */
function totalOf(
  d: SeriesDefinition,
  components: readonly (readonly [string, ShownMark])[],
  status: StatusCode,
  random: Random,
): number | undefined {
  if (d.total === undefined) return undefined;
  if (!d.components.some((c) => c.score !== undefined)) {
    const steps = Math.floor(d.total.max / d.total.step);
    return status === 'absent' ? undefined : rounded(random.below(steps + 1) * d.total.step);
  }
  const scores = components.flatMap(([, mark]) => (typeof mark === 'number' ? [mark] : []));
  return scores.length === 0 ? undefined : rounded(sum(scores));
}

/** Takes marks off while their sum is above the highest total. */
function fitTotal(d: SeriesDefinition, components: [string, ShownMark][]): void {
  const most = d.total?.max ?? Infinity;
  for (;;) {
    const scored = components.filter((c): c is [string, number] => typeof c[1] === 'number');
    if (rounded(sum(scored.map(([, score]) => score))) <= most) return;
    const highest = scored.reduce((a, b) => (b[1] > a[1] ? b : a));
    highest[1] = rounded(highest[1] - (d.components.find((c) => c.code === highest[0])?.score?.step ?? 1));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Without binary fractions. */
function rounded(mark: number): number {
  return Math.round(mark * 1000) / 1000;
}
