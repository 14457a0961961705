/**
 * Credentials from a person, or from a program: on a terminal they are asked for one by one and not
 * shown; otherwise they are lines of standard input.
 */
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { Interrupted } from './exit-codes.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/**
 * As many lines as prompts, fewer when the input ends before.
 * @throws Interrupted on Ctrl-C, the signal's reason on a signal.
 */
export async function askHidden(terminal: Terminal, prompts: readonly string[]): Promise<string[]> {
  const isTerminal = terminal.stdin.isTTY;
  const reader = createInterface({
    input: terminal.stdin,
    // readline edits the line and echoes it here: nowhere.
    output: new Writable({ write: (_chunk, _encoding, done) => done() }),
    terminal: isTerminal,
    historySize: 0,
  });
  const stop = (): void => reader.close();
  terminal.signal.addEventListener('abort', stop, { once: true });
  try {
    const lines: string[] = [];
    const next = lineReader(reader);
    for (const prompt of prompts) {
      if (isTerminal) terminal.stderr.write(`${prompt}: `);
      const line = await next();
      terminal.signal.throwIfAborted();
      if (isTerminal) terminal.stderr.write('\n');
      if (line === undefined) break;
      lines.push(line);
    }
    return lines;
  } finally {
    terminal.signal.removeEventListener('abort', stop);
    reader.close();
  }
}

/** The next line, undefined at the end. Lines that came before they were asked for are kept. */
function lineReader(reader: Interface): () => Promise<string | undefined> {
  const waiting: PromiseWithResolvers<string | undefined>[] = [];
  const ready: string[] = [];
  let end: { readonly reason: Interrupted | undefined } | undefined;
  reader.on('line', (line) => {
    const first = waiting.shift();
    if (first === undefined) ready.push(line);
    else first.resolve(line);
  });
  // In raw mode Ctrl-C is a character; as a signal it would have ended us by itself.
  reader.on('SIGINT', () => {
    end = { reason: new Interrupted('SIGINT') };
    reader.close();
  });
  reader.on('close', () => {
    end ??= { reason: undefined };
    for (const one of waiting.splice(0)) settle(one, end.reason);
  });
  return () => {
    const one = Promise.withResolvers<string | undefined>();
    const line = ready.shift();
    if (line !== undefined) one.resolve(line);
    else if (end === undefined) waiting.push(one);
    else settle(one, end.reason);
    return one.promise;
  };
}

function settle(one: PromiseWithResolvers<string | undefined>, reason: Interrupted | undefined): void {
  if (reason === undefined) one.resolve(undefined);
  else one.reject(reason);
}
