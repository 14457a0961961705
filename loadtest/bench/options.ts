/**
 * What `npm run bench` is asked for.
 */
import { parseArgs } from 'node:util';
import type { RowName } from './rows.ts';
import { ROWS, isRowName } from './rows.ts';

/** Something that the person who called can put right; the message says how. */
export class UsageError extends Error {}

export interface BenchOptions {
  readonly rounds: number;
  /** In each round. */
  readonly turns: number;
  /** Of one turn's measurement. */
  readonly seconds: number;
  /** Load after a start, for the compilers. */
  readonly warmUpSeconds: number;
  /** Kept connections of the load. */
  readonly connections: number;
  /** How many candidates' credentials are sent. */
  readonly credentials: number;
  readonly only: readonly RowName[];
  readonly json: boolean;
  /** Also two instances against one, each under a load from its own core. */
  readonly two: boolean;
  /** Also a series of so many candidates against one of 10,000. */
  readonly candidates: number | undefined;
}

const names = ROWS.filter((row) => !row.onRequest).map((row) => row.name);

export const USAGE = `npm run bench -- [options]

  --rounds <n>        rounds; each starts every process anew (5)
  --turns <n>         turns of each round, in which one after the other is measured (3)
  --seconds <n>       length of a turn's measurement, after a second that is not measured (1)
  --warm-up <n>       seconds of load after a start, more often when few are answered; 0 for none (2)
  --connections <n>   kept connections to each server (64)
  --credentials <n>   candidates whose credentials are sent (50000)
  --only <a,b>        measure these rows alone:
                      ${wrapped(names)}
  --two               also two instances against one (rows fangbang-*-one, fangbang-*-two)
  --candidates <n>    also a series of n candidates against one of 10,000 (rows fangbang-*-10k, fangbang-*-many)
  --json              one JSON object on standard output, all else on standard error

Linux, two cores of its own: the server is pinned to one, load and stores to another. Everything listens on
127.0.0.1 alone, and nothing is left when it ends.

Exit codes: 0 measured, 1 something could not be measured or gave a wrong answer, 2 wrong options, 130 stopped.

Example: npm run bench -- --only fangbang-bun,nginx-lua-redis --rounds 5
`;

/**
 * Reads the arguments.
 * @returns undefined when help was asked for.
 * @throws UsageError
 */
export function readOptions(args: readonly string[]): BenchOptions | undefined {
  const values = parse(args);
  if (values.help === true) return undefined;
  const candidates = wholeNumber(values.candidates, '--candidates', 10_001);
  return {
    rounds: wholeNumber(values.rounds, '--rounds', 1) ?? 5,
    turns: wholeNumber(values.turns, '--turns', 1) ?? 3,
    seconds: wholeNumber(values.seconds, '--seconds', 1) ?? 1,
    warmUpSeconds: wholeNumber(values['warm-up'], '--warm-up', 0) ?? 2,
    connections: wholeNumber(values.connections, '--connections', 1) ?? 64,
    credentials: wholeNumber(values.credentials, '--credentials', 100) ?? 50_000,
    only: rowNames(values.only),
    json: values.json === true,
    two: values.two === true,
    candidates,
  };
}

/**
 * The rows to measure, in the catalogue's order.
 * @throws UsageError for a row of --only that is measured only with another option.
 */
export function wantedRows(options: Pick<BenchOptions, 'only' | 'two' | 'candidates'>): RowName[] {
  const { only, two, candidates } = options;
  const given = { two, candidates: candidates !== undefined };
  const possible = ROWS.filter(({ onRequest }) => onRequest === undefined || given[onRequest]);
  for (const name of only) {
    const needed = ROWS.find((row) => row.name === name)?.onRequest;
    if (needed !== undefined && !given[needed])
      throw new UsageError(`The row ${name} needs the option --${needed}.`);
  }
  return possible.map(({ name }) => name).filter((name) => only.length === 0 || only.includes(name));
}

function rowNames(text: string | undefined): RowName[] {
  if (text === undefined) return [];
  return text.split(',').map((name) => {
    if (!isRowName(name)) throw new UsageError(`--only knows no row "${name}": ${names.join(', ')}.`);
    return name;
  });
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: text,
        turns: text,
        seconds: text,
        'warm-up': text,
        connections: text,
        credentials: text,
        only: text,
        candidates: text,
        two: flag,
        json: flag,
        help: flag,
      },
    }).values;
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault));
  }
}

function wholeNumber(text: string | undefined, option: string, least: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,8}$/.test(text) || Number(text) < least)
    throw new UsageError(`${option} takes a whole number of at least ${least}.`);
  return Number(text);
}

/** Names in lines below --only. */
function wrapped(words: readonly string[]): string {
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length > 70) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line}, ${word}`;
  }
  return lines.join(`,\n${' '.repeat(22)}`);
}
