/**
 * What people and programs read. With `--json` standard output gets exactly one JSON object, also on
 * failure. Nothing here shows the message of an error that is not ours when it may quote data: a
 * value that Postgres refused could be a mark or an identity number.
 */
import type { SingleBar } from 'cli-progress';
import { CommanderError } from 'commander';
import pg from 'pg';
import { FangbangError } from '#results/errors.ts';
import { EXIT_DONE, EXIT_USAGE, Interrupted, exitCodeOf } from './exit-codes.ts';

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Lines for people, which never break a running bar. */
export class Voice {
  readonly stderr: NodeJS.WriteStream;
  readonly #stdout: NodeJS.WriteStream;
  readonly #json: boolean;
  #bar: SingleBar | undefined;

  constructor(streams: Streams, json: boolean) {
    this.stderr = streams.stderr;
    this.#stdout = streams.stdout;
    this.#json = json;
  }

  say(line: string): void {
    if (this.#json) this.note(line);
    else {
      this.#clearBar();
      this.#stdout.write(`${line}\n`);
    }
  }

  note(line: string): void {
    this.#clearBar();
    this.stderr.write(`${line}\n`);
  }

  showBar(bar: SingleBar): void {
    this.endBar();
    this.#bar = bar;
  }

  endBar(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  /** The bar draws itself again below the line at its next tick. */
  #clearBar(): void {
    if (this.#bar !== undefined) this.stderr.write('\r\u001B[K');
  }
}

/** Prints a verb's result; answers the exit code. */
export async function printResult(
  streams: Streams,
  json: boolean,
  result: { readonly json: Readonly<Record<string, unknown>>; readonly failure?: FangbangError },
): Promise<number> {
  const { failure } = result;
  if (failure !== undefined) writeHumanError(streams, describe(failure));
  if (json) {
    const error = failure === undefined ? {} : { error: describe(failure) };
    await writeWhole(streams.stdout, `${JSON.stringify({ ...result.json, ...error })}\n`);
  }
  return failure === undefined ? EXIT_DONE : exitCodeOf(failure);
}

/** Prints what a verb, or the reading of the command line, threw; answers the exit code. */
export async function printFailure(streams: Streams, json: boolean, error: unknown): Promise<number> {
  // Help and version are printed already.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT_DONE;
  const description = describe(error);
  writeHumanError(streams, description);
  if (json) await writeWhole(streams.stdout, `${JSON.stringify({ error: description })}\n`);
  return error instanceof CommanderError ? EXIT_USAGE : exitCodeOf(error);
}

/** Writes and waits until it has left the process; a reader that has gone is not our fault. */
export async function writeWhole(stream: NodeJS.WriteStream, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write(text, () => resolve());
  });
}

interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly faults: readonly string[];
}

function describe(error: unknown): ErrorDescription {
  if (error instanceof FangbangError) {
    return { code: error.code, message: error.message, hint: error.hint ?? null, faults: error.faults };
  }
  if (error instanceof CommanderError) {
    // commander.help: a command that needs a verb behind it was given none, and its help was shown.
    const message =
      error.code === 'commander.help' ? 'a verb is missing' : error.message.replace(/^error: /, '');
    return { code: 'usage', message, hint: 'see: fangbang --help, fangbang <verb> --help', faults: [] };
  }
  if (error instanceof Interrupted) {
    return {
      code: 'interrupted',
      message: error.message,
      hint: 'start the command again: it does no harm',
      faults: [],
    };
  }
  return {
    code: 'unexpected-fault',
    message: unexpected(error),
    hint: 'this is a fault of the program: report it with this output',
    faults: [],
  };
}

function unexpected(error: unknown): string {
  if (error instanceof pg.DatabaseError) {
    const where = [error.routine, error.schema, error.table, error.constraint].filter(Boolean).join(' ');
    return `unexpected fault: Postgres answered ${error.code ?? 'an error'} (${where})`;
  }
  return `unexpected fault: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function writeHumanError(streams: Streams, { message, faults, hint }: ErrorDescription): void {
  const lines = [`fangbang: ${message}`, ...faults.map((fault) => `  ${fault}`)];
  if (hint !== null) lines.push(`what to do next: ${hint}`);
  streams.stderr.write(`${lines.join('\n')}\n`);
}
