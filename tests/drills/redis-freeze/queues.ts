/**
 * @module What waited inside the instances, as tell-queues.mjs says it in their logs.
 */

export interface Queued {
  /** Commands that one client of Redis had not had answered, when they were most. */
  readonly redis: number;
  /** Queries of one pool that waited for a connection to Postgres, when they were most. */
  readonly postgres: number;
}

/** @throws Error when no instance has told of its queues: nothing would be known of them. */
export function mostQueued(lines: readonly Record<string, unknown>[]): Queued {
  const told = lines.filter(({ msg }) => msg === 'queues');
  if (told.length === 0) throw new Error('no instance tells of its queues');
  return {
    redis: Math.max(...told.map((line) => Number(line['redis']))),
    postgres: Math.max(...told.map((line) => Number(line['postgres']))),
  };
}
