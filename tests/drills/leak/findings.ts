/**
 * What was searched, and which canaries were there. Pure.
 */
import type { Kind } from './canaries.ts';
import type { Needles } from './needles.ts';

export interface Place {
  readonly name: string;
  /** What belongs there. */
  readonly may?: readonly Kind[];
  /** Whose it may only be; undefined: anybody's. */
  readonly owner?: number;
}

export class Findings {
  readonly #needles: Needles;
  /** Bytes searched, by place. */
  readonly searched = new Map<string, number>();
  /** Canaries that belong there, by place and kind: a search that finds none may be no search. */
  readonly expected = new Map<string, number>();
  readonly #leaks = new Map<string, Set<number>>();

  constructor(needles: Needles) {
    this.#needles = needles;
  }

  search({ name, may = [], owner }: Place, bytes: Buffer | string): void {
    const all = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    this.searched.set(name, (this.searched.get(name) ?? 0) + all.length);
    for (const needle of this.#needles.find(all)) {
      const belongs = may.some((kind) => kind === needle.kind) && (owner ?? needle.owner) === needle.owner;
      if (belongs) {
        this.expected.set(name, (this.expected.get(name) ?? 0) + 1);
        continue;
      }
      const what = `${name}: ${needle.kind}, ${needle.form}`;
      const owners = this.#leaks.get(what) ?? new Set();
      this.#leaks.set(what, owners.add(needle.owner));
    }
  }

  /** Places with what was found there, `Redis: name, UTF-16 (12)`; never the canary itself. */
  get leaks(): string[] {
    return [...this.#leaks].map(([what, owners]) => `${what} (${owners.size})`);
  }
}
