/**
 * What the server itself refuses before any route sees it. That can be the answer to a request of any operation,
 * and OpenAPI has no place for such answers but every single operation: each refers to those of the components.
 */
import type { ServerFault } from '../../http1/endpoint.ts';
import { SERVER_FAULTS, SERVER_STATUSES } from '../request-faults.ts';
import type { JsonObject } from './components.ts';
import { ref } from './components.ts';
import { FAULTS } from './fault-schema.ts';
import { METHODS } from './methods.ts';
import { componentNameOf, pascalCase } from './problem-schemas.ts';
import { API_RESPONSE_HEADERS } from './responses.ts';

interface ResponseObject {
  readonly description: string;
  readonly headers?: JsonObject;
  readonly content?: JsonObject;
}
interface Operation extends JsonObject {
  readonly responses: Readonly<Record<string, ResponseObject>>;
}
type Paths = Readonly<Record<string, JsonObject>>;

/** By the names that they have among the components. */
export const serverRefusals: Readonly<Record<string, ResponseObject>> = Object.fromEntries(
  SERVER_STATUSES.map((status) => [refusalNameOf(status), refusalOf(status)]),
);

/** The same paths, with the refusals in each of their operations. */
export function withServerRefusals(paths: Paths): Paths {
  return Object.fromEntries(
    Object.entries(paths).map(([path, item]) => {
      const methods = METHODS.filter((method) => Object.hasOwn(item, method));
      const operations = methods.map((method) => [method, operationWith(item[method] as Operation)]);
      return [path, { ...item, ...Object.fromEntries(operations) }];
    }),
  );
}

function operationWith(operation: Operation): JsonObject {
  const own = operation.responses;
  const refusals = SERVER_STATUSES.map((status) => [status, besideOwn(own[status], status)]);
  return { ...operation, responses: { ...own, ...Object.fromEntries(refusals) } };
}

/** @param own what the operation has of this status itself. */
function besideOwn(own: ResponseObject | undefined, status: ServerFault): JsonObject {
  if (own === undefined) return { $ref: `#/components/responses/${refusalNameOf(status)}` };
  const { description, content } = refusalOf(status);
  // Not the headers: they are required in a problem, and a page has none of them.
  return {
    ...own,
    description: `${own.description}\n\n${description}`,
    content: { ...content, ...own.content },
  };
}

function refusalOf(status: ServerFault): ResponseObject {
  const fault = SERVER_FAULTS[status];
  return {
    description: `\`invalid-request\` of the server itself, which ends the connection: \`fault\` is \`${fault}\`, ${FAULTS[fault]}.`,
    headers: API_RESPONSE_HEADERS,
    content: { 'application/problem+json': { schema: ref(componentNameOf('invalid-request')) } },
  };
}

function refusalNameOf(status: ServerFault): string {
  return pascalCase(SERVER_FAULTS[status]);
}
