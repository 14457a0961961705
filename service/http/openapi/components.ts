/**
 * The schemas that the description names, as JSON Schema.
 */
import { z } from 'zod';
import { challengeSchema, solutionSchema } from '../proof-of-work.ts';
import { lookupRequestSchema, seriesIdSchema, textSchema } from './credential-schemas.ts';
import { problemSchemas } from './problem-schemas.ts';
import { seriesListSchema } from './series-schema.ts';
import { componentResultSchema, resultSlipSchema } from './slip-schema.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

const schemas: Readonly<Record<string, z.ZodType>> = {
  ResultSlip: resultSlipSchema,
  ComponentResult: componentResultSchema,
  SeriesList: seriesListSchema,
  SeriesId: seriesIdSchema,
  LookupRequest: lookupRequestSchema,
  Text: textSchema,
  ProofChallenge: challengeSchema,
  ProofSolution: solutionSchema,
  ...problemSchemas,
};

/** A reference to one of the components. @throws Error for one that there is not. */
export function ref(name: string): { $ref: string } {
  if (!Object.hasOwn(schemas, name)) throw new Error(`there is no schema ${name}`);
  return { $ref: addressOf(name) };
}

/** All of them by their names, referring to one another. */
export function componentSchemas(): Record<string, JsonObject> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    uri: addressOf,
    // Zod's own expression for an instant has 300 characters and says no more than the format.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
    },
  });
  return Object.fromEntries(
    Object.entries(made.schemas).map(([name, { $schema: _dialect, $id: _address, ...schema }]) => [
      name,
      schema,
    ]),
  );
}

function addressOf(name: string): string {
  return `#/components/schemas/${name}`;
}
