/**
 * One class for every fault and refusal, with a code from one catalogue. Exit code per code is
 * in loader-cli/exit-codes.ts; what the API answers is no error but an outcome (service/http/lookup-answer.ts).
 */

/** Every code, by what kind of thing went wrong. */
export const ERROR_KINDS = {
  // The person who called gave something that cannot be used.
  usage: 'usage',
  'config-invalid': 'usage',
  'definition-invalid': 'usage',
  'pepper-invalid': 'usage',
  // The data cannot be accepted.
  'file-refused': 'data',
  'rows-rejected': 'data',
  'verification-failed': 'data',
  // The state of the series, or the rights of the person, do not allow it.
  'series-unknown': 'state',
  'batch-not-found': 'state',
  'batch-is-sealed': 'state',
  'batch-is-incomplete': 'state',
  'series-is-being-loaded': 'state',
  'approver-is-loader': 'state',
  'checksum-differs': 'state',
  'not-approved': 'state',
  'not-warmed': 'state',
  'not-verified': 'state',
  'before-approved-opening': 'state',
  'opening-in-the-past': 'state',
  'nothing-to-roll-back': 'state',
  'nothing-to-withdraw': 'state',
  'reason-missing': 'usage',
  'not-permitted': 'state',
  'migration-mismatch': 'state',
  'migration-needed': 'state',
  'pepper-unknown': 'state',
  'audit-broken': 'data',
  'batch-is-in-use': 'state',
  'candidate-not-found': 'state',
  'nothing-to-correct': 'state',
  'definition-changed': 'state',
  'corrects-another-batch': 'state',
  // A store is away or too slow.
  'database-away': 'store',
  'redis-away': 'store',
  // A stored thing does not have the form it must have.
  'stored-data-damaged': 'fault',
} as const;

export type ErrorCode = keyof typeof ERROR_KINDS;
export type ErrorKind = (typeof ERROR_KINDS)[ErrorCode];

/**
 * An expected refusal or a known fault. `message` says what happened, `hint` what to do next;
 * neither ever holds a mark, a name or an identity number.
 */
export class FangbangError extends Error {
  override readonly name = 'FangbangError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** Single faults, when there are several: "components[2].score.max: expected a number". */
  readonly faults: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; faults?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.faults = options.faults ?? [];
  }

  get kind(): ErrorKind {
    return ERROR_KINDS[this.code];
  }
}

/** Whether a word is a code of the catalogue: the database names its refusals by the same codes. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(ERROR_KINDS, word);
}
