/**
 * What `npm run bench:loader` is asked for.
 */
import { parseArgs } from 'node:util';

/** Something that the person who called can put right; the message says how. */
export class UsageError extends Error {}

export interface LoaderBenchOptions {
  readonly rows: number;
  readonly rounds: number;
  /** Of the CLI and of csv-parse. */
  readonly runtime: 'bun' | 'node' | 'fastest';
  readonly encoding: 'utf-8' | 'gb18030';
  readonly json: boolean;
}

export const USAGE = `npm run bench:loader -- [options]

  --rows <n>       rows of the official file (1000000)
  --rounds <n>     rounds; each measures the floor and the CLI, in turns (3)
  --runtime <r>    bun, node or fastest: what the CLI and csv-parse run on (fastest)
  --encoding <e>   utf-8 or gb18030: of the official file (utf-8)
  --json           one JSON object on standard output, all else on standard error

The floor is what nobody can leave out: csv-parse over the file to nothing, psql's \\copy of the same rows into a
table with a primary key, redis-cli --pipe of as many keys of the same size. Against it stand load and warm; verify
is measured too. Stores of its own on 127.0.0.1; the file is kept under .fangbang/ for the next run.

Exit codes: 0 measured, 1 something could not be measured, 2 wrong options, 130 stopped.

Example: npm run bench:loader -- --rows 100000 --rounds 5
`;

/**
 * Reads the arguments.
 * @returns undefined when help was asked for.
 * @throws UsageError
 */
export function readOptions(args: readonly string[]): LoaderBenchOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  return {
    rows: wholeNumber(values.rows, '--rows', [1_000, 50_000_000]) ?? 1_000_000,
    rounds: wholeNumber(values.rounds, '--rounds', [1, 100]) ?? 3,
    runtime: oneOf(values.runtime, '--runtime', ['bun', 'node', 'fastest']) ?? 'fastest',
    encoding: oneOf(values.encoding, '--encoding', ['utf-8', 'gb18030']) ?? 'utf-8',
    json: values.json === true,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { rows: text, rounds: text, runtime: text, encoding: text, json: flag, help: flag },
    }).values;
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

function wholeNumber(
  text: string | undefined,
  option: string,
  [least, most]: readonly [number, number],
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[0-9]{1,9}$/.test(text) || value < least || value > most)
    throw new UsageError(`${option} takes a whole number from ${least} to ${most}.`);
  return value;
}

function oneOf<const T extends string>(
  text: string | undefined,
  option: string,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw new UsageError(`${option} takes ${choices.join(', ')}.`);
  return choice;
}
