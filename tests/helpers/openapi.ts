/**
 * @module Answers held against the service's own description of them, `/openapi.json`: status, type, headers and
 * body; and which of the described answers have been seen.
 */
import type { FormatsPlugin } from 'ajv-formats';
import formatsModule from 'ajv-formats';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** The parts of a description that tests look at. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Record<string, unknown>>>;
    readonly headers: Readonly<Record<string, HeaderObject>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
  };
}

interface Reference {
  readonly $ref: string;
}

interface Operation {
  readonly responses: Readonly<Record<string, ResponseObject | Reference>>;
}

interface ResponseObject {
  readonly headers?: Readonly<Record<string, HeaderObject | Reference>>;
  readonly content?: Readonly<Record<string, { readonly schema: SchemaObject }>>;
}

interface HeaderObject {
  readonly required?: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
}

interface SchemaObject {
  readonly $ref?: string;
  readonly oneOf?: readonly Reference[];
}

export interface SeenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Contract {
  /** What is wrong with an answer to a method of a path as the description writes it; empty when nothing is. */
  readonly faultsOf: (operation: string, answer: SeenAnswer) => string[];
  /** Every answer that is described for the operations: `POST /v1/… 404 candidate-not-found`. */
  readonly described: (...operations: string[]) => string[];
  /** Those of them that `faultsOf` was given. */
  readonly seen: ReadonlySet<string>;
}

// A CommonJS module, of which TypeScript and Node see different ends.
const addFormats = formatsModule as unknown as FormatsPlugin;
const PROBLEM = 'urn:fangbang:problem:';

/** Holds answers against a description. Operations are written `GET /v1/series`. */
export function makeContract(document: OpenApi): Contract {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  addFormats(ajv);
  // Of OpenAPI's own vocabulary: it does not change what is valid.
  ajv.addVocabulary(['discriminator', ...Object.keys(document)]);
  ajv.addSchema(document, 'openapi.json');
  const seen = new Set<string>();

  const check = (pointer: string, value: unknown, what: string): string[] => {
    const validate =
      ajv.getSchema(`openapi.json#${pointer}`) ?? ajv.compile({ $ref: `openapi.json#${pointer}` });
    return validate(value) === true ? [] : [`${what}: ${ajv.errorsText(validate.errors)}`];
  };

  const headerFaults = (pointer: string, described: ResponseObject, headers: Headers): string[] =>
    Object.entries(described.headers ?? {}).flatMap(([name, header]) => {
      const at = '$ref' in header ? header.$ref.slice(1) : `${pointer}/headers/${escape(name)}`;
      const { required, schema } = '$ref' in header ? headerAt(document, header.$ref) : header;
      const value = headers.get(name);
      if (value === null) return required === true ? [`no header ${name}`] : [];
      return check(`${at}/schema`, schema['type'] === 'integer' ? Number(value) : value, `header ${name}`);
    });

  return {
    seen,
    faultsOf: (operation, { status, headers, text }) => {
      const [method, path] = partsOf(operation);
      const found = document.paths[path]?.[method]?.responses[String(status)];
      if (found === undefined) return [`${operation} has no answer ${status}`];
      const described = responseAt(document, found);
      const pointer =
        '$ref' in found ? found.$ref.slice(1) : `/paths/${escape(path)}/${method}/responses/${status}`;
      const faults = headerFaults(pointer, described, headers);
      if (described.content === undefined) {
        seen.add(`${operation} ${status}`);
        return text === '' ? faults : [...faults, 'a body where none is described'];
      }
      const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
      if (described.content[type] === undefined) return [...faults, `the type ${type} is not described`];
      const body: unknown = type.endsWith('json') ? JSON.parse(text) : text;
      seen.add(`${operation} ${status}${nameOf(body)}`);
      return [...faults, ...check(`${pointer}/content/${escape(type)}/schema`, body, 'the body')];
    },
    described: (...operations) =>
      operations.flatMap((operation) => {
        const [method, path] = partsOf(operation);
        const responses = Object.entries(document.paths[path]?.[method]?.responses ?? {});
        return responses.flatMap(([status, response]) =>
          namesOf(document, Object.values(responseAt(document, response).content ?? {})[0]?.schema).map(
            (name) => `${operation} ${status}${name}`,
          ),
        );
      }),
  };
}

/** The description as a running service gives it. */
export async function fetchOpenApi(url: string): Promise<OpenApi> {
  return (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
}

function partsOf(operation: string): [method: string, path: string] {
  const [method = '', path = ''] = operation.split(' ');
  return [method.toLowerCase(), path];
}

/** The name of a problem with a space before it; nothing for other bodies. */
function nameOf(body: unknown): string {
  const type = typeof body === 'object' && body !== null && 'type' in body ? body.type : undefined;
  return typeof type === 'string' && type.startsWith(PROBLEM) ? ` ${type.slice(PROBLEM.length)}` : '';
}

function namesOf(document: OpenApi, schema: SchemaObject | undefined): string[] {
  const refs = schema?.oneOf?.map((one) => one.$ref) ?? [schema?.$ref ?? ''];
  return refs.map((ref) => {
    const found = document.components.schemas[ref.split('/').at(-1) ?? ''];
    const properties = found?.['properties'] as { type?: { const?: string } } | undefined;
    return nameOf({ type: properties?.type?.const });
  });
}

function responseAt(document: OpenApi, response: ResponseObject | Reference): ResponseObject {
  if (!('$ref' in response)) return response;
  const found = document.components.responses[response.$ref.split('/').at(-1) ?? ''];
  if (found === undefined) throw new Error(`there is no ${response.$ref}`);
  return found;
}

function headerAt(document: OpenApi, ref: string): HeaderObject {
  const found = document.components.headers[ref.split('/').at(-1) ?? ''];
  if (found === undefined) throw new Error(`there is no ${ref}`);
  return found;
}

/** For a JSON pointer. */
function escape(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}
