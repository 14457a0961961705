/**
 * The reject file: which lines were rejected and why, for staff to open in a spreadsheet. It holds
 * line, column, code, message and candidate number; never a mark, a name or an identity number.
 *
 * Failure policy: the file appears whole or not at all (temporary file and rename, mode 600). Where it
 * cannot be written, that is `usage` with the option that puts it elsewhere.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FangbangError } from '#results/errors.ts';
import { csvLine, withoutFormula } from './csv-text.ts';
import type { Reject } from './reject-codes.ts';
import { writeWholly } from './sources.ts';

const FLUSH_CHARACTERS = 64 * 1024;

/** Where it goes when nobody says: beside the first file, `results.csv` → `results.rejects.csv`. */
export function defaultRejectFile(firstPath: string): string {
  if (firstPath === '-') return 'standard-input.rejects.csv';
  return `${firstPath.replace(/(?:\.(?:csv|tsv|txt))?(?:\.gz)?$/i, '')}.rejects.csv`;
}

export class RejectFile {
  readonly path: string;
  readonly #temporary: string;
  readonly #namesFiles: boolean;
  #fd: number | undefined;
  #text = '';
  #written = 0;
  #position = 0;

  /** @param namesFiles adds a column with the file's name: for when there are several. */
  constructor(path: string, namesFiles: boolean) {
    this.path = path;
    this.#namesFiles = namesFiles;
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  }

  /** @param fileName the name of the file that the line is in. */
  add(reject: Reject, fileName: string): void {
    if (this.#fd === undefined) this.#open();
    const { line, column = '', code, message, candidateNumber = '' } = reject;
    const cells = [String(line), column, code, message, candidateNumber];
    if (this.#namesFiles) cells.push(fileName);
    this.#text += csvLine(cells.map(withoutFormula));
    this.#written += 1;
    if (this.#text.length >= FLUSH_CHARACTERS) this.#flush();
  }

  /** Begins again with an empty file. */
  restart(): void {
    this.#written = 0;
    this.#text = '';
    if (this.#fd === undefined) return;
    ftruncateSync(this.#fd, 0);
    this.#begin();
  }

  /** Puts the file in its place; answers its path, undefined when nothing was rejected. */
  finish(): string | undefined {
    if (this.#fd === undefined || this.#written === 0) {
      this.discard();
      return undefined;
    }
    this.#flush();
    this.#guard(() => {
      fsyncSync(this.#fd ?? -1);
      renameSync(this.#temporary, this.path);
    });
    closeSync(this.#fd);
    this.#fd = undefined;
    return this.path;
  }

  /** Leaves nothing behind, unless finished. */
  discard(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    rmSync(this.#temporary, { force: true });
  }

  #open(): void {
    this.#guard(() => {
      this.#fd = openSync(this.#temporary, 'w', 0o600);
    });
    this.#begin();
  }

  /** The mark lets Excel read UTF-8. */
  #begin(): void {
    const header = ['line', 'column', 'code', 'message', 'candidateNumber'];
    if (this.#namesFiles) header.push('file');
    this.#text = `\uFEFF${csvLine(header)}`;
    this.#position = 0;
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text, 'utf8');
    this.#guard(() => writeWholly(this.#fd ?? -1, bytes, this.#position));
    this.#position += bytes.length;
    this.#text = '';
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'an error';
      throw new FangbangError('usage', `the reject file ${this.path} cannot be written (${code})`, {
        hint: 'put it elsewhere: --reject-file F',
        cause,
      });
    }
  }
}
