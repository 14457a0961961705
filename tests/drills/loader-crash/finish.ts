/**
 * @module The end of the drill: all verbs once more, as if nothing had happened.
 */
import type { Client } from 'pg';
import type { Undisturbed } from './kills.ts';
import { contentOf } from './left.ts';
import type { FaultTally } from './other-faults.ts';
import { done, referenceOf, SERIES, type Stage } from './stage.ts';

/** Load and correct again, warm and verify what they made, all against what they gave before the first kill. */
export async function finish(stage: Stage, monitor: Client, calm: Undisturbed): Promise<FaultTally> {
  const tally: FaultTally = { runs: 0, faults: [] };
  const { rows } = await monitor.query<{ open: number }>(
    `select (fangbang.act_in_force('${SERIES}', clock_timestamp())).batch as open`,
  );
  const verbs = [
    ['load', stage.file, calm.whole],
    ['correct', stage.correction, calm.corrections.get(rows[0]?.open ?? 0)],
  ] as const;
  for (const [verb, file, expected] of verbs) {
    const made = referenceOf(await done(stage.asLoader([verb, file, '--series', SERIES, '--json'])));
    if (made.checksum !== expected?.checksum) tally.faults.push(`${verb}: another checksum`);
    if ((await contentOf(monitor, made.number)) !== expected?.content)
      tally.faults.push(`${verb}: other slips`);
    // Verification fails the run by its exit code.
    await stage.makeReady(made, file);
    tally.runs += 1;
  }
  return tally;
}
