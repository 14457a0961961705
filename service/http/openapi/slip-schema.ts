/**
 * The answer to a lookup that finds something. It is not made from this schema but by the template of
 * #results/answer.ts, which is compiled for speed: tests hold the two together.
 */
import { z } from 'zod';
import { COMPONENT_STATUS_CODES, STATUS_CODES, definitionSchema } from '#results/definition-schema.ts';
import { seriesIdSchema, textSchema } from './credential-schemas.ts';

const { components, flags } = definitionSchema.shape;
const component = components.unwrap().element.shape;
const grade = component.grades.unwrap().element;

export const instantSchema = z.iso
  .datetime({ offset: true })
  .meta({ examples: ['2026-06-25T09:00:00+08:00'] })
  .describe('To the second, with the offset of the time zone of the series.');

const score = z.number().nonnegative();
const max = z.number().positive().describe('The most that can be had.');

export const componentResultSchema = z
  .union([
    z.strictObject({ code: component.code, title: textSchema, score, max }),
    z.strictObject({ code: component.code, title: textSchema, grade }),
    z.strictObject({
      code: component.code,
      title: textSchema,
      status: z
        .strictObject({ code: z.enum(COMPONENT_STATUS_CODES), title: textSchema })
        .describe('In the place of a mark.'),
    }),
  ])
  .describe('Has a score, a grade, or a status in the place of a mark.');

export const resultSlipSchema = z
  .strictObject({
    series: z.strictObject({
      id: seriesIdSchema,
      title: textSchema,
      rehearsal: z
        .literal(true)
        .optional()
        .describe('Only in a demo or a rehearsal: the marks are nobody’s.'),
    }),
    batch: z.strictObject({
      number: z.int().positive(),
      publishedAt: instantSchema,
      corrected: z.boolean().describe('Whether an earlier batch of the series was open before this one.'),
    }),
    candidate: z.strictObject({ number: z.string().min(1), name: z.string().min(1) }),
    status: z.strictObject({
      code: z.enum(STATUS_CODES),
      title: textSchema,
      note: textSchema.describe('What it means and what to do next.'),
    }),
    components: z
      .array(componentResultSchema)
      .describe('In the order of the exam; what the candidate did not take is left out.'),
    total: z.strictObject({ score, max }).optional(),
    rank: z.int().positive().optional(),
    flags: z
      .array(z.strictObject({ code: flags.unwrap().element.shape.code, title: textSchema }))
      .min(1)
      .optional()
      .describe('Remarks that hold for the candidate, such as a hearing impairment.'),
  })
  .describe('The result slip of one candidate.');
