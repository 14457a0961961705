/**
 * @module Definitions and slips for tests: small ones by hand, and any that the schema allows (fast-check).
 */
import fc from 'fast-check';
import { parseDefinition, type SeriesDefinition } from '../../service/results/definition.ts';
import { type PresetName, readPreset } from '../../service/results/presets.ts';
import { lastMarkCode, MARK_BASE, type Slip, STATUSES_WITHOUT_MARKS } from '../../service/results/slip.ts';
import { STATUS_CODES } from '../../service/results/definition.ts';
import { makeSlipCodec } from '../../service/results/slip-codec.ts';
import type { StoredSlip } from '../../service/results/stored-slip.ts';

export function preset(name: PresetName): SeriesDefinition {
  return parseDefinition(readPreset(name), name);
}

const text = { zh: '名', en: 'name' };

/** The least that a definition needs. JSON is YAML. */
export function minimalDefinition(): Record<string, unknown> {
  return {
    id: 'minimal-2026',
    title: text,
    credentials: {
      number: { kind: 'candidate-number', column: '准考证号', title: text, example: '1' },
      name: { kind: 'person-name', column: '姓名', title: text, example: '林泽' },
    },
    credentialSets: [{ name: 'both', credentials: ['number', 'name'] }],
  };
}

/** Parsed from parts that take the place of the minimal ones. */
export function definitionWith(parts: Record<string, unknown>): SeriesDefinition {
  return parseDefinition(JSON.stringify({ ...minimalDefinition(), ...parts }), 'test');
}

const step = fc.constantFrom(1, 0.5, 0.25, 0.1, 0.01, 0.001, 2, 5, 0.3);
const score = fc
  .record({ min: fc.constantFrom(0, 0.5, 1, 40, 0.001), steps: fc.integer({ min: 1, max: 1_000 }), step })
  .map((s) => ({ min: s.min, step: s.step, max: Math.round((s.min + s.steps * s.step) * 1000) / 1000 }));
const grades = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 100 });

/** Up to 20 components of both kinds, with or without total, rank and flags. */
const freshDefinition: fc.Arbitrary<SeriesDefinition> = fc
  .record({
    components: fc.array(fc.oneof(fc.record({ score }), fc.record({ grades })), { maxLength: 20 }),
    total: fc.option(step, { nil: undefined }),
    hasRank: fc.boolean(),
    flags: fc.nat({ max: 8 }),
  })
  .map((d) =>
    definitionWith({
      components: d.components.map((c, i) => ({
        code: `c-${i}`,
        title: text,
        column: `科目${i}`,
        optional: true,
        ...c,
      })),
      ...(d.total === undefined ? {} : { total: { column: '总分', max: 1000, step: d.total, isSum: false } }),
      ...(d.hasRank ? { rank: { column: '位次', optional: true } } : {}),
      flags: Array.from({ length: d.flags }, (_, i) => ({
        code: `f-${i}`,
        title: text,
        column: `标${i}`,
        values: { 是: true, '': false },
      })),
    }),
  );

/** One of 80 that are made anew in each process: parsing one takes as long as hundreds of slips. */
export const anyDefinition: fc.Arbitrary<SeriesDefinition> = fc.constantFrom(
  ...fc.sample(freshDefinition, 80),
);

/** Any name that a person may have, and some that nobody has: up to 255 bytes in either encoding. */
export const anyName: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('张王李赵欧阳娜·')), minLength: 1, maxLength: 6 }),
  fc.string({ unit: fc.constantFrom(...Array.from('𠮷𫞩㛃林泽')), minLength: 1, maxLength: 6 }),
  fc.string({ unit: 'binary', minLength: 0, maxLength: 60 }),
  fc.string({ unit: 'grapheme-ascii', minLength: 0, maxLength: 100 }),
);

/** Numbers as they are, and texts. */
export const anyCandidateNumber: fc.Arbitrary<string> = fc.oneof(
  ...[1, 9, 14, 15, 16, 20].map((length) =>
    fc.string({ unit: fc.constantFrom(...Array.from('0123456789')), minLength: length, maxLength: length }),
  ),
  fc.string({ unit: fc.constantFrom(...Array.from('0A1B2C-')), minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

/** Any slip of a definition. */
/** The slip as it comes out of the stores. */
export function storedSlip(definition: SeriesDefinition, slip: Slip): StoredSlip {
  const { encode, read } = makeSlipCodec(definition);
  return read(encode(slip));
}

export function anySlip(definition: SeriesDefinition): fc.Arbitrary<Slip> {
  const mark = (i: number): fc.Arbitrary<number> => {
    const component = definition.components[i];
    if (component === undefined) return fc.constant(0);
    return fc.oneof(
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: MARK_BASE, max: lastMarkCode(component) }),
    );
  };
  const { total } = definition;
  return fc
    .record({
      candidateNumber: anyCandidateNumber,
      name: anyName,
      status: fc.constantFrom(...STATUS_CODES),
      marks: fc.tuple(...definition.components.map((_, i) => mark(i))),
      total:
        total === undefined
          ? fc.constant(undefined)
          : fc.option(
              fc.nat({ max: 100_000 }).map((n) => Math.round(n * total.step * 1000) / 1000),
              { nil: undefined },
            ),
      rank: fc.option(fc.nat({ max: 2 ** 31 - 1 }), { nil: undefined }),
      flags: fc.nat({ max: 2 ** definition.flags.length - 1 }),
    })
    .map((slip) =>
      STATUSES_WITHOUT_MARKS.has(slip.status)
        ? { ...slip, marks: slip.marks.map(() => 0), total: undefined, rank: undefined }
        : slip,
    );
}
