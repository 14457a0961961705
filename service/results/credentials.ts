/**
 * One normalisation of credentials for the file and for the form, so that what a candidate types
 * meets what the loader stored. What is certainly harmless is changed and counted; what could be
 * another value is a fault; nothing is guessed.
 */
import type { Credential, CredentialSet, SeriesDefinition } from './definition.ts';
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
/** As it is sent: with spaces, and what else normalisation takes away. */
export const MOST_CHARACTERS_SENT = 4 * MAX_CHARACTERS;

/** Soft hyphen, zero-width characters, and the direction marks that come along with a copied name. */
const ZERO_WIDTH = /[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;
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
    return finish(credential, raw, UNCHANGED);
  }
  if (raw.length > MOST_CHARACTERS_SENT) return { ok: false, fault: 'too-long' };
  const changes: Normalisation[] = [];
  const change = (kind: Normalisation, from: string, to: string): string => {
    if (from !== to) changes.push(kind);
    return to;
  };

  let value = change('zero-width', raw, raw.replace(ZERO_WIDTH, ''));
  value = change('spaces', value, value.replace(SPACES, ''));
  // Half a surrogate pair is no character either; in UTF-8 all halves are alike, and so would be the digests.
  if (CONTROL.test(value) || !value.isWellFormed()) return { ok: false, fault: 'control-character' };
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
    // Capitals of some letters are a letter and a mark that have one form together.
    value = change('upper-case', value, value.toUpperCase().normalize('NFC'));
  } else {
    // Only a to z: ſ and ı would become other letters.
    value = change(
      'upper-case',
      value,
      value.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
    );
  }
  if (credential.kind === 'identity-number')
    value = change('hyphens', value, value.replace(/[-\u2010-\u2015]/g, ''));
  return finish(credential, value, changes);
}

const UNCHANGED: readonly Normalisation[] = [];

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
  const fault = faultOf(credential, value);
  return fault === undefined ? { ok: true, value, changes } : { ok: false, fault };
}

function faultOf(credential: Credential, value: string): CredentialFault | undefined {
  if (credential.kind === 'identity-number') {
    const fault = checkDocumentNumber(value, credential.documents ?? DOCUMENT_KINDS);
    if (fault !== undefined) {
      if (isScientific(value)) return 'scientific-notation';
      return /^[0-9OIL]{17}[0-9XO]$/.test(value) && /[OIL]/.test(value) ? 'letter-for-digit' : fault;
    }
  }
  if (credential.pattern !== undefined) {
    if (wholePattern(credential.pattern).test(value)) return undefined;
    if (credential.kind !== 'person-name' && isScientific(value)) return 'scientific-notation';
    return /^[0-9OIL]+$/.test(value) && /[OIL]/.test(value) ? 'letter-for-digit' : 'pattern-mismatch';
  }
  return credential.kind === 'candidate-number' && isScientific(value) ? 'scientific-notation' : undefined;
}

/** What Excel makes of a long number: 3.30106E+17. (12E4 may be a passport's or a PIN: only said when it is none.) */
function isScientific(value: string): boolean {
  return /^[0-9]+(?:\.[0-9]+)?E\+?[0-9]+$/.test(value);
}

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

/** @param count of the fields. */
function hasExactly(
  fields: Readonly<Record<string, unknown>>,
  count: number,
  names: readonly string[],
): boolean {
  if (names.length !== count) return false;
  for (const name of names) if (!Object.hasOwn(fields, name)) return false;
  return true;
}

/**
 * Matches the fields of a request with exactly one of the series' credential sets. A field that no
 * set has, or a missing one, is a fault that names the field, never its value.
 */
export function matchCredentials(
  definition: SeriesDefinition,
  fields: Readonly<Record<string, unknown>>,
): MatchedCredentials {
  const names = Object.keys(fields);
  const set = definition.credentialSets.find(({ credentials }) =>
    hasExactly(fields, names.length, credentials),
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
