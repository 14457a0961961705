/**
 * The lines of a correction by candidate number, so that what only the stores can tell is said with them.
 */
import type { AcceptedRow } from '../pipeline/read-official-files.ts';

/** Some 100 bytes each; a larger correction is named by candidate number alone. */
const MOST_LINES = 200_000;

export class CorrectedLines {
  readonly #places = new Map<string, { readonly file: number; readonly line: number }>();
  readonly #files: readonly string[];

  /** @param files their names, for a correction of several. */
  constructor(files: readonly string[]) {
    this.#files = files;
  }

  add({ slip, file, line }: AcceptedRow): void {
    if (this.#places.size < MOST_LINES) this.#places.set(slip.candidateNumber, { file, line });
  }

  clear(): void {
    this.#places.clear();
  }

  has(candidateNumber: string): boolean {
    return this.#places.has(candidateNumber);
  }

  /** "line 7, candidate 26330101000001" */
  describe(candidateNumber: string): string {
    const place = this.#places.get(candidateNumber);
    if (place === undefined) return `candidate ${candidateNumber}`;
    const file = this.#files.length > 1 ? `${this.#files[place.file] ?? ''}, ` : '';
    return `${file}line ${place.line}, candidate ${candidateNumber}`;
  }
}
