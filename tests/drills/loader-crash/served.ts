/**
 * @module What the service answers, held against the two files: every answer is one candidate's of one whole batch.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../loader-cli/sample/random.ts';
import type { Stage } from './stage.ts';
import { SERIES } from './stage.ts';

/** Instances follow an act within about a second; a machine that others keep busy takes longer. */
const FOLLOWS_WITHIN_MS = 15_000;
const PROBES = 12;

interface Probe {
  readonly candidateNumber: string;
  readonly identityNumber: string;
  /** By the cells of the file: total and rank. */
  readonly total: number;
  readonly rank: number;
  /** Withheld by the correction. */
  readonly isCorrected: boolean;
}

export interface Served {
  readonly answers: number;
  /** Answers that are no whole batch's, in words and without a mark. */
  readonly wrong: readonly string[];
  /** Of the last round; undefined when its answers name several batches. */
  readonly batch: number | undefined;
}

/** Candidates with a mark, half of them among those that the correction withholds. */
export function chooseProbes({ rows }: Stage, random: Random): Probe[] {
  const probes: Probe[] = [];
  for (let tries = 0; probes.length < PROBES && tries < 10_000; tries += 1) {
    const { cells, isCorrected } = random.pick(rows);
    const [candidateNumber = '', , identityNumber = ''] = cells;
    const [total = '', rank = '', status = ''] = cells.slice(-3);
    if (total === '' || rank === '' || status !== '' || isCorrected !== probes.length % 2 > 0) continue;
    probes.push({ candidateNumber, identityNumber, total: Number(total), rank: Number(rank), isCorrected });
  }
  return probes;
}

/** Asks until the service serves the batch in force, and judges every answer on the way. */
export async function ask(stage: Stage, probes: readonly Probe[], inForce: number): Promise<Served> {
  const wrong: string[] = [];
  let answers = 0;
  const deadline = performance.now() + FOLLOWS_WITHIN_MS;
  for (;;) {
    const numbers = await Promise.all(
      probes.map(async (probe) => {
        const { candidateNumber, identityNumber } = probe;
        const { status, json } = await stage.service.lookup(SERIES, { candidateNumber, identityNumber });
        answers += 1;
        // Just after an act an instance may ask to wait until it has polled.
        if (status === 503) return undefined;
        const batch = (json['batch'] as { number?: number } | undefined)?.number ?? 0;
        const fault = status === 200 ? faultOf(stage, probe, batch, json) : `status ${status}`;
        if (fault !== undefined) wrong.push(`candidate ${candidateNumber}, batch ${batch}: ${fault}`);
        return batch;
      }),
    );
    const batch = numbers.every((number) => number === numbers[0]) ? numbers[0] : undefined;
    if (batch === inForce || performance.now() > deadline) return { answers, wrong, batch };
    await sleep(100);
  }
}

function faultOf(
  { whole, corrected }: Stage,
  probe: Probe,
  batch: number,
  json: Record<string, unknown>,
): string | undefined {
  if (batch !== whole.number && batch !== corrected.number) return 'of a batch that was never opened';
  const isWithheld = batch === corrected.number && probe.isCorrected;
  const found = {
    number: (json['candidate'] as { number?: unknown }).number,
    status: (json['status'] as { code?: unknown }).code,
    total: (json['total'] as { score?: unknown } | undefined)?.score,
    rank: json['rank'],
  };
  const expected = {
    number: probe.candidateNumber,
    status: isWithheld ? 'withheld' : 'scored',
    total: isWithheld ? undefined : probe.total,
    rank: isWithheld ? undefined : probe.rank,
  };
  const fields = (['number', 'status', 'total', 'rank'] as const).filter(
    (name) => found[name] !== expected[name],
  );
  return fields.length === 0 ? undefined : `another ${fields.join(', ')} than in that batch`;
}
