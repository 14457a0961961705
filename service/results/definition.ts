/**
 * The definition of a series: what its official file holds, what a candidate is asked for, what a
 * slip shows. A YAML file checked against one schema; nothing about a single exam is in code.
 */
import { createHash } from 'node:crypto';
import { LineCounter, isNode, parseDocument } from 'yaml';
import { z } from 'zod';
import { FangbangError } from './errors.ts';

/** States of a whole slip (design.md section 5). The order is the codec's: append only. */
export const STATUS_CODES = [
  'scored',
  'absent',
  'withheld',
  'misconduct',
  'shielded',
  'passed',
  'failed',
] as const;
export type StatusCode = (typeof STATUS_CODES)[number];

/** States of a component without a mark. The order is the codec's: append only. */
export const COMPONENT_STATUS_CODES = ['absent', 'exempt', 'misconduct', 'withheld'] as const;
export type ComponentStatusCode = (typeof COMPONENT_STATUS_CODES)[number];

/** Identity documents of domain.md, in the order in which they are tried. */
export const DOCUMENT_KINDS = [
  'resident-identity',
  'residence-permit',
  'foreign-permanent-residence',
  'travel-permit',
  'passport',
] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

const text = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
export type Text = z.infer<typeof text>;

const code = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'expected lower-case letters, digits and hyphens, such as physics-level');
const column = z.string().min(1).max(100);

/** A regular expression that must match the whole normalised value. */
const pattern = z
  .string()
  .max(200)
  .refine((source) => {
    try {
      return new RegExp(`^(?:${source})$`, 'u') instanceof RegExp;
    } catch {
      return false;
    }
  }, 'expected a regular expression');

const credential = z.strictObject({
  /**
   * candidate-number and person-name are also the slip's number and name: a definition has exactly
   * one of each, whether or not a candidate is asked for them. `text` is for a PIN and the like.
   */
  kind: z.enum(['candidate-number', 'identity-number', 'person-name', 'text']),
  column,
  title: text,
  pattern: pattern.optional(),
  example: z.string().min(1).max(100),
  /** Wrong attempts against one value are counted and limited. */
  counted: z.boolean().default(false),
  /** For identity-number: the kinds of document that occur. */
  documents: z.array(z.enum(DOCUMENT_KINDS)).min(1).optional(),
});

const score = z.strictObject({
  min: z.number().min(0).default(0),
  max: z.number().positive(),
  /** Marks are min + n × step. */
  step: z.number().positive().default(1),
});

const component = z
  .strictObject({
    code,
    title: text,
    column,
    score: score.optional(),
    /** Grades in their order, best first. */
    grades: z.array(z.string().min(1).max(20)).min(1).max(100).optional(),
    /** The cell may be empty: not taken. Components of an elective group always may. */
    optional: z.boolean().default(false),
  })
  .refine((c) => (c.score === undefined) !== (c.grades === undefined), 'expected either score or grades');

const definitionSchema = z.strictObject({
  id: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9-]{1,62}$/,
      'expected lower-case letters, digits and hyphens, such as zj-gaokao-2026',
    ),
  title: text,
  /** For the times shown on slips. */
  timeZone: z
    .string()
    .default('Asia/Shanghai')
    .refine((zone) => {
      try {
        return new Intl.DateTimeFormat('en', { timeZone: zone }) instanceof Intl.DateTimeFormat;
      } catch {
        return false;
      }
    }, 'expected a time zone such as Asia/Shanghai'),
  credentials: z.record(
    z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/, 'expected a name such as candidateNumber'),
    credential,
  ),
  credentialSets: z
    .array(z.strictObject({ name: code, credentials: z.array(z.string()).min(1).max(8) }))
    .min(1)
    .max(16),
  components: z.array(component).max(64).default([]),
  /** Of each group's components, exactly `choose` have a mark or a marker. */
  electives: z
    .array(z.strictObject({ components: z.array(code).min(2), choose: z.number().int().positive() }))
    .default([]),
  /** Words in the place of a mark. */
  markers: z.record(z.string().min(1), z.enum(COMPONENT_STATUS_CODES)).default({}),
  total: z
    .strictObject({
      column,
      max: z.number().positive(),
      step: z.number().positive().default(1),
      /** The total is the sum of the scores taken; a row in which it is not is rejected. */
      isSum: z.boolean().default(true),
    })
    .optional(),
  rank: z
    .strictObject({
      column,
      /** Some rows may have none. */
      optional: z.boolean().default(false),
    })
    .optional(),
  status: z
    .strictObject({
      column,
      /** The whole column may be missing from a file: then every row has the status `scored`, or `absent` when every mark is. */
      columnMayBeMissing: z.boolean().default(false),
      values: z.record(z.string(), z.enum(STATUS_CODES)),
    })
    .optional(),
  /** Yes-or-no remarks on the slip, such as a hearing impairment. */
  flags: z
    .array(
      z.strictObject({
        code,
        title: text,
        column,
        columnMayBeMissing: z.boolean().default(false),
        values: z.record(z.string(), z.boolean()),
      }),
    )
    .max(8)
    .default([]),
  /** Columns that occur in the file and are neither checked nor stored. */
  ignoredColumns: z.array(column).default([]),
  texts: z
    .strictObject({
      /** Titles and notes that take the place of the built-in ones (texts.ts). */
      status: z
        .partialRecord(
          z.enum(STATUS_CODES),
          z.strictObject({ title: text.optional(), note: text.optional() }),
        )
        .default({}),
      /** Shown on the page above the form. */
      introduction: text.optional(),
      /** Shown under every slip: the re-mark window, whom to call. */
      footer: text.optional(),
    })
    .default({ status: {} }),
});

