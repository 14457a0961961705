/**
 * A CSV file for staff to open in a spreadsheet: UTF-8 with the mark that Excel needs, no cell that it
 * would take for a formula, readable by its owner alone.
 *
 * Failure policy: the file appears whole or not at all (temporary file and rename, mode 600). Where it
 * cannot be written, that is `usage` with the option that puts it elsewhere.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FangbangError } from '#results/errors.ts';
import { csvLine, withoutFormula } from './pipeline/csv-text.ts';
import { writeWholly } from './pipeline/sources.ts';

const FLUSH_CHARACTERS = 64 * 1024;

/** How the file is spoken of. */
export interface StaffFileWords {
  /** "the reject file" */
  readonly what: string;
  /** "--reject-file F" */
  readonly option: string;
}

export class StaffFile {
  readonly path: string;
  /** Lines without the header. */
  written = 0;
  readonly #temporary: string;
  readonly #header: readonly string[];
  readonly #words: StaffFileWords;
  #fd: number | undefined;
  #text = '';
  #position = 0;

  constructor(path: string, header: readonly string[], words: StaffFileWords) {
    this.path = path;
    this.#header = header;
    this.#words = words;
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  }

  add(cells: readonly string[]): void {
    this.open();
    this.#text += csvLine(cells.map(withoutFormula));
    this.written += 1;
    if (this.#text.length >= FLUSH_CHARACTERS) this.#flush();
  }

  /** Opens the temporary file, to find out early that it cannot be written. */
  open(): void {
    if (this.#fd !== undefined) return;
    this.#guard(() => {
      this.#fd = openSync(this.#temporary, 'w', 0o600);
    });
    this.#begin();
  }

  /** Begins again with an empty file. */
  restart(): void {
    this.written = 0;
    this.#text = '';
    if (this.#fd === undefined) return;
    ftruncateSync(this.#fd, 0);
    this.#begin();
  }

  /** Puts the file in its place, also without lines if it was opened; answers whether there is one. */
  finish(): boolean {
    if (this.#fd === undefined) return false;
    this.#flush();
    const fd = this.#fd;
    this.#guard(() => {
      fsyncSync(fd);
      renameSync(this.#temporary, this.path);
    });
    closeSync(fd);
    this.#fd = undefined;
    return true;
  }

  /** Leaves nothing behind, unless finished. */
  discard(): void {
    if (this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
    rmSync(this.#temporary, { force: true });
  }

  /** The mark lets Excel read UTF-8. */
  #begin(): void {
    this.#text = `\uFEFF${csvLine(this.#header)}`;
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
      const { what, option } = this.#words;
      throw new FangbangError('usage', `${what} ${this.path} cannot be written (${code})`, {
        hint: `put it elsewhere: ${option}`,
        cause,
      });
    }
  }
}
