/**
 * The definitions that the publications refer to, each fetched and parsed once: a version never
 * changes.
 *
 * Failure policy: errors of Postgres go to the caller. A definition that does not parse is logged
 * loudly once and its series cannot be served; nothing else is touched by that.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import { parseDefinition } from '#results/definition.ts';
import { FangbangError } from '#results/errors.ts';
import type { Logger } from './observer.ts';
import type { PublicationSource } from './publication-source.ts';

export interface DefinitionRef {
  readonly series: string;
  /** undefined: the latest, for a series that was withdrawn and never announced. */
  readonly version: number | undefined;
}

export class DefinitionShelf {
  readonly #source: PublicationSource;
  readonly #log: Logger;
  #definitions = new Map<string, SeriesDefinition | undefined>();

  constructor(deps: { source: PublicationSource; log: Logger }) {
    this.#source = deps.source;
    this.#log = deps.log;
  }

  /** Fetches what is new and lets go of every other; errors of pg. */
  async keep(wanted: readonly DefinitionRef[]): Promise<void> {
    const kept = new Map<string, SeriesDefinition | undefined>();
    for (const ref of wanted) {
      const key = keyOf(ref);
      if (kept.has(key)) continue;
      kept.set(key, this.#definitions.has(key) ? this.#definitions.get(key) : await this.#read(ref));
    }
    this.#definitions = kept;
  }

  /** A definition that `keep` was told of; undefined when it cannot be used. */
  get(ref: DefinitionRef): SeriesDefinition | undefined {
    return this.#definitions.get(keyOf(ref));
  }

  async #read(ref: DefinitionRef): Promise<SeriesDefinition | undefined> {
    const name = `${ref.series} version ${ref.version ?? 'latest'}`;
    try {
      return parseDefinition(await this.#source.readDefinition(ref.series, ref.version), name);
    } catch (error) {
      if (!(error instanceof FangbangError)) throw error;
      this.#log.error(`a series cannot be served: ${error.message}`, {
        series: ref.series,
        fault: error.code,
        ...(ref.version === undefined ? {} : { version: ref.version }),
        hint: 'run a service that is at least as new as the loader that added the definition',
      });
      return undefined;
    }
  }
}

function keyOf(ref: DefinitionRef): string {
  return `${ref.series} ${ref.version ?? 'latest'}`;
}
