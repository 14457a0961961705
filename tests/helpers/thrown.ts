/**
 * @module What a call throws, as a value to look at.
 */
import { FangbangError } from '../../service/results/errors.ts';

/** The error that `work` throws; undefined when it throws none. Other things than errors go on. */
export function thrownBy(work: () => unknown): Error | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** The FangbangError that `work` must throw. */
export function refusalBy(work: () => unknown): FangbangError {
  const error = thrownBy(work);
  if (error instanceof FangbangError) return error;
  throw new Error('expected a FangbangError', { cause: error });
}
