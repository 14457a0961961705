/**
 * One normalisation of credentials for the file and for the form, so that what a candidate types
 * meets what the loader stored. What is certainly harmless is changed and counted; what could be
 * another value is a fault; nothing is guessed.
 */
import type { Credential, CredentialSet, DocumentKind, SeriesDefinition } from './definition.ts';
import { DOCUMENT_KINDS } from './definition.ts';
import type { DocumentFault } from './identity-document.ts';
import { checkDocumentNumber } from './identity-document.ts';

/** Harmless changes that are counted in the report. */
export type Normalisation =
  | 'full-width'
  | 'spaces'
  | 'zero-width'
  | 'upper-case'
  | 'hyphens'
  | 'compatibility-form';

export type CredentialFault =
  | DocumentFault
  | 'empty'
  | 'too-long'
  | 'control-character'
  | 'pattern-mismatch'
  | 'letter-for-digit'
  | 'scientific-notation';

export type NormalisedCredential =
  | { readonly ok: true; readonly value: string; readonly changes: readonly Normalisation[] }
  | { readonly ok: false; readonly fault: CredentialFault };

/** A form takes nothing longer; neither does a digest's length prefix need more. */
const MAX_CHARACTERS = 100;

const ZERO_WIDTH = /[\u200B-\u200F\u2060\uFEFF\u00AD\u202A-\u202E]/g;
const SPACES = /[\s\u00A0\u3000]+/g;
const FULL_WIDTH = /[\uFF01-\uFF5E]/;
const CONTROL = /\p{Cc}/u;

/**
 * Normalises and checks one credential of a definition.
 *
 * Numbers and PINs: half-width, no spaces, upper case. Names: half-width, upper case, no spaces at
 * all (files pad two-character names to three), one form of the middle dot. Compared with `pattern`
 * after that.
 */
export function normaliseCredential(credential: Credential, raw: string): NormalisedCredential {
  if (raw.length <= MAX_CHARACTERS && isPlain(credential, raw)) {
    // The usual case, without a regular expression per change.
    return finish(credential, raw, []);
  }
  if (raw.length > 4 * MAX_CHARACTERS) return { ok: false, fault: 'too-long' };
  const changes: Normalisation[] = [];
  const change = (kind: Normalisation, from: string, to: string): string => {
    if (from !== to) changes.push(kind);
    return to;
  };

  let value = change('zero-width', raw, raw.replace(ZERO_WIDTH, ''));
  value = change('spaces', value, value.replace(SPACES, ''));
  if (CONTROL.test(value)) return { ok: false, fault: 'control-character' };
  if (FULL_WIDTH.test(value))
    value = change(
      'full-width',
      value,
      value.replace(/[\uFF01-\uFF5E]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0)),
    );
  if (credential.kind === 'person-name') {
    value = change(
      'compatibility-form',
      value,
      value.normalize('NFC').replace(/[\u2022\u2027\u30FB\uFF65\u2219\u22C5]/g, '\u00B7'),
    );
  }
  value = change('upper-case', value, value.toUpperCase());
  if (credential.kind === 'identity-number')
    value = change('hyphens', value, value.replace(/[-\u2010-\u2015]/g, ''));
  return finish(credential, value, changes);
}

/** Whether normalisation would change nothing: digits and capital letters, or Chinese characters in a name. */
function isPlain(credential: Credential, raw: string): boolean {
  return credential.kind === 'person-name' ? /^[\u4E00-\u9FFF]+$/.test(raw) : /^[0-9A-Z]+$/.test(raw);
}

function finish(
  credential: Credential,
  value: string,
  changes: readonly Normalisation[],
): NormalisedCredential {
  if (value === '') return { ok: false, fault: 'empty' };
  if (value.length > MAX_CHARACTERS) return { ok: false, fault: 'too-long' };
  if (credential.kind !== 'person-name' && /^[0-9]+(?:\.[0-9]+)?E\+?[0-9]+$/.test(value))
    return { ok: false, fault: 'scientific-notation' };
  if (credential.kind === 'identity-number') {
    const fault = checkDocumentNumber(value, credential.documents ?? ACCEPT_ALL);
    if (fault !== undefined)
      return {
        ok: false,
        fault: /^[0-9OIL]{17}[0-9XO]$/.test(value) && /[OIL]/.test(value) ? 'letter-for-digit' : fault,
      };
  }
  if (credential.pattern !== undefined && !wholePattern(credential.pattern).test(value)) {
    return {
      ok: false,
      fault: /^[0-9OIL]+$/.test(value) && /[OIL]/.test(value) ? 'letter-for-digit' : 'pattern-mismatch',
    };
  }
  return { ok: true, value, changes };
}

const ACCEPT_ALL: readonly DocumentKind[] = DOCUMENT_KINDS;

const compiled = new Map<string, RegExp>();

/** The definition's pattern, anchored at both ends and compiled once. */
export function wholePattern(source: string): RegExp {
  let pattern = compiled.get(source);
  if (pattern === undefined) {
    pattern = new RegExp(`^(?:${source})$`, 'u');
    compiled.set(source, pattern);
  }
  return pattern;
}

/** What a request gives: a set of the series and its normalised values in the set's order. */
export type MatchedCredentials =
  | { readonly ok: true; readonly set: CredentialSet; readonly values: readonly string[] }
  | {
      readonly ok: false;
      readonly field: string | undefined;
      readonly fault: CredentialFault | 'not-text' | 'no-such-set';
    };

/**
 * Matches the fields of a request with exactly one of the series' credential sets. A field that no
 * set has, or a missing one, is a fault that names the field, never its value.
 */
export function matchCredentials(
  definition: SeriesDefinition,
  fields: Readonly<Record<string, unknown>>,
): MatchedCredentials {
  const names = Object.keys(fields);
  const set = definition.credentialSets.find(
    (s) =>
      s.credentials.length === names.length && s.credentials.every((name) => Object.hasOwn(fields, name)),
  );
  if (set === undefined) {
    const stranger = names.find(
      (name) => !definition.credentialSets.some((s) => s.credentials.includes(name)),
    );
    const missing = definition.credentialSets[0]?.credentials.find((name) => !Object.hasOwn(fields, name));
    // A stranger's name comes from the request: it is shown only when it has the form of one.
    const field =
      stranger === undefined ? missing : /^[a-z][A-Za-z0-9]{0,39}$/.test(stranger) ? stranger : undefined;
    return { ok: false, field, fault: 'no-such-set' };
  }
  const values: string[] = [];
  for (const name of set.credentials) {
    const raw = fields[name];
    const credential = definition.credentials[name];
    if (typeof raw !== 'string' || credential === undefined)
      return { ok: false, field: name, fault: 'not-text' };
    const normalised = normaliseCredential(credential, raw);
    if (!normalised.ok) return { ok: false, field: name, fault: normalised.fault };
    values.push(normalised.value);
  }
  return { ok: true, set, values };
}
