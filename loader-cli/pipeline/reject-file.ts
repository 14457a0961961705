/**
 * The reject file: which lines were rejected and why, for staff to open in a spreadsheet. It holds
 * line, column, code, message and candidate number; never a mark, a name or an identity number.
 *
 * Failure policy: staff-file.ts.
 */
import { StaffFile } from '../staff-file.ts';
import type { Reject } from './reject-codes.ts';

/** Where it goes when nobody says: beside the first file, `results.csv` → `results.rejects.csv`. */
export function defaultRejectFile(firstPath: string): string {
  if (firstPath === '-') return 'standard-input.rejects.csv';
  return `${firstPath.replace(/(?:\.(?:csv|tsv|txt))?(?:\.gz)?$/i, '')}.rejects.csv`;
}

const HEADER = ['line', 'column', 'code', 'message', 'candidateNumber'];

export class RejectFile {
  readonly #file: StaffFile;
  readonly #namesFiles: boolean;

  /** @param namesFiles adds a column with the file's name: for when there are several. */
  constructor(path: string, namesFiles: boolean) {
    this.#namesFiles = namesFiles;
    this.#file = new StaffFile(path, namesFiles ? [...HEADER, 'file'] : HEADER, {
      what: 'the reject file',
      option: '--reject-file F',
    });
  }

  /** @param fileName the name of the file that the line is in. */
  add(reject: Reject, fileName: string): void {
    const { line, column = '', code, message, candidateNumber = '' } = reject;
    const cells = [String(line), column, code, message, candidateNumber];
    if (this.#namesFiles) cells.push(fileName);
    this.#file.add(cells);
  }

  /** Begins again with an empty file. */
  restart(): void {
    this.#file.restart();
  }

  /** Puts the file in its place; answers its path, undefined when nothing was rejected. */
  finish(): string | undefined {
    if (this.#file.written > 0) {
      this.#file.finish();
      return this.#file.path;
    }
    this.discard();
    return undefined;
  }

  /** Leaves nothing behind, unless finished. */
  discard(): void {
    this.#file.discard();
  }
}
