/**
 * The files that a verb was given, each of which may have to be read twice (rows that contradict
 * each other are only known at the end). Standard input (`-`) is therefore kept in a temporary file.
 *
 * Failure policy: what cannot be opened is `file-refused`. The temporary file has no name any more
 * once it is open, so that not even kill -9 leaves it behind.
 */
import { closeSync, createReadStream, fstatSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { FangbangError } from '#results/errors.ts';
import type { OpenedFile } from './text-pieces.ts';

/** A piece of decoded text is then worth its overhead; of 1 MB it is no faster, and a load takes 50 MB more. */
const READ_BYTES = 256 * 1024;

export class Sources {
  /** Names as they are shown: base names, or the whole paths when two are alike. */
  readonly names: readonly string[];
  readonly #paths: readonly string[];
  readonly #spool: number | undefined;
  readonly #signal: AbortSignal | undefined;

  private constructor(paths: readonly string[], spool: number | undefined, signal: AbortSignal | undefined) {
    this.#paths = paths;
    this.#spool = spool;
    this.#signal = signal;
    const short = paths.map((path) => (path === '-' ? 'standard input' : basename(path)));
    this.names = short.map((name, i) =>
      short.filter((other) => other === name).length > 1 ? (paths[i] ?? name) : name,
    );
  }

  /**
   * @param paths files, or `-` once for standard input.
   * @param signal ends a read that waits.
   * @throws FangbangError `usage` when standard input is named twice or is not given; the signal's reason.
   */
  static async open(
    paths: readonly string[],
    stdin: Readable | undefined,
    signal?: AbortSignal,
  ): Promise<Sources> {
    const fromStdin = paths.filter((path) => path === '-').length;
    if (fromStdin > 1) throw new FangbangError('usage', 'standard input (-) can be read only once');
    if (fromStdin === 0) return new Sources(paths, undefined, signal);
    if (stdin === undefined) throw new FangbangError('usage', 'this verb does not read standard input');
    const spool = openNameless('fangbang-stdin-');
    try {
      for await (const chunk of abortable(stdin, signal)) writeWholly(spool, chunk as Buffer);
    } catch (cause) {
      closeSync(spool);
      signal?.throwIfAborted();
      throw new FangbangError('file-refused', 'standard input cannot be kept in the temporary folder', {
        hint: `make room in ${tmpdir()}, or point TMPDIR to a larger disk`,
        cause,
      });
    }
    return new Sources(paths, spool, signal);
  }

  /** Opens a file from its beginning. */
  read(index: number): OpenedFile {
    const path = this.#paths[index] ?? '';
    const name = this.names[index] ?? path;
    if (path !== '-' || this.#spool === undefined)
      return { name, stream: abortable(createReadStream(path, { highWaterMark: READ_BYTES }), this.#signal) };
    const bytes = fstatSync(this.#spool).size;
    const stream = createReadStream('', {
      fd: this.#spool,
      autoClose: false,
      start: 0,
      // With a start the stream reads at places, not at the descriptor's own.
      end: Math.max(0, bytes - 1),
      highWaterMark: READ_BYTES,
    });
    return { name, stream: abortable(stream, this.#signal) };
  }

  close(): void {
    if (this.#spool !== undefined) closeSync(this.#spool);
  }
}

function abortable(stream: Readable, signal: AbortSignal | undefined): Readable {
  return signal === undefined ? stream : addAbortSignal(signal, stream);
}

/** A temporary file that only this descriptor leads to. */
export function openNameless(prefix: string): number {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  try {
    return openSync(join(folder, 'spool'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** writeSync may write less than it was given. */
export function writeWholly(fd: number, bytes: Buffer, position?: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, position === undefined ? null : position + done);
  }
}
