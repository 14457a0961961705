// @ts-check
/**
 * What a candidate types, checked while typing. This is advice: the service normalises and judges by
 * #results/credentials.ts. A property test holds the two together: what this refuses, that refuses too,
 * for the same reason. It exists because that module brings a YAML and a schema library along.
 */

/**
 * @typedef {object} CredentialField
 * @property {string} name
 * @property {string} title
 * @property {string} kind candidate-number, identity-number, person-name or text.
 * @property {string} [pattern]
 * @property {string[]} [documents]
 */

const MAX_CHARACTERS = 100;
// GB 11643-1999, by ISO 7064 MOD 11-2.
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/**
 * The value as the service will take it, and the code of the fault if it has one.
 * @param {CredentialField} field
 * @param {string} raw
 * @returns {{ value: string, fault: string | undefined }}
 */
export function checkCredential(field, raw) {
  if (raw.length > 4 * MAX_CHARACTERS) return { value: raw, fault: 'too-long' };
  const bare = raw
    .replace(/[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g, '')
    .replace(/[\s\u00A0\u3000]+/g, '');
  if (/[\u0000-\u001F\u007F-\u009F]/.test(bare) || HALF_A_PAIR.test(bare))
    return { value: bare, fault: 'control-character' };
  const value = normalise(field, bare);
  return { value, fault: faultOf(field, value) };
}

/** What String.isWellFormed finds, which browsers before 2023 do not have. */
const HALF_A_PAIR = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?:[^\uD800-\uDBFF]|^)[\uDC00-\uDFFF]/;

/**
 * @param {CredentialField} field
 * @param {string} bare
 */
function normalise(field, bare) {
  const half = bare.replace(/[\uFF01-\uFF5E]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0));
  if (field.kind === 'person-name') {
    const dotted = half.normalize('NFC').replace(/[\u2022\u2027\u30FB\uFF65\u2219\u22C5]/g, '\u00B7');
    return dotted.toUpperCase().normalize('NFC');
  }
  const upper = half.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  return field.kind === 'identity-number' ? upper.replace(/[-\u2010-\u2015]/g, '') : upper;
}

/**
 * @param {CredentialField} field
 * @param {string} value
 * @returns {string | undefined}
 */
function faultOf(field, value) {
  if (value === '') return 'empty';
  if (value.length > MAX_CHARACTERS) return 'too-long';
  const isScientific = /^[0-9]+(?:\.[0-9]+)?E\+?[0-9]+$/.test(value);
  if (field.kind === 'identity-number') {
    const fault = documentFault(value, field.documents || []);
    if (fault !== undefined) {
      if (isScientific) return 'scientific-notation';
      return /^[0-9OIL]{17}[0-9XO]$/.test(value) && /[OIL]/.test(value) ? 'letter-for-digit' : fault;
    }
  }
  if (field.pattern !== undefined) {
    if (new RegExp(`^(?:${field.pattern})$`, 'u').test(value)) return undefined;
    if (field.kind !== 'person-name' && isScientific) return 'scientific-notation';
    return /^[0-9OIL]+$/.test(value) && /[OIL]/.test(value) ? 'letter-for-digit' : 'pattern-mismatch';
  }
  return field.kind === 'candidate-number' && isScientific ? 'scientific-notation' : undefined;
}

/**
 * Numbers of identity documents as in #results/identity-document.ts.
 * @param {string} number
 * @param {string[]} kinds none means all.
 * @returns {string | undefined}
 */
function documentFault(number, kinds) {
  const wanted = (/** @type {string} */ kind) => kinds.length === 0 || kinds.indexOf(kind) >= 0;
  const first = number.charAt(0);
  const isPermit = /^8[123]0000/.test(number);
  /** @type {string | undefined} */
  let best = 'not-a-document-number';
  const tried = (/** @type {string | undefined} */ fault) => {
    if (best !== undefined && (fault === undefined || best === 'not-a-document-number')) best = fault;
  };
  if (wanted('resident-identity')) {
    if (/^[0-9]{15}$/.test(number)) tried('old-15-digit-number');
    else if (first >= '1' && first <= '8' && !isPermit) tried(eighteenFault(number));
  }
  if (wanted('residence-permit') && isPermit) tried(eighteenFault(number));
  if (wanted('foreign-permanent-residence')) {
    if (/^[A-Z]{3}[0-9]{12}$/.test(number)) tried(undefined);
    else if (first === '9') tried(eighteenFault(number));
  }
  if (wanted('travel-permit') && /^(?:[HM](?:[0-9]{8}|[0-9]{10})|[0-9]{8}|[0-9]{10})$/.test(number))
    tried(undefined);
  if (wanted('passport') && /^(?=.*[0-9])[A-Z0-9]{5,9}$/.test(number)) tried(undefined);
  return best;
}

/**
 * @param {string} number
 * @returns {string | undefined}
 */
function eighteenFault(number) {
  if (!/^[0-9]{17}[0-9X]$/.test(number)) return 'not-a-document-number';
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(number.charAt(i)), 0);
  if ('10X98765432'.charAt(sum % 11) !== number.charAt(17)) return 'wrong-check-character';
  const year = Number(number.slice(6, 10));
  const month = Number(number.slice(10, 12));
  const day = Number(number.slice(12, 14));
  const exists =
    year >= 1900 &&
    year <= 2099 &&
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return exists ? undefined : 'impossible-birth-date';
}

/**
 * Number of characters that a pattern such as `[0-9]{14}` asks for; undefined when it can differ.
 * @param {string | undefined} pattern
 */
export function fixedLength(pattern) {
  const match = /^(?:\[0-9\]|\\d)\{(\d+)\}$/.exec(pattern || '');
  return match === null ? undefined : Number(match[1]);
}
