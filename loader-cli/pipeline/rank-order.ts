/**
 * Ranks are competition ranks (1, 1, 3): a better total has a better rank. Per total only the best
 * and the worst rank are kept, which is enough to see that they are not in order. Where candidates are ranked
 * by track (物理类, 历史类), each track has an order of its own.
 */
import type { SeriesDefinition } from '#results/definition.ts';
import type { Slip } from '#results/slip.ts';
import { NOT_TAKEN } from '#results/slip.ts';
import type { Place } from './late-rejects.ts';

/** Among whom a slip's rank is one, as a number: the grade of the definition's `rank.within`; all the same without it. */
export function rankGroups({ components, rank }: SeriesDefinition): (slip: Slip) => number {
  const place = components.findIndex((component) => component.code === rank?.within);
  return place < 0 ? () => 0 : ({ marks }) => marks[place] ?? NOT_TAKEN;
}

/** What is kept of each group, made when its first slip comes. */
export class ByGroup<T> {
  readonly #made = new Map<number, T>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  of(group: number): T {
    const known = this.#made.get(group);
    if (known !== undefined) return known;
    const made = this.#make();
    this.#made.set(group, made);
    return made;
  }

  all(): T[] {
    return [...this.#made.values()];
  }
}

interface Ranked {
  readonly rank: number;
  readonly place: Place;
}

/** Two rows of which the one with the better total does not have the better rank. */
export interface RankContradiction {
  readonly better: Place;
  readonly worse: Place;
}

/** So many are reported: one wrong rank can contradict every total. */
const MOST_REPORTED = 10;

export class RankOrder {
  readonly #byTotal = new Map<number, { best: Ranked; worst: Ranked }>();

  add(total: number, rank: number, file: number, line: number): void {
    const known = this.#byTotal.get(total);
    if (known !== undefined && rank >= known.best.rank && rank <= known.worst.rank) return;
    const here: Ranked = { rank, place: { file, line } };
    if (known === undefined) this.#byTotal.set(total, { best: here, worst: here });
    else if (rank < known.best.rank) known.best = here;
    else known.worst = here;
  }

  /** Pairs of neighbouring totals that are not in order, the best totals first. */
  contradictions(): RankContradiction[] {
    const found: RankContradiction[] = [];
    let above: Ranked | undefined;
    for (const [, { best, worst }] of [...this.#byTotal].sort(([a], [b]) => b - a)) {
      if (above !== undefined && best.rank <= above.rank)
        found.push({ better: above.place, worse: best.place });
      if (found.length === MOST_REPORTED) break;
      above = worst;
    }
    return found;
  }
}
