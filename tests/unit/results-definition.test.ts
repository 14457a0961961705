import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normaliseCredential } from '../../service/results/credentials.ts';
import { isMultiple, parseDefinition } from '../../service/results/definition.ts';
import { refusalBy, thrownBy } from '../helpers/thrown.ts';
import { PRESET_NAMES, readPreset } from '../../service/results/presets.ts';
import { minimalDefinition, preset } from '../helpers/definitions.ts';

/** The faults of a source; none when it parses. */
function faultsOf(source: string): readonly string[] {
  if (thrownBy(() => parseDefinition(source, 'my.yaml')) === undefined) return [];
  const error = refusalBy(() => parseDefinition(source, 'my.yaml'));
  expect(error.code).toBe('definition-invalid');
  expect(error.hint).toContain('fangbang series preset');
  expect(error.message).toBe(
    `my.yaml: the series definition has ${error.faults.length} fault${error.faults.length === 1 ? '' : 's'}`,
  );
  return error.faults;
}

/** The gaokao preset with one text in the place of another. */
function gaokaoWith(from: string, to: string): string {
  const source = readPreset('gaokao');
  expect(source).toContain(from);
  return source.replace(from, to);
}

function minimalWith(parts: Record<string, unknown>): string {
  return JSON.stringify({ ...minimalDefinition(), ...parts });
}

describe('the presets', () => {
  test.for(PRESET_NAMES)('%s parses', (name) => {
    const definition = preset(name);
    expect(definition.source).toBe(readPreset(name));
    expect(definition.credentials[definition.numberCredential]?.kind).toBe('candidate-number');
    expect(definition.credentials[definition.nameCredential]?.kind).toBe('person-name');
    expect(definition.credentialSets.length).toBeGreaterThan(0);
  });

  test.for(PRESET_NAMES)('the examples of %s are sound values', (name) => {
    const unsound = Object.values(preset(name).credentials).filter(
      (c) => !normaliseCredential(c, c.example).ok,
    );
    expect(unsound).toEqual([]);
  });

  test('the gaokao counts guesses in both directions', () => {
    const { credentials, credentialSets } = preset('gaokao');
    for (const name of credentialSets[0]?.credentials ?? []) expect(credentials[name]?.counted).toBe(true);
  });

  test('the gaokao’s electives are three of seven, scaled 40 to 100', () => {
    const { electives, components } = preset('gaokao');
    expect(electives).toEqual([{ components: expect.any(Array), choose: 3 }]);
    expect(electives[0]?.components).toHaveLength(7);
    for (const code of electives[0]?.components ?? [])
      expect(components.find((c) => c.code === code)?.score).toEqual({ min: 40, max: 100, step: 1 });
  });
});

