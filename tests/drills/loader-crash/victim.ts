/**
 * @module A verb of the CLI that is killed at its moment, and what it was doing then, as Postgres saw it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { CliOptions, CliResult } from '../../helpers/cli.ts';
import type { Kill } from './plan.ts';

export interface Killed {
  readonly result: CliResult;
  /** What it was doing; `ended` when the signal came too late. */
  readonly phase: string;
}

/** By the last statement of its session: the first pattern that fits, while it runs and when it is done. */
const PHASES: readonly (readonly [pattern: RegExp, active: string, idle: string])[] = [
  [/^copy fangbang\.slip_/, 'sending rows', 'sending rows'],
  [/^copy \(select digest/, 'writing to Redis', 'writing to Redis'],
  [/add_filter_chunk/, 'storing the filter', 'storing the filter'],
  [/^set local/, 'storing the filter', 'storing the filter'],
  [/seal_batch/, 'sealing', 'sealed, not committed'],
  [/^commit/, 'committing', 'committed'],
  [/record_check/, 'recording', 'recorded'],
  [/fangbang\.publish/, 'publishing', 'published, telling Redis'],
  [/^insert into fangbang\.slip_/, 'carrying over', 'carrying over'],
  [/^(?:declare|fetch|close)/, 'reading back', 'reading back'],
  [/slip_[0-9]+ n\b/, 'comparing with the corrected batch', 'comparing with the corrected batch'],
  [/^begin|open_batch/, 'opening the batch', 'opening the batch'],
];

interface Session {
  readonly query: string;
  readonly active: boolean;
}

function phaseOf(session: Session | undefined, wasThere: boolean): string {
  if (session === undefined) return wasThere ? 'after its last statement' : 'before its first statement';
  const found = PHASES.find(([pattern]) => pattern.test(session.query));
  if (found === undefined) return 'looking things up';
  return session.active ? found[1] : found[2];
}

async function sessionOf(monitor: Client): Promise<Session | undefined> {
  const { rows } = await monitor.query<Session>(
    `select query, state = 'active' as active from pg_stat_activity
     where datname = current_database() and application_name = 'fangbang' order by backend_start desc limit 1`,
  );
  return rows[0];
}

/**
 * Starts the verb and kills it.
 * @param run runs the verb with these options added.
 * @param wholeMs how long the verb takes when nobody kills it.
 */
export async function killAt(
  { moment, signal, runtime }: Kill,
  run: (options: CliOptions) => Promise<CliResult>,
  { monitor, wholeMs }: { readonly monitor: Client; readonly wholeMs: number },
): Promise<Killed> {
  let kill: () => boolean = () => false;
  let hasEnded = false;
  const startedAtMs = performance.now();
  const running = run({
    runtime,
    onStart: (child) => {
      kill = () => child.kill(signal);
    },
  }).finally(() => {
    hasEnded = true;
  });
  let session: Session | undefined;
  let wasThere = false;
  for (;;) {
    session = await sessionOf(monitor);
    wasThere ||= session !== undefined;
    if (hasEnded) break;
    if ('share' in moment) {
      const waitMs = startedAtMs + moment.share * wholeMs - performance.now();
      if (waitMs <= 0) break;
      await sleep(Math.min(waitMs, 20));
    } else if (session?.query.includes(moment.statement) === true) {
      await sleep(moment.afterMs);
      session = await sessionOf(monitor);
      break;
    } else await sleep(2);
  }
  const phase = hasEnded ? 'ended' : phaseOf(session, wasThere);
  kill();
  return { result: await running, phase };
}

/** Whether a verb that was killed ended as one does: by the signal, by our own word for it, or done before it came. */
export function endedAsKilled({ signal }: Kill, { exitCode }: CliResult): boolean {
  if (exitCode === null || exitCode === 0) return true;
  return signal !== 'SIGKILL' && exitCode === (signal === 'SIGINT' ? 130 : 143);
}
