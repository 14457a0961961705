/**
 * Credentials as they are sent, in terms that hold for every series: which names and values one series
 * expects is in `GET /v1/series`.
 */
import { z } from 'zod';
import { MOST_CHARACTERS_SENT } from '#results/credentials.ts';
import { definitionSchema } from '#results/definition-schema.ts';
import { parseDefinition } from '#results/definition.ts';
import { PRESET_NAMES, readPreset } from '#results/presets.ts';

const { id, title, credentials, credentialSets } = definitionSchema.shape;

export const seriesIdSchema = id.meta({ examples: ['zj-gaokao-2026'] });
export const textSchema = title.describe('In Chinese and in English.');
export const credentialNameSchema = credentials.keyType.describe('Name of a credential.');
export const setNameSchema = credentialSets.element.shape.name;

/** Of one set. */
const { maxItems: mostCredentials } = z.toJSONSchema(credentialSets.element.shape.credentials);

export const lookupRequestSchema = z.record(credentialNameSchema, z.string().max(MOST_CHARACTERS_SENT)).meta({
  minProperties: 1,
  maxProperties: mostCredentials,
  description:
    'Exactly the credentials of one of the sets that the series has in `GET /v1/series`, as they were typed. Spaces, case, full-width forms and hyphens are put right by the service.',
});

/** A body for each credential set of the presets, made of the definitions' own examples. */
export function lookupExamples(): Record<string, { summary: string; value: Record<string, string> }> {
  const definitions = PRESET_NAMES.map((name) => [name, parseDefinition(readPreset(name), name)] as const);
  return Object.fromEntries(
    definitions.flatMap(([name, definition]) =>
      definition.credentialSets.map((set) => [
        `${name}-${set.name}`,
        {
          summary: `${definition.title.en}: ${set.credentials.map((one) => definition.credentials[one]?.title.en).join(', ')}`,
          value: Object.fromEntries(
            set.credentials.map((one) => [one, definition.credentials[one]?.example ?? '']),
          ),
        },
      ]),
    ),
  );
}
