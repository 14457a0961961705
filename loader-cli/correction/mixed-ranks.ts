/**
 * The order of ranks in a corrected batch, where new rows stand among those carried over. A candidate who
 * moves up shifts everybody passed by one place, and an authority may correct the one rank without the
 * others: so ranks may be out of order by fewer places than there are corrected candidates, which is
 * counted, and not by more, which no correction explains. That every rank is also the right number is
 * not checked, here as in a load. One for each group of those who are ranked together (rank-order.ts).
 */
import type { Slip } from '#results/slip.ts';
import type { CorrectedLines } from './corrected-lines.ts';

interface Ranked {
  readonly rank: number;
  readonly candidateNumber: string;
}

export interface RankJudgement {
  /** Out of order by more than the corrections explain: in words, without marks. */
  readonly contradictions: readonly string[];
  /** Totals whose best rank is not behind all ranks of better totals. */
  readonly outOfOrder: number;
}

export class MixedRanks {
  readonly #lines: CorrectedLines;
  readonly #byTotal = new Map<number, { best: Ranked; worst: Ranked }>();

  constructor(lines: CorrectedLines) {
    this.#lines = lines;
  }

  add({ total, rank, candidateNumber }: Slip): void {
    if (total === undefined || rank === undefined) return;
    const known = this.#byTotal.get(total);
    if (known === undefined) {
      const here = { rank, candidateNumber };
      this.#byTotal.set(total, { best: here, worst: here });
      return;
    }
    // Of equals, the one that the correction brought is the one to look at.
    if (rank < known.best.rank || (rank === known.best.rank && this.#lines.has(candidateNumber)))
      known.best = { rank, candidateNumber };
    if (rank > known.worst.rank || (rank === known.worst.rank && this.#lines.has(candidateNumber)))
      known.worst = { rank, candidateNumber };
  }

  /** @param corrected candidates, those of earlier corrections that were carried over included. */
  judge(corrected: number): RankJudgement {
    const contradictions: string[] = [];
    let outOfOrder = 0;
    let above: Ranked | undefined;
    for (const [, { best, worst }] of [...this.#byTotal].sort(([a], [b]) => b - a)) {
      if (above !== undefined && best.rank <= above.rank) {
        outOfOrder += 1;
        if (above.rank - best.rank >= corrected) {
          contradictions.push(
            `${this.#lines.describe(above.candidateNumber)}: a better total and no better rank than ${this.#lines.describe(best.candidateNumber)}`,
          );
        }
      }
      if (above === undefined || worst.rank >= above.rank) above = worst;
    }
    return { contradictions, outOfOrder };
  }
}
