/**
 * Code → exit code, in this one place (design.md section 6).
 */
import type { ErrorKind } from '#results/errors.ts';
import { FangbangError } from '#results/errors.ts';

export const EXIT_DONE = 0;
export const EXIT_UNEXPECTED = 1;
export const EXIT_USAGE = 2;

const BY_KIND: Readonly<Record<ErrorKind, number>> = {
  usage: EXIT_USAGE,
  data: 3,
  state: 4,
  store: 5,
  fault: EXIT_UNEXPECTED,
};

/** The verb was stopped by a signal and has undone what it had not finished. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super('interrupted: what was not finished is undone');
    // As shells report a death by signal: 128 and its number.
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/** The exit code of a thrown error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof FangbangError) return BY_KIND[error.kind];
  if (error instanceof Interrupted) return error.exitCode;
  return EXIT_UNEXPECTED;
}