type Parsed = z.infer<typeof definitionSchema>;
export type Credential = Parsed['credentials'][string];
export type CredentialSet = Parsed['credentialSets'][number];
export type Component = Parsed['components'][number];
export type Flag = Parsed['flags'][number];

/** A checked definition with what is derived from it once. */
export interface SeriesDefinition extends Readonly<Parsed> {
  /** The YAML as it was given: what the batch's checksum covers. */
  readonly source: string;
  /** SHA-256 of the source. */
  readonly sourceSha256: Buffer;
  /** Name of the credential of kind candidate-number. */
  readonly numberCredential: string;
  /** Name of the credential of kind person-name. */
  readonly nameCredential: string;
}

/**
 * Parses and checks a definition.
 *
 * @param source YAML text.
 * @param origin its name in messages, such as a path or "zj-gaokao-2026 version 2".
 * @throws FangbangError `definition-invalid`, with every fault as "line L: path: what was expected".
 */
export function parseDefinition(source: string, origin: string): SeriesDefinition {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true });
  const faults = document.errors.map(
    (e) => `line ${lines.linePos(e.pos[0]).line}: ${e.message.split('\n')[0] ?? ''}`,
  );
  if (faults.length > 0) throw invalid(origin, faults);

  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const at = (path: readonly PropertyKey[], message: string): string =>
    `line ${lineOf(path)}: ${showPath(path)}: ${message}`;

  const parsed = definitionSchema.safeParse(document.toJS());
  if (!parsed.success)
    throw invalid(
      origin,
      parsed.error.issues.map((issue) => at(issue.path, issue.message)),
    );
  const crossFaults = crossCheck(parsed.data).map(([path, message]) => at(path, message));
  if (crossFaults.length > 0) throw invalid(origin, crossFaults);

  const kindOf = (kind: Credential['kind']): string =>
    Object.entries(parsed.data.credentials).find(([, c]) => c.kind === kind)?.[0] ?? '';
  return {
    ...parsed.data,
    source,
    sourceSha256: createHash('sha256').update(source, 'utf8').digest(),
    numberCredential: kindOf('candidate-number'),
    nameCredential: kindOf('person-name'),
  };
}

function invalid(origin: string, faults: string[]): FangbangError {
  return new FangbangError(
    'definition-invalid',
    `${origin}: the series definition has ${faults.length} fault${faults.length === 1 ? '' : 's'}`,
    {
      faults,
      hint: 'compare it with a preset: fangbang series preset gaokao',
    },
  );
}

function showPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('');
}

type CrossFault = readonly [path: readonly PropertyKey[], message: string];

/** What a schema of single fields cannot say. */
function crossCheck(d: Parsed): CrossFault[] {
  const faults: CrossFault[] = [];
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
    if (c.score !== undefined && !isMultiple(c.score.max - c.score.min, c.score.step))
      faults.push([['components', i, 'score'], 'max is not min plus a whole number of steps']);
    if (c.score !== undefined && c.score.min >= c.score.max)
      faults.push([['components', i, 'score'], 'min is not below max']);
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
    if (group.choose > group.components.length)
      faults.push([['electives', i, 'choose'], 'more than the group has']);
  }
  if (d.total?.isSum === true && !d.components.some((c) => c.score !== undefined))
    faults.push([['total', 'isSum'], 'no component has a score']);

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

/** Whether value is a whole number of steps, in decimal and not in binary fractions. */
export function isMultiple(value: number, step: number): boolean {
  const steps = value / step;
  return Math.abs(steps - Math.round(steps)) < 1e-9;
}
