/** What happens next: a binary heap by time. */
export class TimeLine<T> {
  readonly #heap: { atMs: number; item: T }[] = [];

  add(atMs: number, item: T): void {
    const heap = this.#heap;
    let at = heap.push({ atMs, item }) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#time(parent) <= atMs) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** When the next thing happens; infinite when nothing is left. */
  get nextAtMs(): number {
    return this.#time(0);
  }

  take(): { atMs: number; item: T } | undefined {
    const heap = this.#heap;
    if (heap.length > 1) this.#swap(0, heap.length - 1);
    const first = heap.pop();
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return first;
      const least = left + 1 < heap.length && this.#time(left + 1) < this.#time(left) ? left + 1 : left;
      if (this.#time(at) <= this.#time(least)) return first;
      this.#swap(at, least);
      at = least;
    }
  }

  #time(index: number): number {
    return this.#heap[index]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
