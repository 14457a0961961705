/**
 * Unique numbers without a memory of those given: candidate numbers ascending from the definition's
 * example, identity numbers scattered by a permutation. Identity numbers have the right check
 * character and a sequence of 900 to 999, which marks them as synthetic.
 */
import type { Credential, DocumentKind } from '#results/definition.ts';
import { DOCUMENT_KINDS } from '#results/definition.ts';
import { wholePattern } from '#results/credentials.ts';
import { FangbangError } from '#results/errors.ts';
import { checkCharacter } from '#results/identity-document.ts';
import type { Random } from './random.ts';

/** Counties and districts of Zhejiang (GB/T 2260). */
const REGIONS = `330102 330105 330106 330108 330109 330110 330111 330112 330113 330114 330122 330127 330182
330203 330205 330206 330211 330212 330213 330225 330226 330281 330282
330302 330303 330304 330305 330324 330326 330327 330328 330329 330381 330382 330383
330402 330411 330421 330424 330481 330482 330483 330502 330503 330521 330522 330523
330602 330603 330604 330624 330681 330683 330702 330703 330723 330726 330727 330781 330782 330783 330784
330802 330803 330822 330824 330825 330881 330902 330903 330921 330922
331002 331003 331004 331022 331023 331024 331081 331082 331083
331102 331121 331122 331123 331124 331125 331126 331127 331181`.split(/\s+/);
const PERMIT_REGIONS = ['810000', '820000', '830000'];
/** Foreign permanent residence: 9, province, nationality. */
const FOREIGN_REGIONS = REGIONS.slice(0, 20).map((region) => `9${region.slice(0, 2)}840`);

/** Four years of birth, and a hundred sequence numbers a day and region. */
const FIRST_BIRTH_MS = Date.UTC(2006, 0, 1);
const BIRTH_DAYS = 1461;
const SEQUENCES = 100;
const DAY_MS = 86_400_000;

/** The i-th number, i from 0. */
export type NumberMaker = (index: number) => string;

/**
 * Ascending numbers of the example's form, a little apart: its last digits count up.
 * @throws FangbangError `usage` when the form has no room for so many rows.
 */
export function candidateNumbers(credential: Credential, rows: number): NumberMaker {
  const digits = /[0-9]*$/.exec(credential.example)?.[0].length ?? 0;
  const prefix = credential.example.slice(0, credential.example.length - digits);
  const room = digits > 15 ? 2 ** 53 : 10 ** digits;
  // 1, 3, 4, 8, 9, 11, …: five numbers for two candidates, when there is room for that.
  const spread = rows * 2.5 + 1 < room ? 2.5 : 1;
  if (rows * spread + 1 > room)
    throw noForm(credential, `the example ${credential.example} has no room for ${rows} numbers`);
  // Of the example's own digits those stay that need not count up.
  const counting = Math.min(digits, String(Math.ceil(rows * spread) + 1).length);
  const fixed = prefix + credential.example.slice(prefix.length, prefix.length + digits - counting);
  return (index) => {
    const number = fixed + String(1 + Math.floor(index * spread)).padStart(counting, '0');
    if (credential.pattern !== undefined && !wholePattern(credential.pattern).test(number))
      throw noForm(credential, 'numbers made from the example do not match its pattern');
    return number;
  };
}

/** @throws FangbangError `usage` when there are not so many. */
export function identityNumbers(credential: Credential, rows: number, random: Random): NumberMaker {
  const kinds: readonly DocumentKind[] = credential.documents ?? DOCUMENT_KINDS;
  const kind = kinds[0];
  const make = kind === undefined ? undefined : documentMaker(kind);
  if (make === undefined || rows > make.count)
    throw noForm(credential, `there are not enough synthetic numbers for ${rows} rows`);
  const place = permutation(make.count, random);
  return (index) => make.number(place(index));
}

interface DocumentMaker {
  readonly count: number;
  readonly number: (place: number) => string;
}

function documentMaker(kind: DocumentKind): DocumentMaker {
  switch (kind) {
    case 'resident-identity':
      return eighteenCharacters(REGIONS);
    case 'residence-permit':
      return eighteenCharacters(PERMIT_REGIONS);
    case 'foreign-permanent-residence':
      return eighteenCharacters(FOREIGN_REGIONS);
    case 'travel-permit':
      return { count: 10 ** 8, number: (place) => `H${String(place).padStart(8, '0')}` };
    case 'passport':
      return { count: 10 ** 8, number: (place) => `E${String(place).padStart(8, '0')}` };
  }
}

function eighteenCharacters(regions: readonly string[]): DocumentMaker {
  return {
    count: regions.length * BIRTH_DAYS * SEQUENCES,
    number: (place) => {
      const region = regions[place % regions.length] ?? '';
      const rest = Math.floor(place / regions.length);
      const birth = new Date(FIRST_BIRTH_MS + (rest % BIRTH_DAYS) * DAY_MS).toISOString().slice(0, 10);
      const first17 = `${region}${birth.replaceAll('-', '')}${900 + Math.floor(rest / BIRTH_DAYS)}`;
      return first17 + checkCharacter(first17);
    },
  };
}

/** 0 … count − 1 in a scattered order, each once: i ↦ (step × i + offset) mod count. */
function permutation(count: number, random: Random): (index: number) => number {
  const offset = random.below(count);
  // The golden ratio keeps neighbours far apart. Products stay below 2⁵³: count is at most 10⁸.
  let step = Math.floor(count * 0.618_033_988) - random.below(1000);
  while (step < 1 || commonDivisor(step, count) !== 1) step += 1;
  return (index) => (step * index + offset) % count;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** A text of the example's form: a digit for a digit, a letter for a letter. */
export function textLike(credential: Credential, random: Random): string {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const text = credential.example
      .replace(/[0-9]/g, () => String(random.below(10)))
      .replace(/[A-Z]/g, () => String.fromCharCode(65 + random.below(26)));
    if (credential.pattern === undefined || wholePattern(credential.pattern).test(text)) return text;
  }
  throw noForm(credential, 'texts made from the example do not match its pattern');
}

function noForm(credential: Credential, message: string): FangbangError {
  return new FangbangError('usage', `column ${credential.column}: ${message}`, {
    hint: 'give the definition an example that ends in enough digits and matches its pattern',
  });
}
