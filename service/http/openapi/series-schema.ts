/**
 * The answer of `GET /v1/series`, held to the route by tests.
 */
import { z } from 'zod';
import { definitionSchema } from '#results/definition-schema.ts';
import type { SeriesState } from '#lookup/series-timeline.ts';
import { credentialNameSchema, seriesIdSchema, setNameSchema, textSchema } from './credential-schemas.ts';
import { instantSchema } from './slip-schema.ts';

const STATES: Readonly<Record<SeriesState, string>> = {
  scheduled: 'is to be released',
  open: 'can be looked up',
  withdrawn: 'was taken back',
};

const example = definitionSchema.shape.credentials.valueType.shape.example;

export const seriesListSchema = z
  .strictObject({
    series: z.array(
      z.strictObject({
        id: seriesIdSchema,
        title: textSchema,
        state: z.enum(Object.keys(STATES)).describe(
          Object.entries(STATES)
            .map(([name, words]) => `\`${name}\`: ${words}.`)
            .join(' '),
        ),
        releaseAt: instantSchema
          .nullable()
          .describe('When it opened or, unless it is open, will open; null when that is not known.'),
        credentialSets: z
          .array(
            z.strictObject({
              name: setNameSchema,
              credentials: z.array(
                z.strictObject({
                  name: credentialNameSchema,
                  title: textSchema,
                  pattern: z
                    .string()
                    .nullable()
                    .describe('A regular expression (ECMAScript, flag u) that the whole value matches.'),
                  example,
                }),
              ),
            }),
          )
          .min(1)
          .describe('A lookup gives the credentials of one of these sets, and no others.'),
      }),
    ),
  })
  .describe('The announced series, with all that it takes to draw the form of each.');
