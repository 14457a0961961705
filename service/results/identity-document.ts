/**
 * Numbers of identity documents (domain.md). Input is already normalised by credentials.ts:
 * half-width, no spaces, upper case.
 */
import type { DocumentKind } from './definition.ts';

/** Why a number is none: fixed words, which never hold the number. */
export type DocumentFault =
  | 'not-a-document-number'
  | 'wrong-check-character'
  | 'impossible-birth-date'
  | 'old-15-digit-number';

// GB 11643-1999, by ISO 7064 MOD 11-2.
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = '10X98765432';

/** The check character of the first 17 digits of a resident identity number. */
export function checkCharacter(first17: string): string {
  let sum = 0;
  for (let i = 0; i < 17; i += 1) sum += digitAt(first17, i) * (WEIGHTS[i] ?? 0);
  return CHECK_CHARACTERS[sum % 11] ?? '';
}

const OTHER_KINDS: Readonly<
  Record<
    Exclude<DocumentKind, 'resident-identity' | 'residence-permit' | 'foreign-permanent-residence'>,
    RegExp
  >
> = {
  // Hong Kong and Macao: H or M and 8 or 10 digits; Taiwan: 8, formerly 10, digits.
  'travel-permit': /^(?:[HM](?:[0-9]{8}|[0-9]{10})|[0-9]{8}|[0-9]{10})$/,
  // ICAO 9303: up to 9 letters and digits; at least one digit, so that a name is none.
  passport: /^(?=.*[0-9])[A-Z0-9]{5,9}$/,
};

/**
 * Checks a number against the kinds of document that a definition accepts.
 * @returns undefined when it is sound, else the fault that says most.
 */
export function checkDocumentNumber(
  number: string,
  kinds: readonly DocumentKind[],
): DocumentFault | undefined {
  let most: DocumentFault = 'not-a-document-number';
  for (const kind of kinds) {
    const fault = checkKind(number, kind);
    if (fault === undefined) return undefined;
    if (most === 'not-a-document-number') most = fault;
  }
  return most;
}

function checkKind(number: string, kind: DocumentKind): DocumentFault | undefined {
  switch (kind) {
    case 'resident-identity':
      if (number.length === 15 && /^[0-9]{15}$/.test(number)) return 'old-15-digit-number';
      return isRegion(number) && !isPermitRegion(number) ? checkEighteen(number) : 'not-a-document-number';
    case 'residence-permit':
      return isPermitRegion(number) ? checkEighteen(number) : 'not-a-document-number';
    case 'foreign-permanent-residence':
      // The new card has the resident number's scheme behind a 9; the old one 3 letters and 12 digits.
      if (/^[A-Z]{3}[0-9]{12}$/.test(number)) return undefined;
      return number.startsWith('9') ? checkEighteen(number) : 'not-a-document-number';
    case 'travel-permit':
    case 'passport':
      return OTHER_KINDS[kind].test(number) ? undefined : 'not-a-document-number';
  }
}

/** Regions begin with 1 to 8. */
function isRegion(number: string): boolean {
  const first = digitAt(number, 0);
  return first >= 1 && first <= 8;
}

/** Hong Kong, Macao and Taiwan residents' permits have the region 810000, 820000 or 830000. */
function isPermitRegion(number: string): boolean {
  return number.startsWith('8') && /^8[123]0000/.test(number);
}

function checkEighteen(number: string): DocumentFault | undefined {
  if (number.length !== 18 || !/^[0-9]{17}[0-9X]$/.test(number)) return 'not-a-document-number';
  if (checkCharacter(number) !== number[17]) return 'wrong-check-character';
  return hasBirthDate(number) ? undefined : 'impossible-birth-date';
}

const SHORT_MONTHS: ReadonlySet<number> = new Set([4, 6, 9, 11]);

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** @param number of 18 characters, the first 17 of which are digits: the date is in places 7 to 14. */
function hasBirthDate(number: string): boolean {
  const year = 100 * twoDigits(number, 6) + twoDigits(number, 8);
  const month = twoDigits(number, 10);
  const day = twoDigits(number, 12);
  // A year to come is found by no clock here, but 2199 is a slip of the pen.
  if (year < 1900 || year > 2099 || month < 1 || month > 12 || day < 1) return false;
  if (month === 2) return day <= (isLeapYear(year) ? 29 : 28);
  return day <= (SHORT_MONTHS.has(month) ? 30 : 31);
}

function twoDigits(text: string, at: number): number {
  return 10 * digitAt(text, at) + digitAt(text, at + 1);
}

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 48;
}
