/**
 * What an attack came to. Pure.
 */

export class Tally {
  /** Connections, requests or cases. */
  count = 0;
  /** Answers by status; 0: the connection ended without one. */
  readonly statuses = new Map<number, number>();
  readonly #faults = new Map<string, number>();

  seen(status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
  }

  /** @param what happened; what was sent is not part of it. */
  fault(what: string): void {
    this.#faults.set(what, (this.#faults.get(what) ?? 0) + 1);
  }

  get faultCount(): number {
    return [...this.#faults.values()].reduce((sum, times) => sum + times, 0);
  }

  /** The first few kinds of them, with their numbers. */
  get words(): string {
    return [...this.#faults]
      .slice(0, 5)
      .map(([what, times]) => `${times} × ${what}`)
      .join('; ');
  }

  get byStatus(): string {
    return [...this.statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, times]) => `${status === 0 ? 'none' : status} × ${times}`)
      .join(', ');
  }
}

/** Work on all items, so many at once. Stops taking new ones when the signal says so. */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  stop: AbortSignal,
  work: (item: T, place: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !stop.aborted) {
      const place = next++;
      const item = items[place];
      if (item !== undefined) await work(item, place);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
