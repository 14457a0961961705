/**
 * The description of everything on the public port, OpenAPI 3.1. Schemas come from zod's own
 * `toJSONSchema`, statuses, limits and names from the constants that the program works with.
 */
import { apiPaths } from './api-paths.ts';
import type { JsonObject } from './components.ts';
import { componentSchemas } from './components.ts';
import { pagePaths } from './page-paths.ts';
import { headers } from './responses.ts';
import { serverRefusals, withServerRefusals } from './server-refusals.ts';
import { ownVersion } from '../version.ts';

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: JsonObject;
  readonly paths: Readonly<Record<string, JsonObject>>;
  readonly components: JsonObject;
}

export function describeApi(): OpenApiDocument & JsonObject {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Fangbang',
      version: ownVersion(),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: [
        'Exam results by the credentials of the candidate, from the release on and not before. `GET /v1/series` says what each series asks for; a lookup gives exactly that.',
        'Problems are RFC 9457 (`application/problem+json`): the member `type` tells them apart. No personal answer may be kept.',
      ].join('\n\n'),
    },
    servers: [{ url: '/' }],
    tags: [
      { name: 'API' },
      { name: 'Page', description: 'For browsers.' },
      { name: 'WeChat', description: 'For the official account.' },
    ],
    paths: withServerRefusals({ ...apiPaths, ...pagePaths }),
    components: {
      schemas: componentSchemas(),
      responses: serverRefusals,
      headers,
      securitySchemes: {
        wechatSignature: {
          type: 'apiKey',
          in: 'query',
          name: 'signature',
          description: 'Of WeChat, over the token of the account’s console, `timestamp` and `nonce`.',
        },
      },
    },
  };
}
