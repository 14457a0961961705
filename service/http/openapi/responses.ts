/**
 * Answers as OpenAPI describes them, put together from the catalogue of problems.
 */
import { API_HEADERS } from '../headers.ts';
import { PROBLEMS, problemType, type ProblemName } from '../problems.ts';
import { REQUEST_FAULTS } from '../request-faults.ts';
import { REQUEST_ID } from '../request-id.ts';
import type { JsonObject } from './components.ts';
import { ref } from './components.ts';
import { PROBLEM_FACTS, componentNameOf, statusesOf } from './problem-schemas.ts';

/** Headers by the names that they have among the components. */
export const headers = {
  RequestId: {
    description:
      'The same as `requestId` in a problem: it finds a 500, and the first 503s of each second, in the service’s log.',
    required: true,
    schema: { type: 'string', pattern: REQUEST_ID.source },
  },
  NotKept: {
    description: 'Nobody may keep the answer.',
    required: true,
    schema: { type: 'string', const: API_HEADERS['cache-control'] },
  },
  RetryAfter: {
    description: 'Seconds to wait before the next attempt.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
  Allow: {
    description: 'The methods that this address takes.',
    required: true,
    schema: { type: 'string' },
  },
  ETag: { description: 'For `If-None-Match`.', required: true, schema: { type: 'string' } },
} as const;

/** A reference to one of them. */
export function header(name: keyof typeof headers): { $ref: string } {
  return { $ref: `#/components/headers/${name}` };
}

/** Of every answer of the API. */
export const API_RESPONSE_HEADERS = {
  'x-request-id': header('RequestId'),
  'cache-control': header('NotKept'),
} as const;

/** An answer in JSON that is no problem. */
export function jsonResponse(
  description: string,
  schema: JsonObject,
  more: Readonly<Record<string, JsonObject>> = {},
): JsonObject {
  return {
    description,
    headers: { ...API_RESPONSE_HEADERS, ...more },
    content: { 'application/json': { schema } },
  };
}

/** The answers that these problems are, by status. */
export function problemResponses(names: readonly ProblemName[]): Record<string, JsonObject> {
  const statuses = [...new Set(names.flatMap(statusesOf))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => [
      String(status),
      problemResponseOf(
        status,
        names.filter((name) => statusesOf(name).includes(status)),
      ),
    ]),
  );
}

function problemResponseOf(status: number, names: readonly ProblemName[]): JsonObject {
  const waits = names.filter((name) => PROBLEM_FACTS[name].hasRetryAfter);
  return {
    description: names.map((name) => whenOf(name, status)).join('\n\n'),
    headers: {
      ...API_RESPONSE_HEADERS,
      // All problems of a status have it or none has: so it can be required.
      ...(waits.length === names.length ? { 'retry-after': header('RetryAfter') } : {}),
      ...(status === 405 ? { allow: header('Allow') } : {}),
    },
    content: { 'application/problem+json': { schema: schemaOf(names) } },
  };
}

function whenOf(name: ProblemName, status: number): string {
  const faults = Object.entries(REQUEST_FAULTS).filter(([, one]) => one === status);
  const when =
    name === 'invalid-request' && status !== PROBLEMS[name].status
      ? `\`fault\` is ${faults.map(([fault]) => `\`${fault}\``).join(' or ')}.`
      : PROBLEM_FACTS[name].when;
  return `\`${name}\`: ${when}`;
}

function schemaOf(names: readonly ProblemName[]): JsonObject {
  const [only] = names;
  if (only !== undefined && names.length === 1) return ref(componentNameOf(only));
  return {
    oneOf: names.map((name) => ref(componentNameOf(name))),
    discriminator: {
      propertyName: 'type',
      mapping: Object.fromEntries(names.map((name) => [problemType(name), ref(componentNameOf(name)).$ref])),
    },
  };
}