describe('each fault is told once, by line, path and what was expected', () => {
  test.for<readonly [fact: string, source: string, ...faults: string[]]>([
    ['an empty file', '', 'line 1: the file: Invalid input: expected object, received null'],
    ['a list', '- 1', 'line 1: the file: Invalid input: expected object, received array'],
    [
      'a bracket that is not closed',
      'id: [1',
      'line 1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a key twice', 'id: a\nid: b', 'line 2: Map keys must be unique'],
    [
      'two documents',
      'id: a\n---\nid: b',
      'line 2: Source contains multiple documents; please use YAML.parseAllDocuments()',
    ],
    [
      'an alias to nowhere',
      'id: *nobody',
      'line 1: the file: Unresolved alias (the anchor must be set before the alias): nobody',
    ],
    [
      'a tag',
      gaokaoWith('id: zj-gaokao-2026', 'id: !secret zj-gaokao-2026'),
      'line 3: Unresolved tag: !secret',
    ],
    [
      'a kind of another name',
      gaokaoWith('kind: candidate-number', 'kind: candidate'),
      'line 10: credentials.candidateNumber.kind: Invalid option: expected one of "candidate-number"|"identity-number"|"person-name"|"text"',
    ],
    [
      'a misspelt key',
      gaokaoWith('column: 准考证号', 'colum: 准考证号'),
      'line 10: credentials.candidateNumber.column: Invalid input: expected string, received undefined',
      'line 11: credentials.candidateNumber.colum: no such key is known here',
    ],
    [
      'a key too many',
      gaokaoWith('ignoredColumns: [科类]', 'ignoredColumns: [科类]\nsecret: 1'),
      'line 101: secret: no such key is known here',
    ],
    [
      'a credential’s name with a hyphen',
      gaokaoWith('  candidateNumber:', '  candidate-number:'),
      'line 10: credentials.candidate-number: expected a name such as candidateNumber',
    ],
    [
      'a number that is not quoted',
      gaokaoWith("'26330101000001'", '26330101000001'),
      'line 14: credentials.candidateNumber.example: Invalid input: expected string, received number',
    ],
    [
      'a pattern that is none',
      gaokaoWith("'[0-9]{14}'", "'[0-9{14}'"),
      'line 13: credentials.candidateNumber.pattern: expected a regular expression',
    ],
    [
      'a pattern that would get out of its anchors',
      gaokaoWith("'[0-9]{14}'", "'1)|(2'"),
      'line 13: credentials.candidateNumber.pattern: expected a regular expression',
    ],
    [
      'an id with capitals',
      gaokaoWith('id: zj-gaokao-2026', 'id: ZJ'),
      'line 3: id: expected lower-case letters, digits and hyphens, such as zj-gaokao-2026',
    ],
    [
      'a title without English',
      gaokaoWith('  en: Zhejiang College Entrance Examination (Gaokao) 2026\n', ''),
      'line 5: title.en: Invalid input: expected string, received undefined',
    ],
    [
      'a time zone that is none',
      minimalWith({ timeZone: 'Asia/Hangzhou' }),
      'line 1: timeZone: expected a time zone such as Asia/Shanghai',
    ],
    [
      'both a score and grades',
      gaokaoWith('score: { max: 150 }', 'score: { max: 150 }\n    grades: [A]'),
      'line 33: components[0]: expected either score or grades',
    ],
    [
      'neither a score nor grades',
      gaokaoWith('    score: { max: 150 }\n', ''),
      'line 33: components[0]: expected either score or grades',
    ],
    [
      'a marker of an unknown status',
      gaokaoWith('违纪: misconduct\n  暂缓', '违纪: cheating\n  暂缓'),
      'line 81: markers.违纪: Invalid option: expected one of "absent"|"exempt"|"misconduct"|"withheld"',
    ],
    [
      'a status that is none',
      gaokaoWith('屏蔽: shielded', '屏蔽: hidden'),
      'line 97: status.values.屏蔽: Invalid option: expected one of "scored"|"absent"|"withheld"|"misconduct"|"shielded"|"passed"|"failed"',
    ],
  ])('%s', ([, source, ...faults]) => {
    expect(faultsOf(source)).toEqual(faults);
  });

  test('aliases that multiply beyond measure are a fault and not a flood', () => {
    const bomb = [
      'a0: &a0 [x, x]',
      ...Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`),
    ];
    expect(faultsOf(bomb.join('\n'))).toEqual([
      'line 1: the file: Excessive alias count indicates a resource exhaustion attack',
    ]);
  });
});

describe('what fields must agree on', () => {
  const title = { zh: '名', en: 'name' };
  const component = (code: string, more: object = {}): object => ({
    code,
    title,
    column: code,
    score: { max: 10 },
    ...more,
  });
  const { credentials } = minimalDefinition() as { credentials: Record<string, object> };
  const flag = (code: string): object => ({ code, title, column: code, values: { 是: true } });

  test.for<readonly [fact: string, parts: Record<string, unknown>, ...faults: string[]]>([
    [
      'no name',
      {
        credentials: { number: credentials['number'] },
        credentialSets: [{ name: 'one', credentials: ['number'] }],
      },
      'credentials: expected exactly one of kind person-name, found 0',
    ],
    [
      'two candidate numbers',
      { credentials: { ...credentials, other: { ...credentials['number'], column: 'other' } } },
      'credentials: expected exactly one of kind candidate-number, found 2',
    ],
    [
      'documents of a name',
      { credentials: { ...credentials, name: { ...credentials['name'], documents: ['passport'] } } },
      'credentials.name.documents: only for kind identity-number',
    ],
    [
      'a PIN without a pattern',
      { credentials: { ...credentials, pin: { kind: 'text', column: 'PIN', title, example: '1' } } },
      'credentials.pin: kind text needs a pattern',
    ],
    [
      'a set with a credential that is not declared',
      { credentialSets: [{ name: 'one', credentials: ['number', 'pin'] }] },
      'credentialSets[0].credentials[1]: no credential "pin" is declared',
    ],
    [
      'a set with a credential of the language',
      { credentialSets: [{ name: 'one', credentials: ['number', 'constructor'] }] },
      'credentialSets[0].credentials[1]: no credential "constructor" is declared',
    ],
    [
      'two sets of one name',
      {
        credentialSets: [
          { name: 'one', credentials: ['number'] },
          { name: 'one', credentials: ['name'] },
        ],
      },
      'credentialSets[1]: the same name or the same credentials as an earlier set',
    ],
    [
      'two sets of the same credentials',
      {
        credentialSets: [
          { name: 'one', credentials: ['number', 'name'] },
          { name: 'two', credentials: ['name', 'number'] },
        ],
      },
      'credentialSets[1]: the same name or the same credentials as an earlier set',
    ],
    [
      'a credential twice in a set',
      { credentialSets: [{ name: 'one', credentials: ['number', 'number'] }] },
      'credentialSets[0]: a credential is named twice',
    ],
    [
      'two components of one code',
      { components: [component('a'), component('a', { column: 'b' })] },
      'components[1].code: "a" is used twice',
    ],
    [
      'two columns of one name',
      { components: [component('a'), component('b', { column: 'a' })] },
      'components[1].column: column "a" is used twice',
    ],
    [
      'a component in a credential’s column',
      { components: [component('a', { column: '姓名' })] },
      'components[0].column: column "姓名" is used twice',
    ],
    [
      'an ignored column that is used',
      { components: [component('a')], ignoredColumns: ['a'] },
      'ignoredColumns[0]: column "a" is used twice',
    ],
    [
      'a maximum below the minimum',
      { components: [component('a', { score: { min: 10, max: 5 } })] },
      'components[0].score: min is not below max',
    ],
    [
      'a maximum off the steps',
      { components: [component('a', { score: { max: 10, step: 0.3 } })] },
      'components[0].score: max is not min plus a whole number of steps',
    ],
    [
      'steps finer than the codec’s',
      { components: [component('a', { score: { max: 10, step: 0.0005 } })] },
      'components[0].score: min and step have at most three decimals',
    ],
    [
      'steps next to nothing',
      { components: [component('a', { score: { max: 10, step: 1e-13 } })] },
      'components[0].score: min and step have at most three decimals',
    ],
    [
      'more steps than the codec’s',
      { components: [component('a', { score: { max: 65_001 } })] },
      'components[0].score: more than 65000 steps',
    ],
    [
      'a grade twice',
      { components: [component('a', { score: undefined, grades: ['A', 'B', 'A'] })] },
      'components[0].grades: "A" is there twice',
    ],
    [
      'a grade that is a marker',
      {
        components: [component('a', { score: undefined, grades: ['A', '缺考'] })],
        markers: { 缺考: 'absent' },
      },
      'components[0].grades: "缺考" is also a marker',
    ],
    [
      'a marker that is a mark',
      { components: [component('a')], markers: { 0: 'absent' } },
      'markers.0: a marker is a word, a number is a mark',
    ],
    [
      'an elective that is not declared',
      { components: [component('a')], electives: [{ components: ['a', 'b'], choose: 1 }] },
      'electives[0].components[1]: no component "b" is declared',
    ],
    [
      'an elective twice',
      { components: [component('a')], electives: [{ components: ['a', 'a'], choose: 1 }] },
      'electives[0].components: "a" is there twice',
    ],
    [
      'more electives than there are',
      { components: [component('a'), component('b')], electives: [{ components: ['a', 'b'], choose: 3 }] },
      'electives[0].choose: more than the group has',
    ],
    ['a sum of nothing', { total: { column: 't', max: 10 } }, 'total.isSum: no component has a score'],
    [
      'a total in steps next to nothing',
      { components: [component('a')], total: { column: 't', max: 10, step: 1e-13 } },
      'total.step: a step has at most three decimals',
      'total.max: more steps than the codec has numbers for',
    ],
    [
      'a total beyond the codec',
      { total: { column: 't', max: 2 ** 31, isSum: false } },
      'total.max: more steps than the codec has numbers for',
    ],
    [
      'two flags of one code',
      { flags: [flag('a'), { ...flag('a'), column: 'b' }] },
      'flags: the code "a" is used twice',
    ],
    [
      'nine flags',
      { flags: Array.from({ length: 9 }, (_, i) => flag(`f-${i}`)) },
      'flags: Too big: expected array to have <=8 items',
    ],
  ])('%s', ([, parts, ...faults]) => {
    expect(faultsOf(minimalWith(parts))).toEqual(faults.map((fault) => `line 1: ${fault}`));
  });

  test('a marker of digits is fine where nothing has a score', () => {
    const graded = component('a', { score: undefined, grades: ['A', 'B'] });
    expect(faultsOf(minimalWith({ components: [graded], markers: { 0: 'absent' } }))).toEqual([]);
  });

  test('several faults are all told', () => {
    const faults = faultsOf(
      minimalWith({
        components: [component('a'), component('a', { column: 'b', score: { min: 10, max: 5 } })],
        electives: [{ components: ['x', 'y'], choose: 3 }],
      }),
    );
    expect(faults).toHaveLength(5);
    expect(new Set(faults).size).toBe(5);
  });
});

describe('steps', () => {
  test('a value made of steps is a multiple of them, in decimal', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0.001, 0.01, 0.1, 0.25, 0.3, 0.5, 1, 5),
        fc.nat({ max: 1_000_000 }),
        (step, n) => {
          const value = Math.round(n * step * 1000) / 1000;
          expect(isMultiple(value, step)).toBe(true);
          expect(isMultiple(value + step * 0.4, step)).toBe(false);
          expect(isMultiple(value + step / 1000, step)).toBe(false);
        },
      ),
    );
  });
});

test('any text is a definition or a list of faults', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json(), fc.lorem()), (source) => {
      expect(faultsOf(source).length).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
}, 60_000);

test('a preset with any one line taken out is a definition or a list of faults with their lines', () => {
  for (const name of PRESET_NAMES) {
    const lines = readPreset(name).split('\n');
    for (const [i] of lines.entries()) {
      for (const fault of faultsOf(lines.filter((_, k) => k !== i).join('\n')))
        expect(fault).toMatch(/^line \d+: /);
    }
  }
}, 60_000);
