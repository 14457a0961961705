/**
 * @module The frame of a drill: options with `--seed`, `--json` and `--help`, what is undone at the end, the
 * table of checks, the exit code.
 *
 * Failure policy: wrong options are exit code 2; a machine on which the drill cannot run is exit code 1 with one
 * sentence; Ctrl-C is 130. Whatever ends it, all that was started is stopped and removed, the last first.
 */
import { randomInt } from 'node:crypto';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { progressOn, type Progress } from '../../../infra/local/progress.ts';
import { sentenceFor } from '../../../infra/local/setup-error.ts';

/** Something that the person who called can put right; the message says how. */
export class UsageError extends Error {}

export interface Check {
  /** What has to hold, as a sentence without its end. */
  readonly what: string;
  /** What was seen. */
  readonly seen: string;
  /** What was needed. */
  readonly needed: string;
  readonly holds: boolean;
}

export interface Outcome {
  readonly checks: readonly Check[];
  /** For --json and for who compares runs; units are in the names. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** What a reader must know of this run, a sentence each. */
  readonly notes?: readonly string[];
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

export interface Drill {
  readonly seed: number;
  readonly values: OptionValues;
  readonly stop: AbortSignal;
  readonly progress: Progress;
  readonly say: (line: string) => void;
  /** Takes what is to be undone at the end. */
  readonly undo: (step: () => Promise<unknown> | void) => void;
}

export interface DrillProgram {
  /** As in `npm run drill:<name>`. */
  readonly name: string;
  readonly usage: string;
  /** Besides seed, json and help. */
  readonly options: NonNullable<ParseArgsConfig['options']>;
  readonly run: (drill: Drill) => Promise<Outcome>;
}

const INTERRUPTED = 130;

/** Runs it as the program of this process; sets the exit code. */
export async function runDrill(program: DrillProgram): Promise<void> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const interruption = new AbortController();
  // The second Ctrl-C is the first one passed on by npm.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interruption.abort());
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const steps: (() => Promise<unknown> | void)[] = [];
  try {
    const values = readValues(program);
    if (values['help'] === true) {
      process.stdout.write(program.usage);
      return;
    }
    const seed = wholeNumber(values, 'seed', { least: 0, usual: randomInt(2 ** 31) });
    say(`drill:${program.name}, seed ${seed}`);
    const loadBefore = loadavg()[0] ?? 0;
    const { signal: stop } = interruption;
    const outcome = await program.run({
      seed,
      values,
      stop,
      say,
      progress: progressOn(process.stderr),
      undo: (step) => steps.push(step),
    });
    stop.throwIfAborted();
    process.exitCode = report(program.name, { seed, values, outcome, loadBefore });
  } catch (fault) {
    if (interruption.signal.aborted) process.exitCode = INTERRUPTED;
    else {
      process.exitCode = fault instanceof UsageError ? 2 : 1;
      say(`fangbang: ${fault instanceof UsageError ? fault.message : sentenceFor(fault)}`);
    }
  } finally {
    for (const step of steps.toReversed()) await undoOne(step, say);
  }
}

/** One that fails must not keep the others from being undone. */
async function undoOne(step: () => Promise<unknown> | void, say: (line: string) => void): Promise<void> {
  try {
    await step();
  } catch (fault) {
    say(`fangbang: ${sentenceFor(fault)}`);
    process.exitCode = 1;
  }
}

function readValues({ options }: DrillProgram): OptionValues {
  const common = { seed: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: process.argv.slice(2), options: { ...options, ...common } }).values;
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

/** A whole number among the options. @throws UsageError */
export function wholeNumber(
  values: OptionValues,
  name: string,
  { least, usual }: { least: number; usual: number },
): number {
  const text = values[name];
  if (text === undefined) return usual;
  if (typeof text !== 'string' || !/^[0-9]{1,10}$/.test(text) || Number(text) < least)
    throw new UsageError(`--${name} takes a whole number of at least ${least}.`);
  return Number(text);
}

/** One word of a list among the options. @throws UsageError */
export function oneOf<T extends string>(
  values: OptionValues,
  name: string,
  words: readonly T[],
): T | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const word = words.find((one) => one === text);
  if (word === undefined) throw new UsageError(`--${name} takes one of: ${words.join(', ')}.`);
  return word;
}

function report(
  name: string,
  run: { seed: number; values: OptionValues; outcome: Outcome; loadBefore: number },
): number {
  const { seed, values, outcome, loadBefore } = run;
  const { checks, figures, notes = [] } = outcome;
  const holds = checks.every((check) => check.holds);
  const load = { before: round(loadBefore), after: round(loadavg()[0] ?? 0) };
  const lines = [
    ...checks.map(
      ({ what, seen, needed, holds: one }) =>
        `${one ? 'holds' : 'FAILS'}  ${what}: ${seen} (needed: ${needed})`,
    ),
    ...notes,
    `load average ${load.before} before, ${load.after} after; again with the same choices: npm run drill:${name} -- --seed ${seed}`,
    holds ? `drill:${name} holds.` : `drill:${name} FELL SHORT.`,
  ];
  const isJson = values['json'] === true;
  if (isJson)
    process.stdout.write(`${JSON.stringify({ drill: name, seed, holds, checks, figures, notes, load })}\n`);
  (isJson ? process.stderr : process.stdout).write(`${lines.join('\n')}\n`);
  return holds ? 0 : 1;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
