/**
 * @module What the page's measurements have in common: arguments, Ctrl-C, undoing, exit codes.
 *
 * Failure policy: wrong arguments end with 2, a machine on which nothing can be measured or a missed goal
 * with 1, Ctrl-C with 130; all that was started is stopped and removed first.
 */
import { sentenceFor } from '../../infra/local/setup-error.ts';

/** Something that the person who called can put right. */
export class UsageError extends Error {}

export interface Run {
  readonly stop: AbortSignal;
  /** Takes what is to be undone at the end, the last first. */
  readonly undo: (step: () => Promise<void> | void) => void;
}

/** Runs a measurement that says whether its goal was met. */
export async function runMeasurement(measure: (run: Run) => Promise<boolean>): Promise<void> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interruption.abort());
  const steps: (() => Promise<void> | void)[] = [];
  try {
    const isMet = await measure({ stop: interruption.signal, undo: (step) => steps.push(step) });
    process.exitCode = isMet ? 0 : 1;
  } catch (fault) {
    process.exitCode = interruption.signal.aborted ? 130 : fault instanceof UsageError ? 2 : 1;
    const sentence = fault instanceof UsageError ? fault.message : sentenceFor(fault);
    if (!interruption.signal.aborted) process.stderr.write(`fangbang: ${sentence}\n`);
  } finally {
    for (const step of steps.toReversed()) await step();
  }
}

/** A whole number from an option's text. */
export function wholeNumber(text: string, option: string, least: number, most: number): number {
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < least || Number(text) > most)
    throw new UsageError(`${option} takes a whole number from ${least} to ${most}.`);
  return Number(text);
}

/** The name of a runtime from an option's text. */
export function runtimeNamed(text: string): 'bun' | 'node' {
  if (text !== 'bun' && text !== 'node') throw new UsageError('--runtime takes bun or node.');
  return text;
}
