/**
 * The definition of a series: what its official file holds, what a candidate is asked for, what a
 * slip shows. A YAML file checked against one schema; nothing about a single exam is in code.
 */
import { createHash } from 'node:crypto';
import type { Document } from 'yaml';
import { LineCounter, isNode, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { DefinitionFault } from './definition-checks.ts';
import { crossCheck } from './definition-checks.ts';
import type { Credential, ParsedDefinition } from './definition-schema.ts';
import { definitionSchema } from './definition-schema.ts';
import { FangbangError } from './errors.ts';

export { isMultiple } from './definition-checks.ts';
export { COMPONENT_STATUS_CODES, DOCUMENT_KINDS, STATUS_CODES } from './definition-schema.ts';
export type {
  Component,
  ComponentStatusCode,
  Credential,
  CredentialSet,
  DocumentKind,
  Flag,
  StatusCode,
  Text,
} from './definition-schema.ts';

/** A checked definition with what is derived from it once. */
export interface SeriesDefinition extends Readonly<ParsedDefinition> {
  /** The YAML as it was given: what the batch's checksum covers. */
  readonly source: string;
  /** SHA-256 of the source. */
  readonly sourceSha256: Buffer;
  /** Name of the credential of kind candidate-number. */
  readonly numberCredential: string;
  /** Name of the credential of kind person-name. */
  readonly nameCredential: string;
}

/**
 * Parses and checks a definition.
 *
 * @param source YAML text.
 * @param origin its name in messages, such as a path or "zj-gaokao-2026 version 2".
 * @throws FangbangError `definition-invalid`, with every fault as "line L: path: what was expected".
 */
export function parseDefinition(source: string, origin: string): SeriesDefinition {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true });
  // A warning is a tag that nobody knows: its value would be guessed.
  const faults = [...document.errors, ...document.warnings].map(
    (e) =>
      `line ${lines.linePos(e.pos[0]).line}: ${(e.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}`,
  );
  if (faults.length > 0) throw invalid(origin, faults);

  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const node: unknown = document.getIn(path.slice(0, depth), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const at = (path: readonly PropertyKey[], message: string): string =>
    `line ${lineOf(path)}: ${showPath(path)}: ${message}`;

  const parsed = definitionSchema.safeParse(toValue(document, origin));
  if (!parsed.success)
    throw invalid(
      origin,
      parsed.error.issues.flatMap((issue) => faultsOf(issue).map(([path, message]) => at(path, message))),
    );
  const crossFaults = crossCheck(parsed.data).map(([path, message]) => at(path, message));
  if (crossFaults.length > 0) throw invalid(origin, crossFaults);

  const kindOf = (kind: Credential['kind']): string =>
    Object.entries(parsed.data.credentials).find(([, c]) => c.kind === kind)?.[0] ?? '';
  return {
    ...parsed.data,
    source,
    sourceSha256: createHash('sha256').update(source, 'utf8').digest(),
    numberCredential: kindOf('candidate-number'),
    nameCredential: kindOf('person-name'),
  };
}

/** @throws FangbangError for aliases that point nowhere or multiply beyond measure. */
function toValue(document: Document, origin: string): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    throw invalid(origin, [`line 1: the file: ${cause instanceof Error ? cause.message : 'unreadable'}`]);
  }
}

/** Zod's words where they say too little: the very key that is too much or has the wrong form. */
function faultsOf(issue: z.core.$ZodIssue): DefinitionFault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => [[...issue.path, key], 'no such key is known here']);
  if (issue.code === 'invalid_key')
    return [[issue.path, issue.issues[0]?.message ?? 'expected another key here']];
  return [[issue.path, issue.message]];
}

function invalid(origin: string, faults: string[]): FangbangError {
  return new FangbangError(
    'definition-invalid',
    `${origin}: the series definition has ${faults.length} fault${faults.length === 1 ? '' : 's'}`,
    {
      faults,
      hint: 'compare it with a preset: fangbang series preset gaokao',
    },
  );
}

function showPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('');
}
