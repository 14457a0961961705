/**
 * The form of a series' definition, and the words that it may use.
 */
import { z } from 'zod';

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
      // Alone too: `a)|(b` would be one only inside the anchors, and get out of them.
      return [new RegExp(source, 'u'), new RegExp(`^(?:${source})$`, 'u')].length === 2;
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

/** One field at a time; what fields must agree on is in definition-checks.ts. */
export const definitionSchema = z.strictObject({
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
      /**
       * A component with grades that says among whom a candidate is ranked, such as 科类 with 物理类 and 历史类:
       * the order of ranks and totals is then checked within each of them.
       */
      within: code.optional(),
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

/** As the YAML says it, defaults filled in. */
export type ParsedDefinition = z.infer<typeof definitionSchema>;
export type Credential = ParsedDefinition['credentials'][string];
export type CredentialSet = ParsedDefinition['credentialSets'][number];
export type Component = ParsedDefinition['components'][number];
export type Flag = ParsedDefinition['flags'][number];
