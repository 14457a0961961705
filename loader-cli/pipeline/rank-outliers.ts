/**
 * Which ranks are wrong, when ranks and totals contradict each other: a few, among many that agree. The
 * largest body of rows whose ranks follow their totals is taken for right, and whoever is not in every
 * such body is an outlier. Only used once a contradiction is known (rank-order.ts).
 *
 * It is the heaviest increasing subsequence of (total, rank), in O(n log n) by a Fenwick tree of maxima;
 * a row is in all of them when no other row of one covers its part of the weight.
 */
import type { Place } from './late-rejects.ts';

/** 18 bytes each: 72 MB. With more rows the contradiction is reported as it shows, between two lines. */
const MOST_ROWS = 4_000_000;

/** With a larger share nobody can say which are right. */
const MOST_OUTLIERS = 0.05;

export interface RankOutlier {
  readonly place: Place;
  /** A row that agrees with all others, and not with this one. */
  readonly contradicts: Place | undefined;
}

export class RankOutliers {
  #totals = new Float64Array(1024);
  #ranks = new Uint32Array(1024);
  #lines = new Uint32Array(1024);
  #files = new Uint16Array(1024);
  #rows = 0;

  add(total: number, rank: number, file: number, line: number): void {
    const at = this.#rows;
    this.#rows += 1;
    if (at >= MOST_ROWS) return;
    if (at === this.#ranks.length) this.#grow();
    this.#totals[at] = total;
    this.#ranks[at] = rank;
    this.#lines[at] = line;
    this.#files[at] = file;
  }

  /** Undefined when they cannot be told from the others: too many rows, or too many outliers. */
  find(): RankOutlier[] | undefined {
    if (this.#rows > MOST_ROWS) return undefined;
    const order = this.#inOrder();
    const pairs = this.#pairsOf(order);
    const isRight = agreeing(pairs);
    const wrong = pairs.filter((_, i) => !isRight[i]);
    const outliers = wrong.reduce((sum, pair) => sum + pair.weight, 0);
    if (outliers > this.#rows * MOST_OUTLIERS) return undefined;
    const right = pairs.filter((_, i) => isRight[i]);
    return wrong.flatMap((pair) => {
      const other = contradictedBy(right, pair);
      const contradicts = other === undefined ? undefined : this.#place(order[other.from] ?? 0);
      return Array.from({ length: pair.weight }, (_, i) => ({
        place: this.#place(order[pair.from + i] ?? 0),
        contradicts,
      }));
    });
  }

  #place(row: number): Place {
    return { file: this.#files[row] ?? 0, line: this.#lines[row] ?? 0 };
  }

  /** The rows by total, the best first, then by rank. */
  #inOrder(): Uint32Array {
    const [totals, ranks] = [this.#totals, this.#ranks];
    const order = Uint32Array.from({ length: this.#rows }, (_, i) => i);
    return order.sort(
      (a, b) => (totals[b] ?? 0) - (totals[a] ?? 0) || (ranks[a] ?? 0) - (ranks[b] ?? 0) || a - b,
    );
  }

  #pairsOf(order: Uint32Array): Pair[] {
    const pairs: Pair[] = [];
    let last: { total: number; rank: number; from: number; weight: number } | undefined;
    for (const [i, row] of order.entries()) {
      const [total, rank] = [this.#totals[row] ?? 0, this.#ranks[row] ?? 0];
      if (last?.total === total && last.rank === rank) last.weight += 1;
      else {
        last = { total, rank, from: i, weight: 1 };
        pairs.push(last);
      }
    }
    return pairs;
  }

  #grow(): void {
    const size = this.#ranks.length * 2;
    this.#totals = larger(new Float64Array(size), this.#totals);
    this.#ranks = larger(new Uint32Array(size), this.#ranks);
    this.#lines = larger(new Uint32Array(size), this.#lines);
    this.#files = larger(new Uint16Array(size), this.#files);
  }
}

/** Rows with one total and one rank: the row at `from` of the order and those after it. */
interface Pair {
  readonly total: number;
  readonly rank: number;
  readonly from: number;
  readonly weight: number;
}

/** Per pair, whether it is in every heaviest sequence. @param pairs the best total first, then by rank. */
function agreeing(pairs: readonly Pair[]): boolean[] {
  const forward = heaviestTo(pairs);
  // Seen from the other end: the worst total first, and the worst rank.
  const backward = heaviestTo(
    pairs.map((pair) => ({ ...pair, total: -pair.total, rank: -pair.rank })).toReversed(),
  ).toReversed();
  const heaviest = forward.reduce((most, weight) => Math.max(most, weight), 0);
  const isIn = pairs.map(({ weight }, i) => (forward[i] ?? 0) + (backward[i] ?? 0) - weight === heaviest);
  // In all of them exactly when no other covers a part of its stretch of the weight.
  const places = [...pairs.keys()]
    .filter((i) => isIn[i])
    .sort((a, b) => begin(a) - begin(b) || (forward[a] ?? 0) - (forward[b] ?? 0));
  function begin(i: number): number {
    return (forward[i] ?? 0) - (pairs[i]?.weight ?? 0);
  }
  const inAll = pairs.map(() => false);
  let covered = 0;
  for (const [at, i] of places.entries()) {
    const next = places[at + 1];
    const end = forward[i] ?? 0;
    inAll[i] = begin(i) >= covered && (next === undefined || begin(next) >= end);
    covered = Math.max(covered, end);
  }
  return inAll;
}

/** Per pair, the weight of the heaviest sequence that ends with it: ranks rise strictly from total to total. */
function heaviestTo(pairs: readonly Pair[]): number[] {
  const ranks = [...new Set(pairs.map(({ rank }) => rank))].sort((a, b) => a - b);
  const placeOf = new Map(ranks.map((rank, i) => [rank, i + 1]));
  // A Fenwick tree: tree[i] is the greatest of the places that i stands for.
  const tree = new Float64Array(ranks.length + 1);
  const greatestUpTo = (place: number): number => {
    let greatest = 0;
    for (let i = place; i > 0; i -= i & -i) greatest = Math.max(greatest, tree[i] ?? 0);
    return greatest;
  };
  const raise = (place: number, to: number): void => {
    for (let i = place; i < tree.length; i += i & -i) tree[i] = Math.max(tree[i] ?? 0, to);
  };
  const weights: number[] = [];
  for (let from = 0, to = 0; from < pairs.length; from = to) {
    // Of one total any ranks agree.
    let ofThisTotal = 0;
    for (; to < pairs.length && pairs[to]?.total === pairs[from]?.total; to += 1) {
      const { rank, weight } = pairs[to] as Pair;
      const before = Math.max(greatestUpTo((placeOf.get(rank) ?? 1) - 1), ofThisTotal);
      weights[to] = before + weight;
      ofThisTotal = Math.max(ofThisTotal, before + weight);
    }
    for (let i = from; i < to; i += 1) raise(placeOf.get(pairs[i]?.rank ?? 0) ?? 1, weights[i] ?? 0);
  }
  return weights;
}

/** The nearest pair, above or below in the order, that the wrong one contradicts. */
function contradictedBy(right: readonly Pair[], wrong: Pair): Pair | undefined {
  let low = 0;
  for (let high = right.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((right[middle]?.total ?? 0) > wrong.total) low = middle + 1;
    else high = middle;
  }
  const above = right[low - 1];
  if (above !== undefined && above.rank >= wrong.rank) return above;
  return right.slice(low, low + 50).find((pair) => pair.total < wrong.total && pair.rank <= wrong.rank);
}

function larger<T extends Float64Array | Uint32Array | Uint16Array>(made: T, old: T): T {
  made.set(old);
  return made;
}
