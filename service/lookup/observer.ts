/**
 * What the service reports of itself: the interfaces that service/metrics.ts and service/log.ts
 * fulfil, so that a room below main.ts counts and logs without importing them. Nothing here can
 * carry a credential, a name or a mark.
 */
import { FangbangError } from '#results/errors.ts';

/** The only fields that a log line may have; log.ts drops any other. */
export interface LogFields {
  readonly series?: string;
  readonly batch?: number;
  readonly version?: number;
  readonly epoch?: number;
  readonly redisEpoch?: number;
  readonly fault?: string;
  readonly hint?: string;
  readonly store?: 'postgres' | 'redis';
  readonly requestId?: string;
  /** Places in the program, without the error's message: that may quote what was sent. */
  readonly frames?: readonly string[];
  readonly host?: string;
  readonly port?: number;
  readonly adminPort?: number;
  readonly runtime?: string;
  /** Its number, of an instance or of the supervisor. */
  readonly process?: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly count?: number;
  readonly milliseconds?: number;
}

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const LOOKUP_OUTCOMES = [
  'found',
  'absent',
  'notReleased',
  'seriesUnknown',
  'invalid',
  'limited',
  'proofRequired',
  'unavailable',
] as const;
export type LookupOutcomeKind = (typeof LOOKUP_OUTCOMES)[number];

/** damaged: there, but it does not open or is not the candidate's; lost all the same. */
export const REDIS_OUTCOMES = ['hit', 'miss', 'damaged', 'away'] as const;
/** closed: not open by the database's own clock; refused: the waiting line is full. */
export const POSTGRES_OUTCOMES = ['found', 'absent', 'closed', 'away', 'refused'] as const;
export const FILTER_OUTCOMES = ['maybe', 'absent'] as const;
export const POLL_OUTCOMES = ['read', 'failed'] as const;
/**
 * Wrong attempts and what they got, refusals of any attempt, and proofs of work: allowedLocally with
 * Redis away; proofRefused: used before.
 */
export const LIMIT_OUTCOMES = [
  'allowed',
  'allowedLocally',
  'limited',
  'proofRequired',
  'proofTaken',
  'proofRefused',
] as const;
/** dropped: too many were under way. */
export const HEAL_OUTCOMES = ['written', 'failed', 'dropped'] as const;

export interface LookupObserver {
  lookup(outcome: LookupOutcomeKind, seconds: number): void;
  redis(outcome: (typeof REDIS_OUTCOMES)[number]): void;
  postgres(outcome: (typeof POSTGRES_OUTCOMES)[number]): void;
  filter(outcome: (typeof FILTER_OUTCOMES)[number]): void;
  poll(outcome: (typeof POLL_OUTCOMES)[number]): void;
  heal(outcome: (typeof HEAL_OUTCOMES)[number]): void;
  limit(outcome: (typeof LIMIT_OUTCOMES)[number]): void;
}

/**
 * A word for an error that is fit for a log: a code, never a message, which may quote values.
 */
export function faultName(error: unknown): string {
  if (error instanceof FangbangError) return error.code;
  if (!(error instanceof Error)) return 'unknown';
  const code: unknown = 'code' in error ? error.code : undefined;
  if (typeof code === 'string') return code;
  if (/timed? ?out/i.test(error.message)) return 'timeout';
  // Redis names its refusals by the first word: READONLY, OOM, NOAUTH.
  const word = error.name === 'ReplyError' ? /^[A-Z]+/.exec(error.message)?.[0] : undefined;
  return word ?? error.name;
}
