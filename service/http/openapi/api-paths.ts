/**
 * The addresses of the API.
 */
import { DEVICE_COOKIE } from '../device-cookie.ts';
import { PROOF_HEADER } from '../proof-of-work.ts';
import { MOST_LOOKUP_BYTES } from '../request-faults.ts';
import type { JsonObject } from './components.ts';
import { ref } from './components.ts';
import { lookupExamples } from './credential-schemas.ts';
import { header, jsonResponse, problemResponses } from './responses.ts';

export const seriesIdParameter = {
  name: 'seriesId',
  in: 'path',
  required: true,
  description: 'The `id` of a series of `GET /v1/series`.',
  schema: ref('SeriesId'),
} as const;

export const ifNoneMatchParameter = {
  name: 'If-None-Match',
  in: 'header',
  description: 'The `ETag` of the copy at hand.',
  schema: { type: 'string' },
} as const;

const lookup: JsonObject = {
  operationId: 'lookUp',
  summary: 'Looks up the result slip of one candidate.',
  description: [
    `Credentials travel in the body alone, of at most ${MOST_LOOKUP_BYTES} bytes of JSON, never in a URL.`,
    'In this order: 404 for an unknown series, 400 for malformed credentials, 403 before the release, 429 after too many wrong attempts, then the result. Which of several credentials is wrong is never said.',
    'After 403, 429 and 503 come again when `Retry-After` is over, and spread it when many wait.',
  ].join('\n\n'),
  parameters: [
    seriesIdParameter,
    {
      name: PROOF_HEADER,
      in: 'header',
      description:
        'After `proof-of-work-required`: the `ProofSolution` as JSON in base64. `number` is the one up to `maxnumber` for which SHA-256 of `salt` followed by its decimal digits is `challenge`; the other members are those of the challenge. A solution is taken once, within 5 minutes, for its series and network; what is none is as if it were not there.',
      schema: {
        type: 'string',
        contentEncoding: 'base64',
        contentMediaType: 'application/json',
        contentSchema: ref('ProofSolution'),
      },
    },
    {
      name: DEVICE_COOKIE,
      in: 'cookie',
      description:
        'From `Set-Cookie` of an earlier answer. A device that has had a slip is not held up for it by others’ wrong attempts.',
      schema: { type: 'string' },
    },
  ],
  requestBody: {
    required: true,
    content: { 'application/json': { schema: ref('LookupRequest'), examples: lookupExamples() } },
  },
  responses: {
    200: jsonResponse('The result slip.', ref('ResultSlip'), {
      'set-cookie': {
        description: `\`${DEVICE_COOKIE}\`, to be sent back as it is; when the device has had no slip of these credentials before.`,
        schema: { type: 'string' },
      },
    }),
    ...problemResponses([
      'invalid-request',
      'not-released',
      'series-not-found',
      'candidate-not-found',
      'too-many-attempts',
      'proof-of-work-required',
      'overloaded',
      'temporarily-unavailable',
      'internal-error',
    ]),
  },
};

const listSeries: JsonObject = {
  operationId: 'listSeries',
  summary: 'Lists the announced series.',
  responses: {
    200: jsonResponse('The announced series.', ref('SeriesList')),
    ...problemResponses(['temporarily-unavailable', 'internal-error']),
  },
};

const describeApi: JsonObject = {
  operationId: 'describeApi',
  summary: 'This description.',
  parameters: [ifNoneMatchParameter],
  responses: {
    200: {
      description: 'This description.',
      headers: { etag: header('ETag') },
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['openapi', 'info', 'paths'],
            properties: { openapi: { type: 'string', pattern: '^3\\.1\\.[0-9]+$' } },
          },
        },
      },
    },
    304: { description: 'The copy at hand is good.', headers: { etag: header('ETag') } },
  },
};

export const apiPaths: Readonly<Record<string, JsonObject>> = {
  '/v1/series': { get: { tags: ['API'], ...listSeries } },
  '/v1/series/{seriesId}/lookup': { post: { tags: ['API'], ...lookup } },
  '/openapi.json': { get: { tags: ['API'], ...describeApi } },
};
