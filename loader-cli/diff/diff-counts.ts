/**
 * How two batches differ, in counts that show nobody's marks. Pure.
 */
import { table } from '../table.ts';
import type { Change, Direction } from './changes.ts';

export interface FieldCounts {
  readonly changed: number;
  readonly better: number;
  readonly worse: number;
  /** Neither can be said: another status, a mark where there was none. */
  readonly other: number;
}

export interface DiffResult {
  /** Candidates of the older batch that the newer has not. */
  readonly onlyInFrom: number;
  readonly onlyInTo: number;
  readonly changed: number;
  readonly identical: number;
  readonly fields: Readonly<Record<string, FieldCounts>>;
  /** "scored → withheld": candidates. */
  readonly statuses: Readonly<Record<string, number>>;
}

export class DiffCounts {
  onlyInFrom = 0;
  onlyInTo = 0;
  changed = 0;
  readonly #fields = new Map<string, Record<Direction, number>>();
  readonly #statuses = new Map<string, number>();

  /** One candidate who is in both, with at least one change. */
  add(changes: readonly Change[]): void {
    this.changed += 1;
    for (const { field, direction, from, to } of changes) {
      const counts = this.#fields.get(field) ?? { better: 0, worse: 0, other: 0 };
      counts[direction] += 1;
      this.#fields.set(field, counts);
      if (field === 'status') {
        const transition = `${from} → ${to}`;
        this.#statuses.set(transition, (this.#statuses.get(transition) ?? 0) + 1);
      }
    }
  }

  /** @param order the fields as the slip has them; @param candidates of the older batch. */
  finish(order: readonly string[], candidates: number): DiffResult {
    const fields = order.flatMap((field): [string, FieldCounts][] => {
      const counts = this.#fields.get(field);
      if (counts === undefined) return [];
      return [[field, { changed: counts.better + counts.worse + counts.other, ...counts }]];
    });
    return {
      onlyInFrom: this.onlyInFrom,
      onlyInTo: this.onlyInTo,
      changed: this.changed,
      identical: candidates - this.onlyInFrom - this.changed,
      fields: Object.fromEntries(fields),
      statuses: Object.fromEntries([...this.#statuses].sort(([a], [b]) => a.localeCompare(b))),
    };
  }
}

/** The counts for people. */
export function diffLines(result: DiffResult, from: number, to: number): string[] {
  const lines = [
    `from batch ${from} to batch ${to}: ${result.identical} identical, ${result.changed} changed, ${result.onlyInTo} only in batch ${to}, ${result.onlyInFrom} only in batch ${from}`,
  ];
  const fields = Object.entries(result.fields);
  if (fields.length > 0) {
    lines.push(
      ...table(
        ['field', 'changed', 'better', 'worse', 'other'],
        fields.map(([field, c]) => [field, ...[c.changed, c.better, c.worse, c.other].map(String)]),
      ).map((line) => `  ${line}`),
    );
  }
  for (const [transition, n] of Object.entries(result.statuses)) lines.push(`  status ${transition}: ${n}`);
  return lines;
}
